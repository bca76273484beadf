// The last scores in a row: their sum decides whether to record.

/** A sliding window over consecutive checks. */
export class ScoreWindow {
  readonly #checks: number;
  #scores: number[] = [];

  /** `checks` is how many scores are added up. */
  constructor(checks: number) {
    this.#checks = checks;
  }

  get scores(): readonly number[] {
    return this.#scores;
  }

  get sum(): number {
    return this.#scores.reduce((sum, score) => sum + score, 0);
  }

  push(score: number): void {
    this.#scores = [...this.#scores, score].slice(-this.#checks);
  }

  /** A check failed, or a new beginning. */
  clear(): void {
    this.#scores = [];
  }

  /** Whether the window is full and its sum above the threshold. */
  isOver(threshold: number): boolean {
    return this.#scores.length === this.#checks && this.sum > threshold;
  }
}
