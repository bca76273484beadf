// Notices when the configuration file has changed: renamed over, linked elsewhere, or written in place.
import { watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Timer } from '../base/clock.ts';

/** Tells of changes in a folder until the returned function is called. @throws when it can't. */
export type WatchFolder = (
  folder: string,
  events: { readonly onEvent: () => void; readonly onError: () => void },
) => () => void;

/** What the watcher works with. */
export interface ConfigWatcherComponents {
  readonly clock: Clock;
  /** Default: that of the system. */
  readonly watchFolder?: WatchFolder;
  /** The file has changed, or is missing. Must not reject. */
  readonly onChange: () => Promise<void>;
}

/** Times of the watcher, all in milliseconds. */
export interface ConfigWatcherOptions {
  readonly filePath: string;
  /** From the first event to the look at the file. */
  readonly debounceMs?: number;
  /** How long a file that is written in place must stay the same before it counts as complete. */
  readonly settleMs?: number;
  /** How long a missing file may be on its way. */
  readonly missingMs?: number;
  /** Period of the looks that need no event: network folders and links into others tell none. */
  readonly pollMs?: number;
}

interface Look {
  /** Which file it is. */
  readonly identity: string;
  /** Which state of it. */
  readonly state: string;
}

const MISSING: Look = { identity: '', state: '' };

/** Watches one file. Nothing runs before `start()`. */
export class ConfigWatcher {
  readonly #components: ConfigWatcherComponents;
  readonly #options: Required<ConfigWatcherOptions>;
  #seen: Look | undefined;
  /** The state that must last for a while, and since when it does. */
  #candidate: { readonly look: Look; readonly sinceMs: number } | undefined;
  #folderIdentity = '';
  #endWatch: (() => void) | undefined;
  #poll: Timer | undefined;
  #next: Timer | undefined;
  #looking: Promise<void> | undefined;
  #isClosed = false;

  constructor(components: ConfigWatcherComponents, options: ConfigWatcherOptions) {
    this.#components = components;
    this.#options = { debounceMs: 20, settleMs: 200, missingMs: 2000, pollMs: 2000, ...options };
  }

  /** Remembers the present state of the file and begins to watch. */
  async start(): Promise<void> {
    this.#seen = await lookAt(this.#options.filePath);
    await this.#watch();
    if (this.#isClosed) return;
    this.#poll = this.#components.clock.every(this.#options.pollMs, () => void this.#pollNow());
    // What changed between the two steps above told no event.
    this.#schedule(this.#options.debounceMs);
  }

  /** Looks at the file now and waits for what comes of it. */
  check(): Promise<void> {
    this.#looking ??= this.#compare().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  /** Leaves no timer and no handle; waits for a change that is being handled. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#poll?.cancel();
    this.#next?.cancel();
    this.#endWatch?.();
    this.#endWatch = undefined;
    await this.#looking;
  }

  /** Events that come while a look is due add nothing, so a busy folder costs little. */
  #schedule(delayMs: number): void {
    if (this.#next || this.#isClosed) return;
    this.#next = this.#components.clock.after(delayMs, () => {
      this.#next = undefined;
      // What a look that goes on has seen already may be older than the event.
      void (this.#looking ?? Promise.resolve()).then(() => this.check());
    });
  }

  async #pollNow(): Promise<void> {
    await this.#watch();
    await this.check();
  }

  async #compare(): Promise<void> {
    const { filePath, settleMs, missingMs } = this.#options;
    const look = await lookAt(filePath);
    if (this.#isClosed) return;
    if (look.state === this.#seen?.state) {
      this.#candidate = undefined;
      return;
    }
    // A file that took the name of another is complete; one written in place or away may not be.
    const isWhole = look !== MISSING && look.identity !== this.#seen?.identity;
    const waitMs = look === MISSING ? missingMs : isWhole ? 0 : settleMs;
    const nowMs = this.#components.clock.monotonicMs();
    if (this.#candidate?.look.state !== look.state) this.#candidate = { look, sinceMs: nowMs };
    const leftMs = this.#candidate.sinceMs + waitMs - nowMs;
    if (leftMs > 0) {
      this.#next?.cancel();
      this.#next = undefined;
      this.#schedule(leftMs);
      return;
    }
    this.#seen = look;
    this.#candidate = undefined;
    await this.#components.onChange();
  }

  /** Opens the watch again when the folder is another one than before. */
  async #watch(): Promise<void> {
    const folder = dirname(this.#options.filePath);
    const { identity } = await lookAt(folder);
    if (this.#isClosed || (this.#endWatch && identity === this.#folderIdentity)) return;
    this.#endWatch?.();
    this.#endWatch = undefined;
    this.#folderIdentity = identity;
    const watchFolder = this.#components.watchFolder ?? watchSystemFolder;
    try {
      this.#endWatch = watchFolder(folder, {
        onEvent: () => this.#schedule(this.#options.debounceMs),
        onError: () => {
          this.#endWatch?.();
          this.#endWatch = undefined;
        },
      });
    } catch {
      // No folder, or no more watches in the system: the periodic look goes on.
    }
  }
}

async function lookAt(filePath: string): Promise<Look> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(filePath, { bigint: true });
    const identity = `${dev}:${ino}`;
    return { identity, state: `${identity}:${size}:${mtimeNs}:${ctimeNs}` };
  } catch {
    return MISSING;
  }
}

const watchSystemFolder: WatchFolder = (folder, { onEvent, onError }) => {
  const watcher = watch(folder, { persistent: false }, onEvent);
  watcher.on('error', onError);
  return () => watcher.close();
};
