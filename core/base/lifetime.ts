// Owns what was opened and closes it in reverse order, collecting every failure.

/** Anything with an idempotent asynchronous close. */
export interface Closable {
  close(): Promise<void> | void;
}

/**
 * A list of opened resources. `close()` closes them last-opened-first, keeps going when one fails
 * and throws an AggregateError at the end. Idempotent: a second close waits for the first.
 */
export class Lifetime implements AsyncDisposable {
  readonly #closers: (() => Promise<void> | void)[] = [];
  #closing: Promise<void> | undefined;

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Registers a resource and returns it. */
  own<T extends Closable>(resource: T): T {
    this.defer(() => resource.close());
    return resource;
  }

  /** Registers an action to run at close. */
  defer(closer: () => Promise<void> | void): void {
    this.#closers.push(closer);
  }

  /** @throws AggregateError when one or more resources failed to close. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeAll(): Promise<void> {
    const failures: unknown[] = [];
    for (let closer = this.#closers.pop(); closer !== undefined; closer = this.#closers.pop()) {
      try {
        await closer();
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'closing failed');
  }
}
