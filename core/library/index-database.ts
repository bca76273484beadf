// The database file of the index: opened, checked, and replaced when it is damaged or gone.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { IndexOperation, IndexOperations } from './index-query.ts';
import { migrate } from './index-schema.ts';
import { RecordingStore } from './recording-store.ts';

/** `replaced`: a damaged file was put aside. Whoever gets another answer than `opened` reconciles. */
export type IndexOrigin = 'opened' | 'created' | 'replaced';

/** Settings of an IndexDatabase. */
export interface IndexDatabaseOptions {
  /** Wait for another process that is about to end; milliseconds. */
  readonly busyTimeoutMs?: number;
  /** Called when the file was lost or damaged while it was open, and an empty one took its place. */
  readonly onReset?: (reason: string) => void;
}

const SQLITE_BUSY = 5;
/** SQLITE_CORRUPT and SQLITE_NOTADB: what is in the file can't be used. */
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);
const DEFAULT_BUSY_TIMEOUT_MS = 3000;

/**
 * An open index file. One process has it at a time: a second server on the same recordings would
 * repair files that the first one writes.
 */
export class IndexDatabase {
  readonly origin: IndexOrigin;
  readonly #file: string;
  readonly #options: IndexDatabaseOptions;
  #database: DatabaseSync;
  #store: RecordingStore;

  /** @throws MediaError unavailable `index-in-use` or `index-unavailable`. */
  constructor(file: string, options: IndexDatabaseOptions = {}) {
    this.#file = file;
    this.#options = options;
    const isNew = !existsSync(file);
    const { database, isReplaced } = this.#openOrReplace();
    this.origin = isReplaced ? 'replaced' : isNew ? 'created' : 'opened';
    this.#database = database;
    this.#store = new RecordingStore(database);
  }

  /** Runs an operation; on a damaged or missing file once more on an empty one. @throws MediaError. */
  run<K extends IndexOperation>(
    operation: K,
    input: IndexOperations[K]['input'],
  ): IndexOperations[K]['output'] {
    if (!existsSync(this.#file)) this.#reset('the file is gone');
    try {
      return this.#store.run(operation, input);
    } catch (thrown) {
      if (!isDamage(thrown)) throw indexFailure(operation, thrown);
      this.#reset(toMediaError(thrown).message);
    }
    try {
      return this.#store.run(operation, input);
    } catch (thrown) {
      throw indexFailure(operation, thrown);
    }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #reset(reason: string): void {
    this.#closeDamaged();
    this.#putAside('damaged');
    const { database } = this.#openOrReplace();
    this.#database = database;
    this.#store = new RecordingStore(database);
    this.#options.onReset?.(reason);
  }

  #openOrReplace(): { readonly database: DatabaseSync; readonly isReplaced: boolean } {
    try {
      return { database: this.#open(), isReplaced: false };
    } catch (thrown) {
      const isTooNew = thrown instanceof MediaError && thrown.code === 'index-too-new';
      if (!isTooNew && !isDamage(thrown)) throw openFailure(this.#file, thrown);
      this.#putAside(isTooNew ? 'newer' : 'damaged');
    }
    try {
      return { database: this.#open(), isReplaced: true };
    } catch (thrown) {
      throw openFailure(this.#file, thrown);
    }
  }

  #open(): DatabaseSync {
    mkdirSync(dirname(this.#file), { recursive: true });
    const timeout = this.#options.busyTimeoutMs ?? DEFAULT_BUSY_TIMEOUT_MS;
    const database = new DatabaseSync(this.#file, { timeout });
    try {
      // NORMAL loses the last changes when the machine fails, never when the process does; the
      // files tell them again.
      database.exec(
        'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;' +
          'BEGIN IMMEDIATE; COMMIT;',
      );
      const verdict = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
      if (verdict !== 'ok') throw new DamagedIndex(String(verdict));
      migrate(database);
      return database;
    } catch (thrown) {
      database.close();
      throw thrown;
    }
  }

  /** Closing writes the log back, which a damaged file may refuse. */
  #closeDamaged(): void {
    try {
      this.close();
    } catch (thrown) {
      if (!isDamage(thrown)) throw openFailure(this.#file, thrown);
    }
  }

  /** One damaged file is kept for whoever wants to look into it. */
  #putAside(suffix: string): void {
    if (existsSync(this.#file)) renameSync(this.#file, `${this.#file}.${suffix}`);
    for (const companion of ['-wal', '-shm']) rmSync(this.#file + companion, { force: true });
  }
}

/** What quick_check found; never leaves this file. */
class DamagedIndex extends MediaError {
  constructor(verdict: string) {
    super('internal', 'index-damaged', `recording index is damaged: ${verdict}`);
  }
}

function isDamage(thrown: unknown): boolean {
  const code = sqliteCodeOf(thrown);
  return thrown instanceof DamagedIndex || (code !== undefined && DAMAGED.has(code & 0xff));
}

function sqliteCodeOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return undefined;
  return typeof thrown.errcode === 'number' ? thrown.errcode : undefined;
}

function openFailure(file: string, thrown: unknown): MediaError {
  if ((sqliteCodeOf(thrown) ?? 0) % 256 === SQLITE_BUSY) {
    const text = `another process uses the recording index ${file}; is the server running already?`;
    return new MediaError('unavailable', 'index-in-use', text, { cause: thrown });
  }
  const text = `recording index ${file} can't be opened: ${toMediaError(thrown).message}`;
  return new MediaError('unavailable', 'index-unavailable', text, { cause: thrown });
}

function indexFailure(operation: string, thrown: unknown): MediaError {
  if (thrown instanceof MediaError) return thrown;
  const text = `recording index: ${operation} failed: ${toMediaError(thrown).message}`;
  return new MediaError('unavailable', 'index-failed', text, { cause: thrown });
}
