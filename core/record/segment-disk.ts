// The file system as recorders see it, so that tests can fill the disk.
import { mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** An open file. */
export interface SegmentHandle {
  writev(
    chunks: readonly Uint8Array[],
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  stat(): Promise<{ readonly nlink: number }>;
  close(): Promise<void>;
}

/** Where files are made. */
export interface SegmentDisk {
  /** Makes a folder and those above it; no error when it is there. */
  makeFolder(folder: string): Promise<void>;
  /** Makes a file. Rejects with code EEXIST when it is there. */
  create(file: string): Promise<SegmentHandle>;
  remove(file: string): Promise<void>;
}

/** The real one. */
export const systemDisk: SegmentDisk = {
  async makeFolder(folder) {
    await mkdir(folder, { recursive: true });
  },
  async create(file) {
    try {
      return await open(file, 'wx');
    } catch (thrown) {
      // A cleaner may have removed the folder, which was empty.
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) throw thrown;
      await mkdir(dirname(file), { recursive: true });
      return await open(file, 'wx');
    }
  },
  remove: (file) => unlink(file),
};
