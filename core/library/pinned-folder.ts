// A folder that is held open, so that whatever is done in it cannot be led elsewhere meanwhile.
import { constants, existsSync } from 'node:fs';
import { lstat, open, realpath, type FileHandle } from 'node:fs/promises';
import { MediaError } from '../base/media-error.ts';
import { joinFile } from './recording.ts';
import { showName } from './relative-path.ts';

const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY;
/** Where Linux shows open files by number: a path through it works like openat(2). */
const OPEN_FILES = '/proc/self/fd';

/** How folders are entered. */
export interface PinOptions {
  /** False where the system has no way to address a file through an open folder. */
  readonly hasOpenFiles: boolean;
}

/** What this system offers. */
export const systemPinOptions: PinOptions = { hasOpenFiles: existsSync(OPEN_FILES) };

/** The code of a failed system call, e.g. `ENOENT`. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/**
 * One folder below a root, entered component by component without following links. While it is
 * held, `at(name)` means a file in this very folder, even if somebody renames or replaces
 * the folder. Systems without /proc only get the check at the time of entering.
 */
export class PinnedFolder implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #base: string;

  private constructor(handle: FileHandle, base: string) {
    this.#handle = handle;
    this.#base = base;
  }

  /**
   * Enters `folder` (checked relative name, empty for the root).
   * @throws MediaError not-found `no-such-folder`, or permission-denied `path-is-link`.
   */
  static async enter(root: string, folder: string, options: PinOptions): Promise<PinnedFolder> {
    const components = folder === '' ? [] : folder.split('/');
    let pinned = await PinnedFolder.#openRoot(root, options);
    let entered = '';
    for (const component of components) {
      entered = joinFile(entered, component);
      const parent = pinned;
      try {
        pinned = await parent.#openChild(component, entered, options);
      } finally {
        await parent.close();
      }
    }
    return pinned;
  }

  /** A path by which the system finds `name` in this folder. */
  at(name: string): string {
    return `${this.#base}/${name}`;
  }

  /** The folder itself, for readdir. */
  get place(): string {
    return `${this.#base}/.`;
  }

  /** Makes new, renamed and removed names durable. */
  async sync(): Promise<void> {
    await this.#handle.sync();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The operator may make the root itself a link. */
  static async #openRoot(root: string, options: PinOptions): Promise<PinnedFolder> {
    try {
      const real = await realpath(root);
      return PinnedFolder.#hold(await open(real, OPEN_FOLDER), real, options);
    } catch (thrown) {
      if (systemCodeOf(thrown) !== 'ENOENT') throw thrown;
      throw noSuchFolder(root, thrown);
    }
  }

  async #openChild(name: string, entered: string, options: PinOptions): Promise<PinnedFolder> {
    const path = this.at(name);
    try {
      const handle = await open(path, OPEN_FOLDER | constants.O_NOFOLLOW);
      return PinnedFolder.#hold(handle, path, options);
    } catch (thrown) {
      const code = systemCodeOf(thrown);
      if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ELOOP') throw thrown;
      const facts = await lstat(path).catch(() => undefined);
      if (facts?.isSymbolicLink() === true) throw isLink(entered);
      throw noSuchFolder(entered, thrown);
    }
  }

  static #hold(handle: FileHandle, path: string, options: PinOptions): PinnedFolder {
    const base = options.hasOpenFiles ? `${OPEN_FILES}/${handle.fd}` : path;
    return new PinnedFolder(handle, base);
  }
}

/** The failure for a name that turned out to be a symbolic link. */
export function isLink(path: string): MediaError {
  const text = `${showName(path)} is a symbolic link, which is not followed below the recordings`;
  return new MediaError('permission-denied', 'path-is-link', text);
}

function noSuchFolder(folder: string, cause: unknown): MediaError {
  const text = `folder not found: ${showName(folder)}`;
  return new MediaError('not-found', 'no-such-folder', text, { cause });
}
