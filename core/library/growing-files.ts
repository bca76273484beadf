// Files that this process writes right now: nobody else may touch them.
import { MediaError } from '../base/media-error.ts';
import type { Recording, RecordingFile } from './recording.ts';
import { showName } from './relative-path.ts';

/** Known at once when a recorder begins, before the index has a row. */
export class GrowingFiles {
  readonly #recordings = new Map<string, Recording>();

  values(): readonly Recording[] {
    return [...this.#recordings.values()];
  }

  add(recording: Recording): void {
    this.#recordings.set(keyOf(recording), recording);
  }

  get(place: RecordingFile): Recording | undefined {
    return this.#recordings.get(keyOf(place));
  }

  has(place: RecordingFile): boolean {
    return this.#recordings.has(keyOf(place));
  }

  delete(place: RecordingFile): void {
    this.#recordings.delete(keyOf(place));
  }

  /**
   * Makes sure that a file is not being written. `row` is what the index knows.
   * @throws MediaError failed-precondition `file-growing`.
   */
  refuseGrowing(place: RecordingFile, row: Recording | undefined): void {
    const growing = this.get(place);
    if (!growing && row?.state !== 'growing') return;
    const path = growing?.path ?? row?.path ?? '';
    const who = growing ? `is being recorded by path '${path}'` : 'is not closed yet';
    const text = `${showName(place.file)} ${who}`;
    throw new MediaError('failed-precondition', 'file-growing', text, { context: { path } });
  }
}

function keyOf({ root, file }: RecordingFile): string {
  return `${root}\0${file}`;
}
