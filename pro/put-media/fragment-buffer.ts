// Fragments that the service has not confirmed yet, in order: those sent on the open connection, then those that wait.
import type { MediaFragment } from './media-fragment.ts';

/** A fragment on its way. */
export interface BufferedFragment {
  readonly fragment: MediaFragment;
  /** Monotonic milliseconds. */
  readonly arrivedMs: number;
  /** Timestamp of the cluster on the connection that it was sent on last. */
  wireTimecodeMs: number | undefined;
  /** Monotonic milliseconds of the last sending. */
  sentMs: number;
  /** The service said that it received it, on any connection. */
  isReceived: boolean;
  /** How often the service refused it for a reason that may pass. */
  refusals: number;
}

/** How much may wait. */
export interface FragmentBufferOptions {
  /** Sum of the durations. */
  readonly maxDurationMs: number;
  readonly maxBytes: number;
}

/** The newest fragment always stays, however large it is. */
export class FragmentBuffer {
  readonly #options: FragmentBufferOptions;
  readonly #entries: BufferedFragment[] = [];
  /** The first entries are sent, the others wait. */
  #sentCount = 0;
  #durationMs = 0;
  #sizeBytes = 0;

  constructor(options: FragmentBufferOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#entries.length;
  }

  get sentCount(): number {
    return this.#sentCount;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get oldest(): BufferedFragment | undefined {
    return this.#entries[0];
  }

  /** The next one to send. */
  get next(): BufferedFragment | undefined {
    return this.#entries[this.#sentCount];
  }

  /** Adds a fragment; returns how many old ones had to go for it. */
  push(fragment: MediaFragment, nowMs: number): number {
    this.#entries.push({
      ...{ fragment, arrivedMs: nowMs, wireTimecodeMs: undefined, sentMs: 0 },
      ...{ isReceived: false, refusals: 0 },
    });
    this.#durationMs += fragment.durationMs;
    this.#sizeBytes += fragment.sizeBytes;
    let dropped = 0;
    while (this.#isFull && this.#entries.length > 1) {
      this.#remove(0, 1);
      dropped++;
    }
    return dropped;
  }

  /** The fragment that is `next` goes out now. */
  markSent(wireTimecodeMs: number, nowMs: number): void {
    const entry = this.next;
    if (!entry) return;
    entry.wireTimecodeMs = wireTimecodeMs;
    entry.sentMs = nowMs;
    this.#sentCount++;
  }

  /** The sent fragment with a timecode: that of its cluster, or else its own. */
  findSent(timecodeMs: number): BufferedFragment | undefined {
    const index = this.#indexOfSent(timecodeMs);
    return index < 0 ? undefined : this.#entries[index];
  }

  /**
   * The service has this fragment, and so those that were sent before it: it takes them in order.
   * Returns how many are done with.
   */
  confirm(timecodeMs: number): number {
    const count = this.#indexOfSent(timecodeMs) + 1;
    this.#remove(0, count);
    return count;
  }

  /** Done with all that was received, stored or not; returns how many. */
  confirmReceived(): number {
    const count = this.#entries.findLastIndex(({ isReceived }) => isReceived) + 1;
    this.#remove(0, count);
    return count;
  }

  /** Gives a fragment up. */
  drop(entry: BufferedFragment): boolean {
    const index = this.#entries.indexOf(entry);
    if (index < 0) return false;
    this.#remove(index, 1);
    return true;
  }

  /** Everything is to be sent again, on another connection; returns how many had been sent. */
  rewind(): number {
    const count = this.#sentCount;
    for (const entry of this.#entries) entry.wireTimecodeMs = undefined;
    this.#sentCount = 0;
    return count;
  }

  get #isFull(): boolean {
    const { maxDurationMs, maxBytes } = this.#options;
    return this.#durationMs > maxDurationMs || this.#sizeBytes > maxBytes;
  }

  #indexOfSent(timecodeMs: number): number {
    const sent = this.#entries.slice(0, this.#sentCount);
    const index = sent.findIndex((entry) => entry.wireTimecodeMs === timecodeMs);
    if (index >= 0) return index;
    return sent.findIndex(({ fragment }) => fragment.timecodeMs === timecodeMs);
  }

  #remove(index: number, count: number): void {
    for (const { fragment } of this.#entries.splice(index, count)) {
      this.#durationMs -= fragment.durationMs;
      this.#sizeBytes -= fragment.sizeBytes;
    }
    const sentRemoved = Math.max(0, Math.min(this.#sentCount - index, count));
    this.#sentCount -= sentRemoved;
  }
}
