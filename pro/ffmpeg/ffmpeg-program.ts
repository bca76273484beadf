// Where ffmpeg is installed and which version it is; found once, and again after it was missing.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import type { Clock } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';

/** An installed ffmpeg. */
export interface FfmpegProgram {
  /** Absolute path of the program. */
  readonly path: string;
  /** Absolute path of ffprobe in the same search path; undefined when there is none. */
  readonly probePath: string | undefined;
  /** As it names itself, e.g. `5.1.9-0+deb12u1`. */
  readonly version: string;
}

/** Where to look. */
export interface FfmpegSearch {
  /** Directories as in the PATH variable. */
  readonly searchPath: string;
  /** Name looked up in `searchPath`, or an absolute path; `ffmpeg` by default. */
  readonly program?: string;
}

const VERSION_TIMEOUT_MS = 10_000;
/** A missing program is looked for again, but not for each of fifty cameras. */
const RETRY_AFTER_MS = 10_000;

/** Gives the installed ffmpeg to whoever needs it. */
export interface FfmpegProvider {
  /** @throws MediaError `unavailable` `ffmpeg-missing`. */
  get(): Promise<FfmpegProgram>;
}

/** Looks on the first use; a success is kept for good, a failure for ten seconds. */
export class FfmpegInstallation implements FfmpegProvider {
  readonly #clock: Clock;
  readonly #search: FfmpegSearch;
  #found: Promise<FfmpegProgram> | undefined;

  constructor(clock: Clock, search: FfmpegSearch) {
    this.#clock = clock;
    this.#search = search;
  }

  get(): Promise<FfmpegProgram> {
    this.#found ??= this.#locate();
    return this.#found;
  }

  async #locate(): Promise<FfmpegProgram> {
    try {
      return await locateFfmpeg(this.#search);
    } catch (thrown) {
      this.#clock.after(RETRY_AFTER_MS, () => {
        this.#found = undefined;
      });
      throw thrown;
    }
  }
}

/**
 * Finds ffmpeg and asks it for its version.
 * @throws MediaError `unavailable` `ffmpeg-missing` when it isn't there or doesn't run.
 */
export async function locateFfmpeg(search: FfmpegSearch): Promise<FfmpegProgram> {
  const name = search.program ?? 'ffmpeg';
  const path = await findProgram(name, search.searchPath);
  if (path === undefined) throw missing(`'${name}' is not in the search path`);
  const version = await readVersion(path);
  const beside = await findProgram(join(dirname(path), 'ffprobe'), search.searchPath);
  return { path, version, probePath: beside ?? (await findProgram('ffprobe', search.searchPath)) };
}

async function findProgram(name: string, searchPath: string): Promise<string | undefined> {
  if (isAbsolute(name)) return (await isProgram(name)) ? name : undefined;
  if (name === '' || name.includes('/') || name.includes('\0')) return undefined;
  for (const directory of searchPath.split(delimiter)) {
    // An empty or relative entry would run whatever lies in the working directory.
    if (!isAbsolute(directory)) continue;
    const path = join(directory, name);
    if (await isProgram(path)) return path;
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function readVersion(path: string): Promise<string> {
  const options = { timeout: VERSION_TIMEOUT_MS, maxBuffer: 1 << 20, env: {}, windowsHide: true };
  return new Promise((resolve, reject) => {
    execFile(path, ['-hide_banner', '-version'], options, (error, output) => {
      const version = /^ffmpeg version (\S{1,100})/u.exec(output)?.[1];
      if (version !== undefined) resolve(version);
      else reject(missing(`'${path}' does not tell its version`, error));
    });
  });
}

function missing(why: string, cause?: unknown): MediaError {
  const text =
    `ffmpeg not available: ${why}; install it (Debian, Ubuntu: apt-get install ffmpeg; ` +
    `Alpine: apk add ffmpeg; macOS: brew install ffmpeg)`;
  return new MediaError('unavailable', 'ffmpeg-missing', text, { cause });
}
