// The body of somebody else's answer as a stream that ends when it is too large, too slow or too long.
import { Transform, type TransformCallback } from 'node:stream';
import type { Clock, Timer } from '../base/clock.ts';
import { MediaError } from '../base/media-error.ts';

/** Bounds of a body. */
export interface BodyLimits {
  readonly maxBytes: number;
  /** Longest pause of the sender; pauses that the reader makes do not count. */
  readonly idleMs: number;
  /** For the whole body, against senders that drip. */
  readonly durationMs: number;
}

/** Passes bytes on and counts them; an exceeded bound destroys it with a MediaError. */
export class BoundedBody extends Transform {
  readonly #clock: Clock;
  readonly #limits: BodyLimits;
  readonly #timers: readonly Timer[];
  readonly #place: string;
  #lastMs: number;
  #sizeBytes = 0;

  /** @param place Whose body it is, for error texts. */
  constructor(clock: Clock, limits: BodyLimits, place: string) {
    super();
    this.#clock = clock;
    this.#limits = limits;
    this.#place = place;
    this.#lastMs = clock.monotonicMs();
    const period = Math.max(1, Math.ceil(limits.idleMs / 4));
    this.#timers = [
      clock.after(limits.durationMs, () => this.#stop(limits.durationMs)),
      clock.every(period, () => this.#checkIdle()),
    ];
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#lastMs = this.#clock.monotonicMs();
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes <= this.#limits.maxBytes) done(null, chunk);
    else done(responseTooLarge(this.#limits.maxBytes, this.#place));
  }

  override _destroy(failure: Error | null, done: (failure?: Error | null) => void): void {
    for (const timer of this.#timers) timer.cancel();
    done(failure);
  }

  #checkIdle(): void {
    const nowMs = this.#clock.monotonicMs();
    // What waits here was sent; its reader is the slow one.
    if (this.readableLength > 0 || this.writableLength > 0) this.#lastMs = nowMs;
    else if (nowMs - this.#lastMs >= this.#limits.idleMs) this.#stop(this.#limits.idleMs);
  }

  #stop(timeMs: number): void {
    this.destroy(outgoingTimeout(timeMs, this.#place));
  }
}

/** More bytes than the caller takes. */
export function responseTooLarge(maxBytes: number, place: string): MediaError {
  const message = `the answer is larger than ${maxBytes} bytes; ${place}`;
  return new MediaError('unavailable', 'response-too-large', message);
}

/** Somebody we asked does not answer in time. */
export function outgoingTimeout(timeMs: number, place: string): MediaError {
  const message = `no complete answer within ${timeMs} ms; ${place}`;
  return new MediaError('deadline-exceeded', 'outgoing-timeout', message);
}
