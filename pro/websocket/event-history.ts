// The last events of the server as ready frames, numbered, so that clients can come back and miss nothing.
import { encodeTextFrame } from './text-frame.ts';

/** An event as it is sent. Frames are shared between clients and never changed. */
export interface HistoryEntry {
  /** 1, 2, 3... since the server started. */
  readonly number: number;
  readonly type: string;
  /** Path name, when the event belongs to one. */
  readonly name: string | undefined;
  /** For clients that did not ask for a cursor. */
  readonly plainFrame: Buffer;
  /** For clients that asked; the JSON object holds `cursor`. */
  readonly cursorFrame: Buffer;
}

/** What an event says, before it has a number. */
export interface HistoryDraft {
  readonly type: string;
  readonly name: string | undefined;
  /** Text of the frame for plain clients. */
  readonly plainText: string;
  /** Text for clients with a cursor. */
  readonly withCursor: (cursor: string) => string;
}

/** Bounds of the history. The newest event is kept whatever its size. */
export interface HistoryLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** Where a client that names a cursor goes on. */
export type ResumePoint =
  | { readonly type: 'known'; readonly number: number }
  | { readonly type: 'missed'; readonly reason: MissedReason; readonly number: number };

/**
 * Why events between the cursor and the next message are not known: they left the history, another
 * run of the server numbered them, or the number was never given out.
 */
export type MissedReason = 'tooOld' | 'restarted' | 'unknown';

const CURSOR = /^([0-9a-f]{8,32})-(\d{1,15})$/u;

/** A ring of entries; knows no client and no socket. */
export class EventHistory {
  readonly #epoch: string;
  readonly #limits: HistoryLimits;
  readonly #ring: (HistoryEntry | undefined)[];
  #oldest = 1;
  #newest = 0;
  #sizeBytes = 0;

  /** @param epoch Lower-case hexadecimal text that no other run of the server has. */
  constructor(epoch: string, limits: HistoryLimits) {
    this.#epoch = epoch;
    this.#limits = limits;
    this.#ring = new Array<HistoryEntry | undefined>(limits.maxEvents).fill(undefined);
  }

  /** Number of the oldest event that is kept; newest + 1 when there is none. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Number of the newest event; 0 before the first one. */
  get newest(): number {
    return this.#newest;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Text that stands for "everything up to `number` was received". */
  cursorOf(number: number): string {
    return `${this.#epoch}-${number}`;
  }

  append(draft: HistoryDraft): HistoryEntry {
    const number = this.#newest + 1;
    const entry: HistoryEntry = {
      number,
      type: draft.type,
      name: draft.name,
      plainFrame: encodeTextFrame(draft.plainText),
      cursorFrame: encodeTextFrame(draft.withCursor(this.cursorOf(number))),
    };
    const size = sizeOf(entry);
    this.#makeRoom(size);
    this.#ring[number % this.#ring.length] = entry;
    this.#newest = number;
    this.#sizeBytes += size;
    return entry;
  }

  /** The event of a number, or undefined when it is no longer or not yet there. */
  at(number: number): HistoryEntry | undefined {
    if (number < this.#oldest || number > this.#newest) return undefined;
    return this.#ring[number % this.#ring.length];
  }

  /** Where to go on after `cursor`; undefined when it is no cursor of this or any other run. */
  resume(cursor: string): ResumePoint | undefined {
    const match = CURSOR.exec(cursor);
    if (!match) return undefined;
    const number = Number(match[2]);
    const first = this.#oldest - 1;
    if (match[1] !== this.#epoch) return { type: 'missed', reason: 'restarted', number: first };
    if (number > this.#newest) return { type: 'missed', reason: 'unknown', number: this.#newest };
    if (number < first) return { type: 'missed', reason: 'tooOld', number: first };
    return { type: 'known', number };
  }

  #makeRoom(sizeBytes: number): void {
    const { maxBytes, maxEvents } = this.#limits;
    while (this.#oldest <= this.#newest) {
      const isFull = this.#newest - this.#oldest + 1 >= maxEvents;
      if (!isFull && this.#sizeBytes + sizeBytes <= maxBytes) return;
      const slot = this.#oldest % this.#ring.length;
      const dropped = this.#ring[slot];
      if (dropped) this.#sizeBytes -= sizeOf(dropped);
      this.#ring[slot] = undefined;
      this.#oldest++;
    }
  }
}

function sizeOf({ plainFrame, cursorFrame }: HistoryEntry): number {
  return plainFrame.length + cursorFrame.length;
}
