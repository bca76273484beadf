// The end of streams inside a living association, which is how a data channel is closed
// (RFC 6525; RFC 8831 section 6.7).
import { readUint16, readUint32, writeUint16, writeUint32 } from '../../base/bytes.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import {
  parseSctpParameters,
  sctpParameterType,
  tsnAfter,
  tsnDistance,
  writeSctpParameters,
  type SctpParameter,
} from './sctp-packet.ts';

/** What a reset works with. */
export interface SctpStreamResetParts {
  /** Sends the value of a RE-CONFIG chunk. */
  readonly send: (value: Uint8Array) => void;
  /** Number of the newest chunk sent: the peer waits for it before it ends the stream. */
  readonly lastTsn: () => number;
  /** The peer does not answer. */
  readonly onFailed: () => void;
}

const REQUEST_BYTES = 12;
const RETRY_MS = 1000;
const MAX_RETRIES = 8;
const MAX_STREAMS = 64;
/** RFC 6525 section 4.4. */
const RESULT_NOTHING = 0;
const RESULT_PERFORMED = 1;
const RESULT_DENIED = 2;
const RESULT_IN_PROGRESS = 6;

/** One request at a time, sent again until it is answered. */
export class SctpStreamReset {
  readonly #clock: Clock;
  readonly #parts: SctpStreamResetParts;
  readonly #waiting = new Set<number>();
  #nextRequest: number;
  #nextOfPeer: number | undefined;
  #lastResult = RESULT_NOTHING;
  #request: Uint8Array | undefined;
  #timer: Timer | undefined;
  #retries = 0;

  constructor(clock: Clock, initialTsn: number, parts: SctpStreamResetParts) {
    this.#clock = clock;
    this.#nextRequest = initialTsn;
    this.#parts = parts;
  }

  /** Requests of the peer are numbered from its first transmission number on. */
  begin(peerInitialTsn: number): void {
    this.#nextOfPeer = peerInitialTsn;
  }

  /** Asks the peer to take the end of a stream of ours. */
  request(streamId: number): void {
    if (this.#waiting.size >= MAX_STREAMS) return;
    this.#waiting.add(streamId);
    this.#sendNext();
  }

  /** Result for a request of the peer, and whether it is a new one. */
  judge(sequence: number): { readonly result: number; readonly isNew: boolean } {
    if (this.#nextOfPeer === undefined) return { result: RESULT_DENIED, isNew: false };
    const distance = tsnDistance(this.#nextOfPeer, sequence);
    // The answer to the last one was lost.
    if (distance === -1) return { result: this.#lastResult, isNew: false };
    if (distance !== 0) return { result: RESULT_DENIED, isNew: false };
    this.#nextOfPeer = tsnAfter(sequence, 1);
    this.#lastResult = RESULT_PERFORMED;
    return { result: RESULT_PERFORMED, isNew: true };
  }

  /** The peer answered the request with this number. */
  answered(sequence: number, result: number): void {
    if (!this.#request || sequence !== tsnAfter(this.#nextRequest, -1)) return;
    // The peer still waits for data; the timer asks again.
    if (result === RESULT_IN_PROGRESS) return;
    this.#timer?.cancel();
    this.#request = undefined;
    this.#sendNext();
  }

  /** Idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#request = undefined;
    this.#waiting.clear();
  }

  #sendNext(): void {
    if (this.#request || this.#waiting.size === 0) return;
    const streams = [...this.#waiting];
    this.#waiting.clear();
    const value = new Uint8Array(REQUEST_BYTES + streams.length * 2);
    writeUint32(value, 0, this.#nextRequest);
    writeUint32(value, 4, tsnAfter(this.#nextOfPeer ?? 0, -1));
    writeUint32(value, 8, this.#parts.lastTsn());
    streams.forEach((streamId, index) => writeUint16(value, REQUEST_BYTES + index * 2, streamId));
    this.#nextRequest = tsnAfter(this.#nextRequest, 1);
    this.#request = writeSctpParameters([{ type: sctpParameterType.outgoingReset, value }]);
    this.#retries = 0;
    this.#sendRequest();
  }

  #sendRequest(): void {
    if (!this.#request) return;
    this.#timer = this.#clock.after(RETRY_MS, () => {
      this.#retries++;
      if (this.#retries > MAX_RETRIES) this.#parts.onFailed();
      else this.#sendRequest();
    });
    this.#parts.send(this.#request);
  }
}

/** What a RE-CONFIG chunk of the peer asks: the answer to send, and the streams that ended. */
export function readStreamReset(
  value: Uint8Array,
  reset: SctpStreamReset,
): { readonly answers: Uint8Array | undefined; readonly streams: readonly number[] } {
  const answers: SctpParameter[] = [];
  const streams: number[] = [];
  for (const { type, value: body } of parseSctpParameters(value)) {
    if (type === sctpParameterType.outgoingReset && body.length >= REQUEST_BYTES) {
      const { result, isNew } = reset.judge(readUint32(body, 0));
      const answer = new Uint8Array(8);
      writeUint32(answer, 0, readUint32(body, 0));
      writeUint32(answer, 4, result);
      answers.push({ type: sctpParameterType.reconfigResponse, value: answer });
      if (isNew) streams.push(...readStreams(body));
    } else if (type === sctpParameterType.reconfigResponse && body.length >= 8) {
      reset.answered(readUint32(body, 0), readUint32(body, 4));
    }
  }
  return { answers: answers.length > 0 ? writeSctpParameters(answers) : undefined, streams };
}

/** Number of the last chunk that the peer sent before it asked; undefined when it asks nothing. */
export function lastTsnBeforeReset(value: Uint8Array): number | undefined {
  const request = parseSctpParameters(value).find(
    ({ type, value: body }) =>
      type === sctpParameterType.outgoingReset && body.length >= REQUEST_BYTES,
  );
  return request && readUint32(request.value, 8);
}

function readStreams(body: Uint8Array): number[] {
  const streams: number[] = [];
  for (let offset = REQUEST_BYTES; offset + 2 <= body.length; offset += 2) {
    if (streams.length < MAX_STREAMS) streams.push(readUint16(body, offset));
  }
  return streams;
}
