// How full the disk of a folder is.
import { statfs } from 'node:fs/promises';
import { MediaError } from '../base/media-error.ts';
import { systemCodeOf } from './pinned-folder.ts';

/** Space of a file system as users without privileges see it. */
export interface DiskSpace {
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** Asks about the disk of a folder. */
export type DiskSpaceQuestion = (folder: string) => Promise<DiskSpace>;

/** The failure of a write that found no room; undefined for any other one. */
export function diskFullError(thrown: unknown, name: string): MediaError | undefined {
  const code = systemCodeOf(thrown);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return undefined;
  const text = `the disk is full (${code}); '${name}'`;
  return new MediaError('resource-exhausted', 'disk-full', text, { cause: thrown });
}

/** Asks the system; a folder that is missing has no space. */
export const systemDiskSpace: DiskSpaceQuestion = async (folder) => {
  try {
    const { blocks, bavail, bsize } = await statfs(folder);
    return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return { totalBytes: 0, freeBytes: 0 };
    throw thrown;
  }
};
