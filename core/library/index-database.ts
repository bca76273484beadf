// The database file of the index: opened, checked, and replaced when it is damaged or gone.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { IndexOperation, IndexOperations } from './index-query.ts';
import { migrate } from './index-schema.ts';
import { RecordingStore } from './recording-store.ts';

/**
 * `replaced`: a damaged file was put aside. `inMemory`: the disk has no room for a file, and nothing
 * is kept until it has. Whoever gets another answer than `opened` reconciles.
 */
export type IndexOrigin = 'opened' | 'created' | 'replaced' | 'inMemory';

/** Settings of an IndexDatabase. */
export interface IndexDatabaseOptions {
  /** Wait for another process that is about to end; milliseconds. */
  readonly busyTimeoutMs?: number;
  /** Called when the file was lost or damaged while it was open, and an empty one took its place. */
  readonly onReset?: (reason: string) => void;
  /** Opens a database file; `node:sqlite` by default. */
  readonly openFile?: (file: string) => DatabaseSync;
  /** Time between two looks for room on a full disk; 30 s by default. */
  readonly roomRetryMs?: number;
}

const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
const DEFAULT_ROOM_RETRY_MS = 30_000;
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
  /** Monotonic ms of the last try to open the file; undefined while it is open. */
  #triedMs: number | undefined;

  /** @throws MediaError unavailable `index-in-use` or `index-unavailable`. */
  constructor(file: string, options: IndexDatabaseOptions = {}) {
    this.#file = file;
    this.#options = options;
    const isNew = !existsSync(file);
    const { database, isReplaced } = this.#openOrReplace();
    const fromFile = isReplaced ? 'replaced' : isNew ? 'created' : 'opened';
    this.origin = this.#triedMs === undefined ? fromFile : 'inMemory';
    this.#database = database;
    this.#store = new RecordingStore(database);
  }

  /** Runs an operation; on a damaged or missing file once more on an empty one. @throws MediaError. */
  run<K extends IndexOperation>(
    operation: K,
    input: IndexOperations[K]['input'],
  ): IndexOperations[K]['output'] {
    if (this.#triedMs !== undefined) this.#leaveMemory(this.#triedMs);
    else if (!existsSync(this.#file)) this.#reset('the file is gone');
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

  /** What the memory knows is read from the files again, so nothing is copied. */
  #leaveMemory(triedMs: number): void {
    const { roomRetryMs = DEFAULT_ROOM_RETRY_MS } = this.#options;
    if (performance.now() - triedMs < roomRetryMs) return;
    const inMemory = this.#database;
    try {
      this.#database = this.#open();
    } catch {
      // Still full, or something that the next start deals with.
      this.#triedMs = performance.now();
      return;
    }
    this.#triedMs = undefined;
    this.#store = new RecordingStore(this.#database);
    inMemory.close();
    this.#options.onReset?.('the disk was full');
  }

  #openOrReplace(): { readonly database: DatabaseSync; readonly isReplaced: boolean } {
    try {
      return { database: this.#open(), isReplaced: false };
    } catch (thrown) {
      if (isFull(thrown)) return { database: this.#openInMemory(), isReplaced: false };
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
    const { openFile = (file: string): DatabaseSync => new DatabaseSync(file, { timeout }) } =
      this.#options;
    const database = openFile(this.#file);
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

  #openInMemory(): DatabaseSync {
    this.#triedMs = performance.now();
    const database = new DatabaseSync(':memory:');
    migrate(database);
    return database;
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

/** A full disk must not keep the server, and the cleaner in it, from starting. */
function isFull(thrown: unknown): boolean {
  const isNoRoom = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC';
  return isNoRoom || (sqliteCodeOf(thrown) ?? 0) % 256 === SQLITE_FULL;
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
