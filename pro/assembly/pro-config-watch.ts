// config.yml while the server runs: nothing of it is applied before the next start, and that is said.
import { basename, dirname } from 'node:path';
import type { Clock } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { toMediaError } from '../../core/base/media-error.ts';
import { ConfigWatcher } from '../../core/config/config-watcher.ts';
import { changedKeys } from '../config/changed-keys.ts';
import type { ProConfig } from '../config/pro-config.ts';

/** What the watch works with. */
export interface ProConfigWatchComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The configuration that the server runs with. */
  readonly running: ProConfig;
  /** Reads the file as the next start would. @throws MediaError. */
  readonly load: (filePath: string) => ProConfig;
}

/** How the file differs from what runs. */
export interface ProConfigStatus {
  /** Top-level keys that count from the next start. */
  readonly restartNeeded: readonly string[];
  /** Why the next start would fail, without the folder of the file; undefined when it would not. */
  readonly error: string | undefined;
}

/** Without a file there is nothing to watch. Nothing runs before `start()`. */
export class ProConfigWatch {
  readonly #components: ProConfigWatchComponents;
  readonly #watcher: ConfigWatcher | undefined;
  #status: ProConfigStatus = { restartNeeded: [], error: undefined };

  constructor(components: ProConfigWatchComponents) {
    this.#components = components;
    const { clock, running } = components;
    const { filePath } = running;
    if (filePath === undefined) return;
    const onChange = (): Promise<void> => {
      this.check();
      return Promise.resolve();
    };
    this.#watcher = new ConfigWatcher({ clock, onChange }, { filePath });
  }

  /** For the API. */
  get status(): ProConfigStatus {
    return this.#status;
  }

  /** Watches from now on, and tells what happened since the file was loaded. */
  async start(): Promise<void> {
    await this.#watcher?.start();
    this.check();
  }

  /** Compares the file with what runs; tells what was not told yet. */
  check(): void {
    const { filePath } = this.#components.running;
    if (filePath === undefined) return;
    const before = this.#status;
    this.#status = this.#read(filePath);
    this.#tell(basename(filePath), before);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#watcher?.close();
  }

  #read(filePath: string): ProConfigStatus {
    const { load, running } = this.#components;
    try {
      return { restartNeeded: changedKeys(running, load(filePath)), error: undefined };
    } catch (thrown) {
      const { message } = toMediaError(thrown);
      return { restartNeeded: [], error: message.replaceAll(`${dirname(filePath)}/`, '') };
    }
  }

  #tell(file: string, before: ProConfigStatus): void {
    const { logger } = this.#components;
    const { restartNeeded, error } = this.#status;
    if (error !== undefined) {
      if (error === before.error) return;
      const what = `${file} has changed and can't be used: the server goes on as it was started`;
      logger.error(`${what}, but would not start again: ${error}`);
      return;
    }
    const keys = restartNeeded.join(', ');
    if (keys !== '' && (keys !== before.restartNeeded.join(', ') || before.error !== undefined)) {
      const what = `${file} has changed: restart the server to put it into effect`;
      logger.warn(`${what}; until then the former values count for: ${keys}`);
    }
    const wasTold = before.error !== undefined || before.restartNeeded.length > 0;
    if (keys === '' && wasTold) logger.info(`${file} is again what the server was started with`);
  }
}
