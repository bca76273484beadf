// Whether the server does all it was configured to do: what `/ready` answers.

/** State of the configuration on disk against the one in use. */
export interface ReloadState {
  /** Whether the newest configuration is in use. */
  readonly isCurrent: boolean;
  /** Date ms of the last configuration that was put to use. */
  readonly lastSuccessAt: number;
  readonly successes: number;
  readonly failures: number;
}

/** Steps of the start that are still missing. */
export class Readiness {
  readonly #missing = new Set<string>();
  #isStopping = false;

  /** Names something that has to happen first, e.g. `RTSP listener`. */
  expect(name: string): void {
    this.#missing.add(name);
  }

  /** It happened. */
  fulfill(name: string): void {
    this.#missing.delete(name);
  }

  /** The server ends: nobody should be sent here any more. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Why the server is not ready; empty when it is. */
  get reasons(): readonly string[] {
    const missing = [...this.#missing].map((name) => `${name} is not open yet`);
    return this.#isStopping ? ['the server is stopping', ...missing] : missing;
  }
}
