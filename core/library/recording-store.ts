// The index as SQL on one open database; synchronous, at home in the index worker.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { toWhere } from './index-filter.ts';
import type {
  FileMove,
  IndexHandlers,
  IndexOperation,
  IndexOperations,
  RecordingListPage,
  RecordingListRequest,
  RecordingTotal,
  RetentionCandidate,
  RetentionPageRequest,
  Timeline,
  TimelineRequest,
  TotalsRequest,
} from './index-query.ts';
import { numberOf, textOf, toGap, toParameters, toRecording } from './index-row.ts';
import {
  folderOf,
  nameOf,
  type Recording,
  type RecordingFile,
  type RecordingGap,
} from './recording.ts';

/** Most items of any answer; more would only fill memory. */
const MAX_ITEMS = 10_000;
/** Different statements kept prepared; filters make some dozens of them. */
const MAX_STATEMENTS = 100;

const PUT = `INSERT INTO recordings (root, folder, name, path, start_ms, duration_ms, size_bytes,
    modified_ms, kind, container, tracks, state, is_favorite, end_reason, search)
  VALUES (:root, :folder, :name, :path, :start, :duration, :size, :modified, :kind, :container,
    :tracks, :state, :favorite, :reason, :search)
  ON CONFLICT (root, folder, name) DO UPDATE SET path = excluded.path,
    start_ms = excluded.start_ms, duration_ms = excluded.duration_ms,
    size_bytes = excluded.size_bytes, modified_ms = excluded.modified_ms, kind = excluded.kind,
    container = excluded.container, tracks = excluded.tracks, state = excluded.state,
    is_favorite = excluded.is_favorite, end_reason = excluded.end_reason,
    search = excluded.search`;
const ONE = 'root = ? AND folder = ? AND name = ?';
const GROUPS = { path: 'path', folder: 'folder', kind: 'kind' } as const;

/** Runs the operations of the index. */
export class RecordingStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #handlers: IndexHandlers;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#handlers = {
      put: (recordings) => this.#inTransaction(() => this.#put(recordings)),
      get: (place) => this.#get(place),
      remove: (places) => this.#inTransaction(() => this.#remove(places)),
      beginMove: (move) => this.#beginMove(move),
      endMove: (input) => this.#inTransaction(() => this.#endMove(input)),
      moves: ({ root }) => this.#moves(root),
      list: (request) => this.#list(request),
      growing: ({ root }) => this.#recordings("root = ? AND state = 'growing'", root),
      folders: ({ root }) => this.#folders(root),
      inFolder: ({ root, folder }) => this.#recordings('root = ? AND folder = ?', root, folder),
      timeline: (request) => this.#timeline(request),
      totals: (request) => this.#totals(request),
      retentionPage: (request) => this.#retentionPage(request),
      addGaps: (gaps) => this.#inTransaction(() => this.#addGaps(gaps)),
      forgetGaps: ({ beforeAt }) => {
        this.#prepare('DELETE FROM gaps WHERE to_ms < ?').run(beforeAt);
        return undefined;
      },
    };
  }

  /** Runs one operation; each is one transaction. Errors of SQLite pass through. */
  run<K extends IndexOperation>(
    operation: K,
    input: IndexOperations[K]['input'],
  ): IndexOperations[K]['output'] {
    return this.#handlers[operation](input);
  }

  #put(recordings: readonly Recording[]): void {
    const statement = this.#prepare(PUT);
    for (const recording of recordings) statement.run(toParameters(recording));
  }

  #get({ root, file }: RecordingFile): Recording | undefined {
    const sql = `SELECT * FROM recordings WHERE ${ONE}`;
    const row = this.#prepare(sql).get(root, folderOf(file), nameOf(file));
    return row === undefined ? undefined : toRecording(row);
  }

  #remove(places: readonly RecordingFile[]): void {
    const statement = this.#prepare(`DELETE FROM recordings WHERE ${ONE}`);
    for (const { root, file } of places) statement.run(root, folderOf(file), nameOf(file));
  }

  #beginMove({ root, from, to }: FileMove): undefined {
    this.#prepare('INSERT OR REPLACE INTO moves VALUES (?, ?, ?)').run(root, from, to);
    return undefined;
  }

  #endMove({ move, recording }: IndexOperations['endMove']['input']): void {
    const { root, from, to } = move;
    this.#prepare('DELETE FROM moves WHERE root = ? AND source = ?').run(root, from);
    if (recording === undefined) return;
    this.#remove([
      { root, file: from },
      { root, file: to },
    ]);
    this.#put([recording]);
  }

  #moves(root: string): readonly FileMove[] {
    const rows = this.#prepare('SELECT source, target FROM moves WHERE root = ?').all(root);
    return rows.map((row) => ({ root, from: textOf(row['source']), to: textOf(row['target']) }));
  }

  #list({ filter, order, limit, offset = 0 }: RecordingListRequest): RecordingListPage {
    const where = toWhere(filter);
    const way = order === 'oldest' ? 'ASC' : 'DESC';
    const items = this.#prepare(
      `SELECT * FROM recordings WHERE ${where.sql}
       ORDER BY start_ms ${way}, id ${way} LIMIT ? OFFSET ?`,
    ).all(...where.values, bounded(limit), offset);
    const count = this.#prepare(`SELECT count(*) AS total FROM recordings WHERE ${where.sql}`);
    const total = numberOf(count.get(...where.values)?.['total']);
    return { items: items.map(toRecording), total };
  }

  #folders(root: string): readonly string[] {
    const sql = 'SELECT DISTINCT folder FROM recordings WHERE root = ?';
    return this.#prepare(sql)
      .all(root)
      .map((row) => textOf(row['folder']));
  }

  #recordings(where: string, ...values: readonly string[]): readonly Recording[] {
    const statement = this.#prepare(`SELECT * FROM recordings WHERE ${where}`);
    return statement.all(...values).map(toRecording);
  }

  #timeline({ path, fromAt, toAt, limit }: TimelineRequest): Timeline {
    const filter = { path, fromAt, toAt, kinds: ['video'] } as const;
    const { items } = this.#list({ filter, order: 'oldest', limit });
    const gaps = this.#prepare(
      `SELECT * FROM gaps WHERE path = ? AND from_ms < ? AND to_ms > ? ORDER BY from_ms LIMIT ?`,
    ).all(path, toAt, fromAt, bounded(limit));
    return { recordings: items, gaps: gaps.map(toGap) };
  }

  #totals({ by, filter }: TotalsRequest): readonly RecordingTotal[] {
    const where = toWhere(filter);
    const rows = this.#prepare(
      `SELECT ${GROUPS[by]} AS key, count(*) AS count, sum(size_bytes) AS size,
         sum(duration_ms) AS duration
       FROM recordings WHERE ${where.sql} GROUP BY 1 ORDER BY 1`,
    ).all(...where.values);
    return rows.map((row) => ({
      key: textOf(row['key']),
      count: numberOf(row['count']),
      sizeBytes: numberOf(row['size']),
      durationMs: numberOf(row['duration']),
    }));
  }

  #retentionPage(request: RetentionPageRequest): readonly RetentionCandidate[] {
    const { root, beforeAt, after, limit } = request;
    const rows = this.#prepare(
      `SELECT * FROM recordings
       WHERE root = ? AND (start_ms, id) > (?, ?) AND start_ms < ? AND is_favorite = 0
         AND state <> 'growing' AND kind <> 'other'
       ORDER BY start_ms, id LIMIT ?`,
    ).all(
      root,
      after?.startAt ?? Number.MIN_SAFE_INTEGER,
      after?.id ?? 0,
      beforeAt,
      bounded(limit),
    );
    return rows.map((row) => ({ ...toRecording(row), id: numberOf(row['id']) }));
  }

  #addGaps(gaps: readonly RecordingGap[]): void {
    const statement = this.#prepare('INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?)');
    for (const { path, fromAt, toAt, reason } of gaps) {
      statement.run(path, Math.round(fromAt), Math.round(toAt), reason);
    }
  }

  #inTransaction(action: () => void): undefined {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      action();
      this.#database.exec('COMMIT');
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw thrown;
    }
    return undefined;
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function bounded(limit: number): number {
  return Math.max(0, Math.min(Math.floor(limit), MAX_ITEMS));
}
