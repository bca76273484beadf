// A clock that tests turn by hand: timers run in due order, synchronously, inside advance().
import type { Clock, Timer } from '../../core/base/clock.ts';

interface PendingTimer {
  dueMs: number;
  readonly sequence: number;
  readonly periodMs: number | undefined;
  readonly action: () => void;
}

/** Implements Clock; wall time and monotonic time move together and only by advance(). */
export class FakeClock implements Clock {
  readonly #startedAt: number;
  readonly #timers = new Set<PendingTimer>();
  #elapsedMs = 0;
  #sequence = 0;

  constructor(startedAt = Date.UTC(2026, 0, 1)) {
    this.#startedAt = startedAt;
  }

  /** Number of timers that are waiting; zero after everything was closed. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  nowMs(): number {
    return this.#startedAt + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, action: () => void): Timer {
    return this.#add(delayMs, undefined, action);
  }

  every(periodMs: number, action: () => void): Timer {
    return this.#add(periodMs, Math.max(1, periodMs), action);
  }

  /** Moves time forward and runs every timer that comes due, also those started on the way. */
  advance(ms: number): void {
    const endMs = this.#elapsedMs + ms;
    for (let timer = this.#nextDue(endMs); timer !== undefined; timer = this.#nextDue(endMs)) {
      this.#elapsedMs = Math.max(this.#elapsedMs, timer.dueMs);
      if (timer.periodMs === undefined) this.#timers.delete(timer);
      else timer.dueMs += timer.periodMs;
      timer.action();
    }
    this.#elapsedMs = endMs;
  }

  #add(delayMs: number, periodMs: number | undefined, action: () => void): Timer {
    const dueMs = this.#elapsedMs + Math.max(0, delayMs);
    const timer: PendingTimer = { dueMs, sequence: this.#sequence++, periodMs, action };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  #nextDue(endMs: number): PendingTimer | undefined {
    let next: PendingTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > endMs) continue;
      const isEarlier =
        next === undefined ||
        timer.dueMs < next.dueMs ||
        (timer.dueMs === next.dueMs && timer.sequence < next.sequence);
      if (isEarlier) next = timer;
    }
    return next;
  }
}
