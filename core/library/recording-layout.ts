// How recordings are laid out below a folder: which files are ours and what their names say.
import type { RecordingKind } from './recording.ts';

/** What the name of a file says. */
export interface FileDescription {
  readonly kind: RecordingKind;
  readonly container: string;
  readonly isFavorite: boolean;
  /** Name of the media path, when the name tells it. */
  readonly path?: string;
  /** Date ms, when the name tells it. */
  readonly startAt?: number;
}

/** Pure knowledge about names; all of them relative to the root, as in RecordingFile. */
export interface RecordingLayout {
  /** Whether recordings can be in a folder or below it. The root itself (empty) is always looked into. */
  hasFolder(folder: string): boolean;
  /** What a file is; undefined when the library has nothing to do with it. */
  describe(file: string): FileDescription | undefined;
  /** Files that are moved and deleted together with `file`, whether they exist or not. */
  companionsOf(file: string): readonly string[];
  /** Whether a folder may go when it is empty; false for those that a recorder may be about to use. */
  isRemovableFolder(folder: string, nowMs: number): boolean;
}
