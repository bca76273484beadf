// Lets tests wait for what a double comes to hold.

/** How long is waited, and what is said when that was in vain. */
export interface ChangeWait {
  readonly timeoutMs: number;
  /** For the error text. */
  readonly describe: () => string;
}

/** Those who wait for something. */
export class ChangeWaiters {
  readonly #looks = new Set<() => void>();

  /** Resolves when `find` finds something; looked at now and after each change. @throws Error after the time-out. */
  waitFor<T>(find: () => T | undefined, { timeoutMs, describe }: ChangeWait): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        clearTimeout(timer);
        this.#looks.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#looks.delete(look);
        reject(new Error(describe()));
      }, timeoutMs);
      this.#looks.add(look);
      look();
    });
  }

  /** To be called after each change. */
  changed(): void {
    for (const look of [...this.#looks]) look();
  }
}
