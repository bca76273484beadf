// Finds the one fan-out of each stream.
import type { Clock } from '../base/clock.ts';
import type { Stream } from '../stream/stream.ts';
import { TcpFanout } from './tcp-fanout.ts';

/** Fan-outs by stream; one disappears with its stream. */
export class FanoutRegistry {
  readonly #clock: Clock;
  readonly #fanouts = new WeakMap<Stream, TcpFanout>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(stream: Stream): TcpFanout {
    const known = this.#fanouts.get(stream);
    if (known) return known;
    const created = new TcpFanout(stream, this.#clock);
    this.#fanouts.set(stream, created);
    return created;
  }
}
