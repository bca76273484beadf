// Delivery for plain clients: a short queue in front of the socket, and what does not fit is skipped.
import type { Clock } from '../../core/base/clock.ts';
import { passes, type EventFilter } from './client-request.ts';
import type { Delivery, FrameSink } from './delivery.ts';
import type { HistoryEntry } from './event-history.ts';

/** What it works with. */
export interface QueueDeliveryComponents {
  readonly sink: FrameSink;
  readonly clock: Clock;
  readonly filter: EventFilter;
}

/** Bounds of the queue; a frame that alone exceeds the bytes still fits into an empty queue. */
export interface QueueLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/** Drop rule: the newest event is skipped while the queue is full. */
export class QueueDelivery implements Delivery {
  readonly #components: QueueDeliveryComponents;
  readonly #limits: QueueLimits;
  readonly #ring: (Buffer | undefined)[];
  #head = 0;
  #count = 0;
  #sizeBytes = 0;
  #skipped = 0;
  #overflowSinceMs: number | undefined;

  constructor(components: QueueDeliveryComponents, limits: QueueLimits) {
    this.#components = components;
    this.#limits = limits;
    this.#ring = new Array<Buffer | undefined>(limits.maxMessages).fill(undefined);
  }

  get skipped(): number {
    return this.#skipped;
  }

  get overflowSinceMs(): number | undefined {
    return this.#overflowSinceMs;
  }

  deliver(fresh: readonly HistoryEntry[]): void {
    const { sink, filter } = this.#components;
    for (const entry of fresh) {
      if (!passes(filter, entry)) continue;
      if (this.#count === 0 && !sink.isBlocked) sink.write(entry.plainFrame);
      else this.#push(entry.plainFrame);
    }
  }

  resume(): void {
    const { sink } = this.#components;
    while (this.#count > 0 && !sink.isBlocked) sink.write(this.#shift());
    // Half empty, not one place free: a client that takes a message now and then is still too slow.
    if (this.#count <= this.#limits.maxMessages / 2) this.#overflowSinceMs = undefined;
  }

  #push(frame: Buffer): void {
    const { maxMessages, maxBytes } = this.#limits;
    const isTooLarge = this.#count > 0 && this.#sizeBytes + frame.length > maxBytes;
    if (this.#count >= maxMessages || isTooLarge) {
      this.#skipped++;
      this.#overflowSinceMs ??= this.#components.clock.monotonicMs();
      return;
    }
    this.#ring[(this.#head + this.#count) % this.#ring.length] = frame;
    this.#count++;
    this.#sizeBytes += frame.length;
  }

  #shift(): Buffer {
    const frame = this.#ring[this.#head] ?? Buffer.alloc(0);
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#ring.length;
    this.#count--;
    this.#sizeBytes -= frame.length;
    return frame;
  }
}
