// Frames on their way to a channel: in order, no faster than the service takes them, kept while it is away.
import type { Clock, Timer } from '../../../core/base/clock.ts';
import type { KvsOutgoing } from './kvs-messages.ts';

interface QueuedFrame {
  readonly isCandidate: boolean;
  readonly text: string;
}

const MAX_WAITING = 64;
/** Of the service: so many in a second of each kind. */
const MAX_DESCRIPTIONS = 5;
const MAX_CANDIDATES = 20;
/** A second, and what the network may shorten it by. */
const WINDOW_MS = 1100;

/** One queue for one client of a channel, over all its connections. */
export class KvsSendQueue {
  readonly #clock: Clock;
  /** False when nothing can be sent now. */
  readonly #write: (text: string) => boolean;
  readonly #frames: QueuedFrame[] = [];
  /** When the newest were sent; monotonic. */
  readonly #descriptions: number[] = [];
  readonly #candidates: number[] = [];
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(clock: Clock, write: (text: string) => boolean) {
    this.#clock = clock;
    this.#write = write;
  }

  push(action: KvsOutgoing['action'], text: string): void {
    if (this.#isClosed) return;
    // The newest matter most: an old offer is followed by another.
    if (this.#frames.length >= MAX_WAITING) this.#frames.shift();
    this.#frames.push({ isCandidate: action === 'ICE_CANDIDATE', text });
    this.flush();
  }

  /** Sends what may be sent; the owner calls it when there is a connection again. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (let frame = this.#frames[0]; frame; frame = this.#frames[0]) {
      const nowMs = this.#clock.monotonicMs();
      const sentAt = frame.isCandidate ? this.#candidates : this.#descriptions;
      const limit = frame.isCandidate ? MAX_CANDIDATES : MAX_DESCRIPTIONS;
      const waitMs = (sentAt.at(-limit) ?? Number.NEGATIVE_INFINITY) + WINDOW_MS - nowMs;
      if (waitMs > 0) {
        this.#timer = this.#clock.after(waitMs, () => this.flush());
        return;
      }
      if (!this.#write(frame.text)) return;
      this.#frames.shift();
      sentAt.push(nowMs);
      if (sentAt.length > limit) sentAt.shift();
    }
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#frames.length = 0;
  }
}
