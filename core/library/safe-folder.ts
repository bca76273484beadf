// The recordings folder as strangers may use it: checked names, no links, nothing overwritten.
import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import {
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rmdir,
  unlink,
  type FileHandle,
} from 'node:fs/promises';
import { resolve } from 'node:path';
import { MediaError } from '../base/media-error.ts';
import { forEachConcurrently } from './for-each-concurrently.ts';
import {
  isLink,
  PinnedFolder,
  systemCodeOf,
  systemPinOptions,
  type PinOptions,
} from './pinned-folder.ts';
import { folderOf, joinFile, nameOf } from './recording.ts';
import { checkRelativePath, relativePathFault, showName } from './relative-path.ts';

/** Settings of a SafeFolder. */
export interface SafeFolderOptions extends Partial<PinOptions> {
  /** Names that exist below the root but are nobody's business, e.g. the index and temporary files. */
  readonly isReserved?: (file: string) => boolean;
}

/** A file that is open for reading, and what it was when it was opened. The receiver closes it. */
export interface OpenedFile {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  /** Date ms. */
  readonly modifiedAt: number;
  /** Tells this file from any other one and from earlier states of it; no secret. */
  readonly version: string;
}

/** A file that was seen in a folder. */
export interface ScannedFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** Date ms, with fractions. */
  readonly modifiedAt: number;
}

/** What is in a folder. */
export interface FolderContent {
  readonly folders: readonly string[];
  readonly files: readonly ScannedFile[];
}

const CONCURRENT_STATS = 8;
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** What link(2) answers on file systems that have no hard links. */
const NO_HARD_LINKS: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
]);

/**
 * File operations below one root. Names are relative and checked (relative-path.ts); every folder
 * on the way is entered without following links and held while the operation runs.
 * Failures are MediaErrors: `bad-file-name`, `file-reserved`, `path-is-link`, `no-such-folder`,
 * `no-such-file`, `file-exists`, `not-a-file`.
 */
export class SafeFolder {
  /** Absolute, without a slash at its end. */
  readonly root: string;
  readonly #pinOptions: PinOptions;
  readonly #isReserved: (file: string) => boolean;

  constructor(root: string, options: SafeFolderOptions = {}) {
    this.root = resolve(root);
    this.#pinOptions = { ...systemPinOptions, ...options };
    this.#isReserved = options.isReserved ?? ((): boolean => false);
  }

  /** Returns `file` unchanged. @throws MediaError `bad-file-name` or `file-reserved`. */
  check(file: string): string {
    checkRelativePath(file);
    if (!this.#isReserved(file)) return file;
    const text = `${showName(file)} belongs to the server itself`;
    throw new MediaError('permission-denied', 'file-reserved', text);
  }

  /** The absolute name, for messages and for programs that only read. */
  absolute(file: string): string {
    return `${this.root}/${this.check(file)}`;
  }

  /** What a file is, or undefined when there is none; links are not files. */
  async stat(file: string): Promise<Stats | undefined> {
    this.check(file);
    try {
      await using folder = await this.#enter(folderOf(file));
      const facts = await lstat(folder.at(nameOf(file)));
      return facts.isFile() ? facts : undefined;
    } catch (thrown) {
      if (isMissing(thrown)) return undefined;
      throw thrown;
    }
  }

  /** Opens a regular file for reading. */
  async open(file: string): Promise<OpenedFile> {
    this.check(file);
    await using folder = await this.#enter(folderOf(file));
    const handle = await open(folder.at(nameOf(file)), READ).catch((thrown: unknown) =>
      this.#refuse(file, thrown),
    );
    try {
      const facts = await handle.stat();
      if (!facts.isFile()) throw noFile(file);
      const { size: sizeBytes, mtimeMs: modifiedAt, ino } = facts;
      const version = [ino, sizeBytes, Math.round(modifiedAt * 1000)]
        .map((part) => part.toString(36))
        .join('-');
      return { handle, sizeBytes, modifiedAt, version };
    } catch (thrown) {
      await handle.close();
      throw thrown;
    }
  }

  /**
   * Files and folders in a folder (empty for the root), those with bad or reserved names and links
   * left out. A folder that is missing has none.
   */
  async scan(folder: string): Promise<FolderContent> {
    if (folder !== '') this.check(folder);
    const folders: string[] = [];
    const files: ScannedFile[] = [];
    try {
      await using pinned = await this.#enter(folder);
      const entries = await readdir(pinned.place, { withFileTypes: true });
      const usable = entries.filter((entry) => this.#isUsable(joinFile(folder, entry.name)));
      await forEachConcurrently(usable, CONCURRENT_STATS, async (entry) => {
        if (entry.isDirectory()) folders.push(entry.name);
        const facts = entry.isFile() && (await lstatOrNone(pinned.at(entry.name)));
        if (!facts || !facts.isFile()) return;
        files.push({ name: entry.name, sizeBytes: facts.size, modifiedAt: facts.mtimeMs });
      });
    } catch (thrown) {
      if (!isMissing(thrown)) throw thrown;
    }
    return { folders, files };
  }

  /** Makes a folder below an existing one; one that exists is fine. */
  async makeFolder(folder: string): Promise<void> {
    this.check(folder);
    await using parent = await this.#enter(folderOf(folder));
    try {
      await mkdir(parent.at(nameOf(folder)), 0o755);
      await parent.sync();
    } catch (thrown) {
      if (systemCodeOf(thrown) !== 'EEXIST') throw thrown;
      // What exists may be a file or a link.
      await (await this.#enter(folder)).close();
    }
  }

  /** Moves a file; never onto another one, not even one that appears at this moment. */
  async move(from: string, to: string): Promise<void> {
    this.check(from);
    this.check(to);
    await using source = await this.#enter(folderOf(from));
    await using target = await this.#enter(folderOf(to));
    const place = { from: source.at(nameOf(from)), to: target.at(nameOf(to)) };
    const facts = await lstat(place.from).catch((thrown: unknown) => this.#refuse(from, thrown));
    if (facts.isSymbolicLink()) throw isLink(from);
    if (!facts.isFile()) throw noFile(from);
    try {
      await moveWithoutOverwriting(place.from, place.to);
    } catch (thrown) {
      if (systemCodeOf(thrown) === 'EEXIST') throw fileExists(to, thrown);
      this.#refuse(from, thrown);
    }
    await target.sync();
    await source.sync();
  }

  /** Deletes a file. */
  async remove(file: string): Promise<void> {
    this.check(file);
    await using folder = await this.#enter(folderOf(file));
    const place = folder.at(nameOf(file));
    const facts = await lstat(place).catch((thrown: unknown) => this.#refuse(file, thrown));
    if (facts.isDirectory()) throw noFile(file);
    await unlink(place).catch((thrown: unknown) => this.#refuse(file, thrown));
  }

  /** Removes a folder if it is empty; tells whether it went. */
  async removeEmptyFolder(folder: string): Promise<boolean> {
    this.check(folder);
    try {
      await using parent = await this.#enter(folderOf(folder));
      await rmdir(parent.at(nameOf(folder)));
      return true;
    } catch (thrown) {
      const code = systemCodeOf(thrown);
      if (isMissing(thrown) || code === 'ENOTEMPTY' || code === 'EEXIST') return false;
      throw thrown;
    }
  }

  #isUsable(file: string): boolean {
    return relativePathFault(file) === undefined && !this.#isReserved(file);
  }

  #enter(folder: string): Promise<PinnedFolder> {
    return PinnedFolder.enter(this.root, folder, this.#pinOptions);
  }

  #refuse(file: string, thrown: unknown): never {
    const code = systemCodeOf(thrown);
    if (code === 'ELOOP') throw isLink(file);
    if (code === 'ENOENT' || code === 'ENOTDIR') throw noSuchFile(file, thrown);
    throw thrown;
  }
}

async function lstatOrNone(place: string): Promise<Stats | undefined> {
  return lstat(place).catch((thrown: unknown) => {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  });
}

/** link + unlink never replaces a name, which rename(2) would. */
async function moveWithoutOverwriting(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (thrown) {
    if (!NO_HARD_LINKS.has(systemCodeOf(thrown))) throw thrown;
    await renameOntoPlaceholder(from, to);
    return;
  }
  try {
    await unlink(from);
  } catch (thrown) {
    // Somebody else moved or deleted it in between: theirs counts.
    await unlink(to);
    throw thrown;
  }
}

/** Without hard links the name is taken first; only our own empty file is replaced. */
async function renameOntoPlaceholder(from: string, to: string): Promise<void> {
  await (await open(to, 'wx')).close();
  try {
    await rename(from, to);
  } catch (thrown) {
    await unlink(to);
    throw thrown;
  }
}

function isMissing(thrown: unknown): boolean {
  if (thrown instanceof MediaError) return thrown.kind === 'not-found';
  const code = systemCodeOf(thrown);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function noSuchFile(file: string, cause: unknown): MediaError {
  const text = `file not found: ${showName(file)}`;
  return new MediaError('not-found', 'no-such-file', text, { cause });
}

function noFile(file: string): MediaError {
  return new MediaError('invalid-argument', 'not-a-file', `${showName(file)} is not a file`);
}

function fileExists(file: string, cause: unknown): MediaError {
  const text = `${showName(file)} exists already`;
  return new MediaError('already-exists', 'file-exists', text, { cause });
}
