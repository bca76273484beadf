// One operation at a time on a file: whoever comes second sees what the first one did.
import type { RecordingFile } from './recording.ts';

/** Locks by file name; nothing is kept for files that nobody works on. */
export class FileLocks {
  readonly #tails = new Map<string, Promise<void>>();

  /** Files that somebody works on or waits for. */
  get size(): number {
    return this.#tails.size;
  }

  /** Runs `action` when nobody else works on any of the files. */
  run<T>(files: readonly RecordingFile[], action: () => Promise<T>): Promise<T> {
    const keys = [...new Set(files.map(({ root, file }) => `${root}\0${file}`))];
    // Taking all places at once, before anything is awaited, leaves no room for a deadlock.
    const earlier = keys.flatMap((key) => this.#tails.get(key) ?? []);
    const result = Promise.all(earlier).then(action);
    const settled: Promise<void> = result.then(
      () => this.#release(keys, settled),
      () => this.#release(keys, settled),
    );
    for (const key of keys) this.#tails.set(key, settled);
    return result;
  }

  #release(keys: readonly string[], settled: Promise<void>): void {
    for (const key of keys) if (this.#tails.get(key) === settled) this.#tails.delete(key);
  }
}
