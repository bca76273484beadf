// Delivery for clients with a cursor: a position in the history, so that nothing is skipped in silence.
import type { Clock } from '../../core/base/clock.ts';
import { passes, type EventFilter } from './client-request.ts';
import type { Delivery, FrameSink } from './delivery.ts';
import type { EventHistory, MissedReason } from './event-history.ts';
import { encodeTextFrame } from './text-frame.ts';

/** What it works with. */
export interface CursorDeliveryComponents {
  readonly sink: FrameSink;
  readonly clock: Clock;
  readonly history: EventHistory;
  readonly filter: EventFilter;
}

/**
 * Drop rule: a client that is so slow that the history moves past its position is told how many
 * events it missed, and goes on with the oldest that is kept.
 */
export class CursorDelivery implements Delivery {
  readonly #components: CursorDeliveryComponents;
  /** Number of the last event that was written or did not pass the filter. */
  #position: number;
  /** Number in the last cursor that the client was sent. */
  #toldPosition: number;
  #skipped = 0;
  #overflowSinceMs: number | undefined;

  /** @param position Number of the last event the client knows. */
  constructor(components: CursorDeliveryComponents, position: number) {
    this.#components = components;
    this.#position = position;
    this.#toldPosition = position;
  }

  get skipped(): number {
    return this.#skipped;
  }

  get overflowSinceMs(): number | undefined {
    return this.#overflowSinceMs;
  }

  /** First message of the connection: the position it starts from, and whether something is lost. */
  greet(missed?: MissedReason): void {
    this.#send({ type: 'hello', cursor: this.#components.history.cursorOf(this.#position) });
    if (missed !== undefined) this.#tellMissed(missed);
  }

  deliver(): void {
    this.resume();
    const { history, clock } = this.#components;
    if (this.#position + 1 < history.oldest) this.#overflowSinceMs ??= clock.monotonicMs();
  }

  resume(): void {
    const { sink, history, filter } = this.#components;
    while (!sink.isBlocked && this.#position < history.newest) {
      this.#catchUp();
      const entry = history.at(++this.#position);
      if (entry === undefined || !passes(filter, entry)) continue;
      sink.write(entry.cursorFrame);
      this.#toldPosition = this.#position;
    }
  }

  /** A client whose filter lets nothing through would else hold on to a cursor that gets too old. */
  refreshCursor(): void {
    if (this.#components.sink.isBlocked || this.#position === this.#toldPosition) return;
    this.#toldPosition = this.#position;
    this.#send({ type: 'cursor', cursor: this.#components.history.cursorOf(this.#position) });
  }

  #catchUp(): void {
    const { oldest } = this.#components.history;
    const count = oldest - 1 - this.#position;
    this.#overflowSinceMs = undefined;
    if (count <= 0) return;
    this.#skipped += count;
    this.#position = oldest - 1;
    this.#tellMissed('tooOld', count);
  }

  #tellMissed(reason: MissedReason, count?: number): void {
    const cursor = this.#components.history.cursorOf(this.#position);
    this.#send({ type: 'missed', reason, ...(count === undefined ? {} : { count }), cursor });
  }

  #send(message: Readonly<Record<string, unknown>>): void {
    const time = new Date(this.#components.clock.nowMs()).toISOString();
    this.#components.sink.write(encodeTextFrame(JSON.stringify({ ...message, time })));
  }
}
