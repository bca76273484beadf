// Where finished exports go: beside the recordings of the day, in one step, never over another file.
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';

/** A finished export where listings show it. */
export interface PublishedExport {
  readonly fileName: string;
  /** Begins with a slash and is relative to the recordings folder. */
  readonly filePath: string;
  /** Absolute. */
  readonly fullPath: string;
  readonly sizeBytes: number;
}

/** Takes finished files. */
export interface ExportTarget {
  /** Moves `file`, which must be on the same disk, to its place. */
  publish(file: string): Promise<PublishedExport>;
}

/** Where recordings are. */
export interface DayFolderTargetOptions {
  /** Absolute. */
  readonly recordPath: string;
}

const MAX_ATTEMPTS = 5;
/** File systems without hard links say one of these. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/** Names files `YYYYMMDD/export-YYYYMMDD-HHMMSS-xxxxxxxx.mp4`, in local time like recordings. */
export class DayFolderTarget implements ExportTarget {
  readonly #clock: Clock;
  readonly #recordPath: string;

  constructor(clock: Clock, { recordPath }: DayFolderTargetOptions) {
    this.#clock = clock;
    this.#recordPath = recordPath;
  }

  /** @throws MediaError `unavailable` `export-publish-failed`. */
  async publish(file: string): Promise<PublishedExport> {
    const now = new Date(this.#clock.nowMs());
    const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
    const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
    const folder = join(this.#recordPath, day);
    try {
      const { size: sizeBytes } = await stat(file);
      await mkdir(folder, { recursive: true });
      for (let attempt = 1; ; attempt++) {
        const fileName = `export-${day}-${time}-${randomBytes(4).toString('hex')}.mp4`;
        const fullPath = join(folder, fileName);
        if (await moveToNew(file, fullPath)) {
          return { fileName, filePath: `/${day}/${fileName}`, fullPath, sizeBytes };
        }
        if (attempt === MAX_ATTEMPTS) throw failed(folder, 'every name is taken');
      }
    } catch (thrown) {
      if (thrown instanceof MediaError) throw thrown;
      throw failed(folder, thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
}

/** False when `to` exists already; it is never overwritten. */
async function moveToNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
    if (code === 'EEXIST') return false;
    if (!NO_LINKS.has(code)) throw thrown;
    return moveOverPlaceholder(from, to);
  }
  await unlink(from);
  return true;
}

async function moveOverPlaceholder(from: string, to: string): Promise<boolean> {
  try {
    await (await open(to, 'wx')).close();
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return false;
    throw thrown;
  }
  await rename(from, to);
  return true;
}

function failed(folder: string, why: string): MediaError {
  const text = `export: can't put the file into '${folder}': ${why}`;
  return new MediaError('unavailable', 'export-publish-failed', text);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
