// Reads ranges of many files in order, through a window for each place that is read along.
import { open, type FileHandle } from 'node:fs/promises';
import { MediaError } from '../../core/base/media-error.ts';

/** One range, and which of the places that are read along it belongs to. */
export interface FileRange {
  /** Index in the list of files. */
  readonly file: number;
  /** Pictures and sound of a file stand apart and are read in turns: a window for each. */
  readonly lane: number;
  readonly position: number;
  readonly sizeBytes: number;
}

interface Window {
  readonly bytes: Buffer;
  start: number;
  length: number;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly windows: Map<number, Window>;
}

const WINDOW_BYTES = 256 * 1024;
const MAX_OPEN_FILES = 8;

/** Keeps few files open; whoever was not read for longest is closed. */
export class FileRanges implements AsyncDisposable {
  readonly #files: readonly string[];
  readonly #open = new Map<number, OpenFile>();

  /** Absolute names. */
  constructor(files: readonly string[]) {
    this.#files = files;
  }

  /**
   * The bytes are valid until the next call.
   * @throws MediaError `unavailable` `export-file-changed` when the file is shorter than it was.
   */
  async read(range: FileRange): Promise<Uint8Array> {
    const { handle, windows } = await this.#use(range.file);
    let window = windows.get(range.lane);
    if (!window || window.bytes.length < range.sizeBytes) {
      window = {
        bytes: Buffer.allocUnsafe(Math.max(WINDOW_BYTES, range.sizeBytes)),
        start: 0,
        length: 0,
      };
      windows.set(range.lane, window);
    }
    const end = range.position + range.sizeBytes;
    if (range.position < window.start || end > window.start + window.length) {
      const { bytesRead } = await handle.read(window.bytes, 0, window.bytes.length, range.position);
      window.start = range.position;
      window.length = bytesRead;
      if (bytesRead < range.sizeBytes) throw this.#changed(range);
    }
    const at = range.position - window.start;
    return window.bytes.subarray(at, at + range.sizeBytes);
  }

  async close(): Promise<void> {
    const files = [...this.#open.values()];
    this.#open.clear();
    for (const { handle } of files) await handle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #use(index: number): Promise<OpenFile> {
    let file = this.#open.get(index);
    if (file) this.#open.delete(index);
    else file = { handle: await open(this.#files[index] ?? '', 'r'), windows: new Map() };
    this.#open.set(index, file);
    if (this.#open.size > MAX_OPEN_FILES) {
      const [oldest] = this.#open;
      if (oldest) {
        this.#open.delete(oldest[0]);
        await oldest[1].handle.close();
      }
    }
    return file;
  }

  #changed(range: FileRange): MediaError {
    const name = this.#files[range.file] ?? '';
    const text = `export: '${name}' became shorter than ${range.position + range.sizeBytes} bytes`;
    return new MediaError('unavailable', 'export-file-changed', text);
  }
}
