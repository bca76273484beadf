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

/** The recording as parameters. Times are whole milliseconds. */
export function toParameters(recording: Recording): RecordingParameters {
  const name = nameOf(recording.file);
  return {
    root: recording.root,
    folder: folderOf(recording.file),
    name,
    path: recording.path,
    start: Math.round(recording.startAt),
    duration: Math.round(recording.durationMs),
    size: recording.sizeBytes,
    modified: Math.round(recording.modifiedAt),
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
