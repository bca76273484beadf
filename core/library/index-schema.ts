// Tables of the index, and how an older file becomes a current one.
import type { DatabaseSync } from 'node:sqlite';
import { MediaError } from '../base/media-error.ts';

/** SQL that leads from version n (the position) to n + 1. Published steps are never changed. */
export const indexMigrations: readonly string[] = [
  `CREATE TABLE recordings (
     id INTEGER PRIMARY KEY,
     root TEXT NOT NULL,
     folder TEXT NOT NULL,
     name TEXT NOT NULL,
     path TEXT NOT NULL,
     start_ms INTEGER NOT NULL,
     duration_ms INTEGER NOT NULL,
     size_bytes INTEGER NOT NULL,
     modified_ms INTEGER NOT NULL,
     kind TEXT NOT NULL,
     container TEXT NOT NULL,
     tracks TEXT NOT NULL,
     state TEXT NOT NULL,
     is_favorite INTEGER NOT NULL,
     end_reason TEXT NOT NULL,
     search TEXT NOT NULL,
     UNIQUE (root, folder, name)
   ) STRICT;
   CREATE INDEX recordings_by_path ON recordings (path, start_ms, duration_ms, size_bytes);
   CREATE INDEX recordings_by_start ON recordings (root, start_ms, id);
   CREATE INDEX recordings_by_size ON recordings (root, kind, is_favorite, size_bytes);
   CREATE INDEX recordings_growing ON recordings (root) WHERE state = 'growing';
   CREATE TABLE gaps (
     path TEXT NOT NULL,
     from_ms INTEGER NOT NULL,
     to_ms INTEGER NOT NULL,
     reason TEXT NOT NULL,
     PRIMARY KEY (path, from_ms)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE moves (
     root TEXT NOT NULL,
     source TEXT NOT NULL,
     target TEXT NOT NULL,
     PRIMARY KEY (root, source)
   ) STRICT, WITHOUT ROWID;`,
];

/**
 * Brings a database to the newest version, one transaction per step.
 * @throws MediaError failed-precondition `index-too-new` when a newer program made the file.
 */
export function migrate(
  database: DatabaseSync,
  migrations: readonly string[] = indexMigrations,
): void {
  const found = versionOf(database);
  if (found > migrations.length) {
    const text = `recording index has version ${found}, this program knows ${migrations.length}`;
    throw new MediaError('failed-precondition', 'index-too-new', text);
  }
  for (const [offset, step] of migrations.slice(found).entries()) {
    database.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${found + offset + 1}; COMMIT;`);
  }
}

function versionOf(database: DatabaseSync): number {
  const version = database.prepare('PRAGMA user_version').get()?.['user_version'];
  return typeof version === 'number' ? version : 0;
}
