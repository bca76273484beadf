// Writes acknowledgements into the open answer of PutMedia, as unpleasantly as a test wants.
import type { ServerResponse } from 'node:http';
import type { PutMediaFault } from './put-media-fault.ts';
import { TOO_SHORT_CODE } from './put-media-fault.ts';

export interface AckWriterOptions {
  /** Between two objects: a newline, or nothing. */
  readonly separator: string;
  /** Whether each object comes in two chunks. */
  readonly splitsObjects: boolean;
}

/** What an acknowledgement is about. */
export interface AckSubject {
  readonly timecodeMs: number | undefined;
  readonly number: string | undefined;
}

type EventType = 'BUFFERING' | 'RECEIVED' | 'PERSISTED' | 'ERROR' | 'IDLE';

/** One connection's acknowledgements. */
export class AckWriter {
  /** No more acknowledgements are written; the connection stays. */
  isSilent = false;
  readonly #response: ServerResponse;
  readonly #options: AckWriterOptions;
  readonly #diary: Readonly<Record<string, unknown>>[];
  readonly #pieces: string[] = [];
  #isPumping = false;
  #isEnding = false;

  /** `diary` takes a copy of everything written. */
  constructor(
    response: ServerResponse,
    options: AckWriterOptions,
    diary: Readonly<Record<string, unknown>>[],
  ) {
    this.#response = response;
    this.#options = options;
    this.#diary = diary;
  }

  /** False when the client cannot be told. */
  write(type: EventType, subject: AckSubject, fault?: PutMediaFault): boolean {
    if (this.isSilent || !this.#response.writable) return false;
    const ack = {
      EventType: type,
      ...(subject.timecodeMs === undefined ? {} : { FragmentTimecode: subject.timecodeMs }),
      ...(subject.number === undefined ? {} : { FragmentNumber: subject.number }),
      ...(fault === undefined ? {} : errorOf(fault)),
    };
    this.#diary.push(ack);
    this.writeText(`${JSON.stringify(ack)}${this.#options.separator}`);
    return true;
  }

  /** Writes anything, e.g. junk. */
  writeText(text: string): void {
    const middle = this.#options.splitsObjects ? Math.floor(text.length / 2) : 0;
    if (middle > 0) this.#pieces.push(text.slice(0, middle));
    this.#pieces.push(text.slice(middle));
    this.#pump();
  }

  /** Ends the answer after everything that was written. */
  end(): void {
    this.#isEnding = true;
    this.#pump();
  }

  /** Halves of an object leave in turns of their own, so that a client reads them apart. */
  #pump(): void {
    if (this.#isPumping) return;
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      if (this.#response.writable) this.#response.write(piece);
      if (this.#options.splitsObjects) {
        this.#isPumping = true;
        setImmediate(() => {
          this.#isPumping = false;
          this.#pump();
        });
      } else this.#pump();
    } else if (this.#isEnding) this.#response.end();
  }
}

function errorOf({ errorId, code }: PutMediaFault): Readonly<Record<string, unknown>> {
  return code === TOO_SHORT_CODE ? { ErrorCode: code } : { ErrorId: errorId, ErrorCode: code };
}
