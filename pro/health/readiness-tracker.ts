// When a row of check results makes a path ready or not ready: pure state, no clock and no timer.

/** Against states that flap. */
export interface DampeningOptions {
  /** So many changes within the window make a path flapping; 0 turns this off. */
  readonly changes: number;
  readonly windowMs: number;
  /** Time without a change after which a flapping path is told as it is. */
  readonly quietMs: number;
}

/** Rules of a tracker. */
export interface ReadinessRules {
  /** Failures in a row that make a path not ready. */
  readonly failures: number;
  readonly dampening: DampeningOptions;
}

/** `failing`: ready, but the last checks failed. `flapping`: told as not ready until it is quiet. */
export type ReadinessState = 'unknown' | 'ready' | 'failing' | 'notReady' | 'flapping';

/**
 * Ready turns to not ready after `failures` failed checks in a row, and back with the first good
 * one. A path that changes so `dampening.changes` times within the window is told as not ready
 * until it has not changed for `quietMs`.
 */
export class ReadinessTracker {
  readonly #rules: ReadinessRules;
  #hasChecked = false;
  #failureCount = 0;
  /** What the checks say, without dampening. A path is taken as ready until they say otherwise. */
  #isUp = true;
  #isFlapping = false;
  #toldReady = true;
  /** Monotonic ms of the last changes, at most `dampening.changes`. */
  #changesMs: number[] = [];

  constructor(rules: ReadinessRules) {
    this.#rules = rules;
  }

  get failureCount(): number {
    return this.#failureCount;
  }

  /** What was told last; true before the first check. */
  get isReady(): boolean {
    return this.#toldReady;
  }

  get state(): ReadinessState {
    if (this.#isFlapping) return 'flapping';
    if (!this.#isUp) return 'notReady';
    if (this.#failureCount > 0) return 'failing';
    return this.#hasChecked ? 'ready' : 'unknown';
  }

  /** Takes the result of a check; returns what is to be told now, if anything. */
  record(isHealthy: boolean, nowMs: number): 'pathReady' | 'pathNotReady' | undefined {
    this.#hasChecked = true;
    this.#failureCount = isHealthy ? 0 : this.#failureCount + 1;
    const isUp = isHealthy || (this.#isUp && this.#failureCount < this.#rules.failures);
    if (isUp !== this.#isUp) this.#change(isUp, nowMs);
    else this.#settle(nowMs);
    const isReady = this.#isUp && !this.#isFlapping;
    if (isReady === this.#toldReady) return undefined;
    this.#toldReady = isReady;
    return isReady ? 'pathReady' : 'pathNotReady';
  }

  #change(isUp: boolean, nowMs: number): void {
    this.#isUp = isUp;
    const { changes, windowMs } = this.#rules.dampening;
    if (changes === 0) return;
    const recent = this.#changesMs.filter((atMs) => nowMs - atMs < windowMs);
    this.#changesMs = [...recent, nowMs].slice(-changes);
    if (this.#changesMs.length >= changes) this.#isFlapping = true;
  }

  #settle(nowMs: number): void {
    const lastMs = this.#changesMs.at(-1) ?? -Infinity;
    if (!this.#isFlapping || nowMs - lastMs < this.#rules.dampening.quietMs) return;
    this.#isFlapping = false;
    this.#changesMs = [];
  }
}
