// A disk in memory that can be filled, broken and slowed down.
import type { SegmentDisk, SegmentHandle } from '../../../core/record/segment-disk.ts';

/** An error as the file system throws it. */
export function diskError(code: string): Error {
  return Object.assign(new Error(`${code}: test`), { code });
}

export interface MemoryFile {
  bytes: Buffer;
  syncs: number;
  isOpen: boolean;
  isRemoved: boolean;
}

/** Everything is done in the next microtasks, unless `isStuck`. */
export class MemoryDisk implements SegmentDisk {
  readonly files = new Map<string, MemoryFile>();
  readonly folders: string[] = [];
  /** Bytes that may still be written; beyond it writes are cut short, then fail with ENOSPC. */
  freeBytes = Number.POSITIVE_INFINITY;
  /** Fails every write with this code. */
  failsWith: string | undefined;
  /** Makes no file and fails with this code. */
  createsFailWith: string | undefined;
  #stuck: PromiseWithResolvers<undefined> | undefined;

  /** Writes wait until `release()`. */
  stick(): void {
    this.#stuck ??= Promise.withResolvers<undefined>();
  }

  release(): void {
    this.#stuck?.resolve(undefined);
    this.#stuck = undefined;
  }

  text(file: string): string {
    return this.files.get(file)?.bytes.toString() ?? '';
  }

  makeFolder(folder: string): Promise<void> {
    this.folders.push(folder);
    return Promise.resolve();
  }

  create(name: string): Promise<SegmentHandle> {
    if (this.createsFailWith !== undefined) return Promise.reject(diskError(this.createsFailWith));
    if (this.files.has(name)) return Promise.reject(diskError('EEXIST'));
    const file: MemoryFile = { bytes: Buffer.alloc(0), syncs: 0, isOpen: true, isRemoved: false };
    this.files.set(name, file);
    return Promise.resolve({
      writev: async (chunks, position) => {
        await this.#stuck?.promise;
        return this.#write(file, Buffer.concat(chunks), position);
      },
      datasync: () => {
        file.syncs++;
        return Promise.resolve();
      },
      truncate: (length) => {
        file.bytes = file.bytes.subarray(0, length);
        return Promise.resolve();
      },
      stat: () => Promise.resolve({ nlink: file.isRemoved ? 0 : 1 }),
      close: () => {
        file.isOpen = false;
        return Promise.resolve();
      },
    });
  }

  remove(name: string): Promise<void> {
    this.files.delete(name);
    return Promise.resolve();
  }

  #write(file: MemoryFile, bytes: Buffer, position: number): { readonly bytesWritten: number } {
    if (this.failsWith !== undefined) throw diskError(this.failsWith);
    const taken = bytes.subarray(0, Math.min(bytes.length, this.freeBytes));
    if (taken.length === 0 && bytes.length > 0) throw diskError('ENOSPC');
    this.freeBytes -= taken.length;
    const grown = Buffer.alloc(Math.max(file.bytes.length, position + taken.length));
    file.bytes.copy(grown);
    taken.copy(grown, position);
    file.bytes = grown;
    return { bytesWritten: taken.length };
  }
}
