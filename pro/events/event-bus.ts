// Hands events to everybody who subscribed, in order; one broken subscriber stops nobody.
import type { Logger } from '../../core/base/logger.ts';
import { toMediaError } from '../../core/base/media-error.ts';
import type { ProEvent } from './pro-event.ts';

/** Takes an event; synchronous and quick, longer work belongs into a later turn. */
export type EventSubscriber = (event: ProEvent) => void;

/** The bus of the Pro layer. Delivery is synchronous; events published by a subscriber follow after the current one. */
export class EventBus {
  readonly #logger: Logger;
  readonly #subscribers = new Set<EventSubscriber>();
  readonly #queue: ProEvent[] = [];
  #isDelivering = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Returns what ends the subscription. */
  subscribe(subscriber: EventSubscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  }

  publish(event: ProEvent): void {
    this.#queue.push(event);
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#deliver(next);
    } finally {
      this.#isDelivering = false;
    }
  }

  #deliver(event: ProEvent): void {
    for (const subscriber of [...this.#subscribers]) {
      try {
        subscriber(event);
      } catch (thrown) {
        this.#logger.error(`event ${event.type}: ${toMediaError(thrown).message}`);
      }
    }
  }
}
