// Something that runs with settings and can be started again with others, e.g. a listener.
import type { Closable } from './lifetime.ts';
import { toMediaError } from './media-error.ts';

/** Builds and starts it; undefined when the settings turn it off. */
export type Open<S, T> = (settings: S) => Promise<T | undefined>;

/** Holds what runs now. Its changes happen one after another. */
export class Restartable<S, T extends Closable> implements Closable {
  readonly #open: Open<S, T>;
  #current: T | undefined;
  #settings: S | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(open: Open<S, T>) {
    this.#open = open;
  }

  /** What runs now; undefined while it is off. */
  get current(): T | undefined {
    return this.#current;
  }

  /** @throws MediaError of `open`. */
  start(settings: S): Promise<void> {
    return this.#enqueue(async () => {
      await this.#start(settings);
    });
  }

  /**
   * Closes what runs and starts it with other settings; when that fails, with the old ones again.
   * @throws MediaError of `open` with the new settings.
   */
  replace(settings: S): Promise<void> {
    return this.#enqueue(async () => {
      const old = this.#settings;
      const current = this.#current;
      this.#current = undefined;
      await current?.close();
      try {
        await this.#start(settings);
      } catch (thrown) {
        const error = toMediaError(thrown);
        if (old !== undefined) await this.#start(old);
        throw error;
      }
    });
  }

  /** Idempotent; nothing starts afterwards. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#enqueue(async () => {
      const current = this.#current;
      this.#current = undefined;
      await current?.close();
    });
  }

  async #start(settings: S): Promise<void> {
    if (this.#isClosed) return;
    this.#current = await this.#open(settings);
    this.#settings = settings;
  }

  #enqueue(action: () => Promise<void>): Promise<void> {
    const result = this.#queue.then(action);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}
