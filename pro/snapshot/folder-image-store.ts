// Keeps pictures in the day folders of the recordings, each whole or not at all.
import { randomUUID } from 'node:crypto';
import { mkdir, open, unlink } from 'node:fs/promises';
import { MediaError } from '../../core/base/media-error.ts';
import { diskFullError, systemDiskSpace } from '../../core/library/disk-space.ts';
import { SafeFolder } from '../../core/library/safe-folder.ts';
import {
  thumbnailPrefix,
  type ImageStore,
  type ImageToStore,
  type StoredImage,
} from './image-store.ts';

/** Where, and who is told. */
export interface FolderImageStoreOptions {
  /** The recordings folder, absolute. */
  readonly root: string;
  /** Name of the folder of a day, e.g. `20250116`; the local day of the server by default. */
  readonly dayFolder?: (at: number) => string;
  /** With less the disk counts as full: recordings, index and tokens need the rest; 0 by default. */
  readonly minFreeBytes?: number;
  /** Takes note of a new picture, e.g. the index of recordings. */
  readonly register?: (image: StoredImage, pathName: string) => Promise<void> | void;
}

/** Files that are being written; whoever starts the server may empty it. */
const TEMPORARY_FOLDER = 'tmp';
const MAX_NAME_ATTEMPTS = 1000;
const MAX_REPLACE_ATTEMPTS = 5;
const SUFFIX = '.jpg';

/** Writes to `tmp/`, syncs, and moves into place without ever replacing a file. */
export class FolderImageStore implements ImageStore {
  readonly #options: FolderImageStoreOptions;
  readonly #folder: SafeFolder;

  constructor(options: FolderImageStoreOptions) {
    this.#options = options;
    this.#folder = new SafeFolder(options.root);
  }

  async save(image: ImageToStore): Promise<StoredImage> {
    const day = (this.#options.dayFolder ?? localDay)(image.takenAt);
    await mkdir(this.#folder.root, { recursive: true });
    await this.#checkSpace();
    await this.#folder.makeFolder(TEMPORARY_FOLDER);
    await this.#folder.makeFolder(day);
    const file = await this.#place(image.jpeg, day, image.fileName);
    const fileName = file.slice(day.length + 1);
    const thumbnail = image.thumbnail ? thumbnailPrefix + fileName : '';
    if (image.thumbnail) await this.#addThumbnail(file, image.thumbnail, `${day}/${thumbnail}`);
    const stored = {
      fileName,
      filePath: `/${file}`,
      fullPath: this.#folder.absolute(file),
      thumbnail,
    };
    await this.#options.register?.(stored, image.pathName);
    return stored;
  }

  async #checkSpace(): Promise<void> {
    const { minFreeBytes = 0 } = this.#options;
    const { freeBytes } = await systemDiskSpace(this.#folder.root);
    if (freeBytes >= minFreeBytes) return;
    const text = `the disk is full: ${freeBytes} bytes are free, ${minFreeBytes} have to stay free`;
    throw new MediaError('resource-exhausted', 'disk-full', text);
  }

  /** Moves the bytes to the first name that is free; returns it. */
  async #place(bytes: Buffer, day: string, fileName: string): Promise<string> {
    const temporary = await this.#writeTemporary(bytes);
    const base = fileName.endsWith(SUFFIX) ? fileName.slice(0, -SUFFIX.length) : fileName;
    try {
      for (let attempt = 0; attempt < MAX_NAME_ATTEMPTS; attempt++) {
        const file = `${day}/${base}${attempt === 0 ? '' : `-${attempt}`}${SUFFIX}`;
        if (await this.#tryMove(temporary, file)) return file;
      }
    } catch (thrown) {
      await this.#discard(temporary);
      throw thrown;
    }
    await this.#discard(temporary);
    throw new MediaError('already-exists', 'file-exists', `'${fileName}' exists too often`);
  }

  /** A picture that is reported as failed must not stay. */
  async #addThumbnail(file: string, bytes: Buffer, thumbnail: string): Promise<void> {
    try {
      await this.#replace(bytes, thumbnail);
    } catch (thrown) {
      await this.#folder.remove(file).catch(() => undefined);
      throw thrown;
    }
  }

  /** The name belongs to the picture whose name was free: what lies there is left over. */
  async #replace(bytes: Buffer, file: string): Promise<void> {
    const temporary = await this.#writeTemporary(bytes);
    try {
      for (let attempt = 1; !(await this.#tryMove(temporary, file)); attempt++) {
        await this.#removeOld(file, attempt === MAX_REPLACE_ATTEMPTS);
      }
    } catch (thrown) {
      await this.#discard(temporary);
      throw thrown;
    }
  }

  /** Somebody who deletes or renames the old picture takes its thumbnail along. */
  async #removeOld(file: string, isLast: boolean): Promise<void> {
    try {
      await this.#folder.remove(file);
    } catch (thrown) {
      if (isLast || !(thrown instanceof MediaError) || thrown.code !== 'no-such-file') throw thrown;
    }
    if (isLast) throw new MediaError('already-exists', 'file-exists', `'${file}' exists again`);
  }

  async #tryMove(from: string, to: string): Promise<boolean> {
    try {
      await this.#folder.move(from, to);
      return true;
    } catch (thrown) {
      if (thrown instanceof MediaError && thrown.code === 'file-exists') return false;
      throw thrown;
    }
  }

  async #writeTemporary(bytes: Buffer): Promise<string> {
    const file = `${TEMPORARY_FOLDER}/snapshot-${randomUUID()}.part`;
    const handle = await open(this.#folder.absolute(file), 'wx').catch(tellDiskFull);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } catch (thrown) {
      await handle.close();
      await this.#discard(file);
      return tellDiskFull(thrown);
    }
    await handle.close();
    return file;
  }

  async #discard(file: string): Promise<void> {
    await unlink(this.#folder.absolute(file)).catch(() => undefined);
  }
}

function tellDiskFull(thrown: unknown): never {
  throw diskFullError(thrown, 'picture') ?? thrown;
}

function localDay(at: number): string {
  const date = new Date(at);
  const month = String(date.getMonth() + 1).padStart(2, '0');
  const day = String(date.getDate()).padStart(2, '0');
  return `${date.getFullYear()}${month}${day}`;
}
