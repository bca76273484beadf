// Warnings about what others send: the first ones of each period stand in the log, the rest as a number.
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

/** What it works with. */
export interface BoundedLogComponents {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/** How much is written. */
export interface BoundedLogOptions {
  /** Default 10 s. */
  readonly periodMs?: number;
  /** In each period. Default 5. */
  readonly maxLines?: number;
}

const PERIOD_MS = 10_000;
const MAX_LINES = 5;

/** Keeps a peer that never stops from filling a disk. */
export class BoundedLog {
  readonly #components: BoundedLogComponents;
  readonly #periodMs: number;
  readonly #maxLines: number;
  #beganMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #leftOut = 0;

  constructor(components: BoundedLogComponents, options: BoundedLogOptions = {}) {
    this.#components = components;
    this.#periodMs = options.periodMs ?? PERIOD_MS;
    this.#maxLines = options.maxLines ?? MAX_LINES;
  }

  warn(message: string): void {
    const { clock, logger } = this.#components;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#beganMs >= this.#periodMs) {
      this.#beganMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines >= this.#maxLines) {
      this.#leftOut++;
      return;
    }
    this.#lines++;
    const before = this.#leftOut === 0 ? '' : ` (${this.#leftOut} others were left out before)`;
    this.#leftOut = 0;
    logger.warn(message + before);
  }
}
