// How many messages each viewer may send: a bucket per viewer that fills with time.
import type { Clock } from '../../../core/base/clock.ts';

/** Rate and burst, in messages. */
export interface FacadeBudgetOptions {
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
}

interface Bucket {
  left: number;
  atMs: number;
}

/** Viewers that are remembered; beyond it the one that was seen first starts anew. */
const MAX_VIEWERS = 2000;

/** Counts messages by who sent them. */
export class FacadeBudget {
  readonly #clock: Clock;
  readonly #options: FacadeBudgetOptions;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock, options: FacadeBudgetOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Whether one more message of this viewer is let through. */
  take(viewer: string): boolean {
    const { messagesPerSecond, messageBurst } = this.#options;
    const nowMs = this.#clock.monotonicMs();
    const bucket = this.#buckets.get(viewer) ?? this.#open(viewer, nowMs);
    const gained = ((nowMs - bucket.atMs) * messagesPerSecond) / 1000;
    bucket.left = Math.min(messageBurst, bucket.left + gained);
    bucket.atMs = nowMs;
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }

  #open(viewer: string, nowMs: number): Bucket {
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size >= MAX_VIEWERS && oldest !== undefined) this.#buckets.delete(oldest);
    const bucket = { left: this.#options.messageBurst, atMs: nowMs };
    this.#buckets.set(viewer, bucket);
    return bucket;
  }
}
