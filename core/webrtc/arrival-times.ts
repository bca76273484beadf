// When packets of one publisher arrived: by the clock, or by their send time where the process stood still.
import type { LoopWatch } from './loop-watch.ts';

/** Absolute send time is 24 bits, 6 of them whole seconds (draft-alvestrand-rmcat-remb-03 section 2.2.1). */
const TICKS_PER_MS = 2 ** 18 / 1000;
const HALF_WRAP = 0x800000;

/**
 * Packets that came while the event loop stood still are read in one batch. To a sender's rate control
 * that looks like a queue in the network, and it slows down. Those packets get the time at which they
 * would have been read: their send time plus the transit time of the last packet before the stall.
 */
export class ArrivalTimes {
  readonly #loop: Pick<LoopWatch, 'observe' | 'stallStartMs' | 'stallEndMs'>;
  #lastTicks = -1;
  /** Send time, ms from an arbitrary zero. */
  #sentMs = 0;
  #transitMs = Number.NaN;

  constructor(loop: Pick<LoopWatch, 'observe' | 'stallStartMs' | 'stallEndMs'>) {
    this.#loop = loop;
  }

  /** Arrival (monotonic ms) of a packet that is read at `nowMs`, sent at `sendTicks` (24 bits). */
  arrivalOf(nowMs: number, sendTicks: number): number {
    this.#loop.observe(nowMs);
    this.#advance(sendTicks);
    const expectedMs = this.#sentMs + this.#transitMs;
    const { stallStartMs, stallEndMs } = this.#loop;
    // False for NaN, before the first packet.
    if (expectedMs >= stallStartMs && expectedMs < stallEndMs) return expectedMs;
    this.#transitMs = nowMs - this.#sentMs;
    return nowMs;
  }

  /** Follows the 24 bits over their wrap, each 64 s, in the nearer direction. */
  #advance(sendTicks: number): void {
    if (this.#lastTicks >= 0) {
      const step = ((sendTicks - this.#lastTicks + HALF_WRAP) & 0xffffff) - HALF_WRAP;
      this.#sentMs += step / TICKS_PER_MS;
    }
    this.#lastTicks = sendTicks;
  }
}
