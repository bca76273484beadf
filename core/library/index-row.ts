// Recordings as rows of the index and back, and how texts are folded for searching.
import type { SQLOutputValue } from 'node:sqlite';
import {
  folderOf,
  joinFile,
  nameOf,
  type Recording,
  type RecordingGap,
  type RecordingKind,
  type RecordingState,
} from './recording.ts';

/** A row as node:sqlite gives it. */
export type IndexRow = Readonly<Record<string, SQLOutputValue>>;

/** Named parameters of the insertion of a recording. */
export type RecordingParameters = Readonly<Record<string, string | number>>;

const KINDS: readonly RecordingKind[] = ['video', 'image', 'thumbnail', 'other'];
const STATES: readonly RecordingState[] = ['growing', 'closed', 'damaged'];

/** Upper and lower case, full and half width, composed and decomposed read the same. */
export function foldText(text: string): string {
  return text.normalize('NFKC').toLowerCase().normalize('NFKC');
}

/** What no real recording exceeds; SQLite keeps larger numbers than JavaScript can read back. */
const MAX_DATE_MS = 8.64e15;
const MAX_DURATION_MS = 366 * 86_400_000;
const MAX_SIZE_BYTES = 2 ** 50;

/**
 * The recording as parameters. Times are whole milliseconds. Files of others may claim any length
 * or date: numbers are kept within bounds, so that one such file spoils no list.
 */
export function toParameters(recording: Recording): RecordingParameters {
  const name = nameOf(recording.file);
  return {
    root: recording.root,
    folder: folderOf(recording.file),
    name,
    path: recording.path,
    start: bounded(recording.startAt, MAX_DATE_MS),
    duration: bounded(recording.durationMs, MAX_DURATION_MS),
    size: bounded(recording.sizeBytes, MAX_SIZE_BYTES),
    modified: bounded(recording.modifiedAt, MAX_DATE_MS),
    kind: recording.kind,
    container: recording.container,
    tracks: JSON.stringify(recording.tracks),
    state: recording.state,
    favorite: recording.isFavorite ? 1 : 0,
    reason: recording.endReason,
    search: foldText(`${name}\n${recording.path}`),
  };
}

/** The recording of a row. */
export function toRecording(row: IndexRow): Recording {
  return {
    root: textOf(row['root']),
    file: joinFile(textOf(row['folder']), textOf(row['name'])),
    path: textOf(row['path']),
    startAt: numberOf(row['start_ms']),
    durationMs: numberOf(row['duration_ms']),
    sizeBytes: numberOf(row['size_bytes']),
    modifiedAt: numberOf(row['modified_ms']),
    kind: KINDS.find((kind) => kind === row['kind']) ?? 'other',
    container: textOf(row['container']),
    tracks: namesOf(row['tracks']),
    state: STATES.find((state) => state === row['state']) ?? 'damaged',
    isFavorite: row['is_favorite'] === 1,
    endReason: textOf(row['end_reason']),
  };
}

/** The gap of a row. */
export function toGap(row: IndexRow): RecordingGap {
  return {
    path: textOf(row['path']),
    fromAt: numberOf(row['from_ms']),
    toAt: numberOf(row['to_ms']),
    reason: textOf(row['reason']),
  };
}

/** A column that holds text. */
export function textOf(value: SQLOutputValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** A column that holds a number; 0 for NULL, which sums over nothing are. */
export function numberOf(value: SQLOutputValue | undefined): number {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
}

function namesOf(value: SQLOutputValue | undefined): readonly string[] {
  const names: unknown = JSON.parse(textOf(value) || '[]');
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

function bounded(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, Math.round(value)));
}
