// What is known about one recorded file, and about the times nothing was recorded.

/** Sort of file. `thumbnail` pictures belong to another file; `other` was not made by the server. */
export type RecordingKind = 'video' | 'image' | 'thumbnail' | 'other';

/** `growing` is being written, `damaged` could not be read to its end and could not be repaired. */
export type RecordingState = 'growing' | 'closed' | 'damaged';

/** Where a file is. */
export interface RecordingFile {
  /** Absolute folder of recordings, without a slash at its end. */
  readonly root: string;
  /** Name relative to `root`, with slashes between and none in front. */
  readonly file: string;
}

/** One recorded file. Files are the truth; this is what the index remembers of one. */
export interface Recording extends RecordingFile {
  /** Name of the media path, empty when nothing tells it. */
  readonly path: string;
  /** Date ms of the first picture. */
  readonly startAt: number;
  /** 0 while unknown. */
  readonly durationMs: number;
  /** What was there when the index last looked; a growing file is longer by now. */
  readonly sizeBytes: number;
  /** Date ms of the last change of the file. */
  readonly modifiedAt: number;
  readonly kind: RecordingKind;
  /** `mp4`, `mpegts`, `jpg`..., as its extension says. */
  readonly container: string;
  /** Names of codecs as the Control API prints them. */
  readonly tracks: readonly string[];
  readonly state: RecordingState;
  readonly isFavorite: boolean;
  /** Why it ended; empty while it grows or when nothing tells it. */
  readonly endReason: string;
}

/** A time in which a path should have been recorded and was not. */
export interface RecordingGap {
  /** Name of the media path. */
  readonly path: string;
  /** Date ms. */
  readonly fromAt: number;
  /** Date ms, after `fromAt`. */
  readonly toAt: number;
  readonly reason: string;
}

/** The folder part of a relative file name; empty for a file that stands in the root itself. */
export function folderOf(file: string): string {
  return file.slice(0, Math.max(0, file.lastIndexOf('/')));
}

/** The last part of a relative file name. */
export function nameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

/** A folder and a name as one relative file name. */
export function joinFile(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}
