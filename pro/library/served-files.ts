// Recorded files as they are given to browsers: opened once, checked, with what caches need.
import type { FileHandle } from 'node:fs/promises';
import { MediaError } from '../../core/base/media-error.ts';
import type { RecordingFolder } from '../../core/library/recording-folder.ts';
import { nameOf } from '../../core/library/recording.ts';
import { extensionOf } from './date-folder-layout.ts';

/** A file that is open; whoever asked for it closes `handle`. */
export interface ServedFile {
  readonly handle: FileHandle;
  readonly name: string;
  readonly sizeBytes: number;
  /** Date ms. */
  readonly modifiedAt: number;
  readonly contentType: string;
  /** Strong, with its quotes (RFC 9110 section 8.8.3). */
  readonly etag: string;
}

/** Nothing that a browser would run. */
const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  ['.mp4', 'video/mp4'],
  ['.ts', 'video/mp2t'],
  ['.jpg', 'image/jpeg'],
  ['.jpeg', 'image/jpeg'],
  ['.png', 'image/png'],
  ['.txt', 'text/plain; charset=utf-8'],
]);

/** Opens files below a folder of recordings for `GET /res/*`. */
export class ServedFiles {
  readonly #folder: RecordingFolder;

  constructor(folder: RecordingFolder) {
    this.#folder = folder;
  }

  /**
   * `filePath` is what comes behind `/res`, decoded once. Whatever must not be seen does not exist.
   * @throws MediaError not-found `no-such-file`.
   */
  async open(filePath: string): Promise<ServedFile> {
    const file = filePath.startsWith('/') ? filePath.slice(1) : filePath;
    try {
      const { safe, layout } = this.#folder;
      safe.check(file);
      if (!layout.describe(file)) throw notServed(undefined);
      const { handle, sizeBytes, modifiedAt, version } = await safe.open(file);
      const name = nameOf(file);
      const known = CONTENT_TYPES.get(extensionOf(name).toLowerCase());
      const contentType = known ?? 'application/octet-stream';
      return { handle, name, sizeBytes, modifiedAt, contentType, etag: `"${version}"` };
    } catch (thrown) {
      // What it is that may not be seen is nobody's business.
      if (thrown instanceof MediaError && thrown.kind !== 'internal') throw notServed(thrown);
      throw thrown;
    }
  }
}

function notServed(cause: unknown): MediaError {
  return new MediaError('not-found', 'no-such-file', 'file not found', { cause });
}
