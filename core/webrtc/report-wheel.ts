// One timer for the reports of all viewers, which take turns within a second.
import type { Clock, Timer } from '../base/clock.ts';

const TICK_MS = 100;
const SLOTS = 10;

/** Whoever has something to do once a second. */
export interface Reporter {
  tick(): void;
}

/** Calls each member once a second; members spread over ten slots, so that they do not all fall into one. */
export class ReportWheel {
  readonly #clock: Clock;
  readonly #slots: readonly Set<Reporter>[] = Array.from({ length: SLOTS }, () => new Set());
  #timer: Timer | undefined;
  #tickCount = 0;
  #nextSlot = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#timer ??= this.#clock.every(TICK_MS, () => this.#turn());
  }

  add(member: Reporter): void {
    this.#slots[this.#nextSlot++ % SLOTS]?.add(member);
  }

  /** Idempotent. */
  remove(member: Reporter): void {
    for (const slot of this.#slots) slot.delete(member);
  }

  /** Idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** A Set may lose members while it is walked. */
  #turn(): void {
    const slot = this.#slots[this.#tickCount++ % SLOTS];
    if (slot) for (const member of slot) member.tick();
  }
}
