// What clients may do with recorded files: list, rename, delete, keep as favorite, count.
import { MediaError } from '../../core/base/media-error.ts';
import { systemDiskSpace, type DiskSpaceQuestion } from '../../core/library/disk-space.ts';
import type { RecordingFilter } from '../../core/library/index-query.ts';
import type { RecordingFolder } from '../../core/library/recording-folder.ts';
import type { RecordingLibrary } from '../../core/library/recording-library.ts';
import {
  folderOf,
  joinFile,
  nameOf,
  type Recording,
  type RecordingGap,
} from '../../core/library/recording.ts';
import { showName } from '../../core/library/relative-path.ts';
import type { EventBus } from '../events/event-bus.ts';
import { favoriteFolder } from './date-folder-layout.ts';
import { parseDay } from './day-folder.ts';
import { toListRequest, type FileFilter } from './file-filter.ts';
import { parseFileReference, toFilePath } from './file-reference.ts';
import { newFileName, numberedName } from './new-file-name.ts';
import { toRecordedFile, type RecordedFile } from './recorded-file.ts';

/** What the service works with. */
export interface RecordedFilesComponents {
  readonly library: Pick<RecordingLibrary, 'index' | 'files' | 'register'>;
  /** One of the folders of the library. */
  readonly folder: RecordingFolder;
  readonly events: EventBus;
  /** Paths that the server knows now. */
  readonly pathCount: () => number;
  readonly diskSpace?: DiskSpaceQuestion;
}

/** A page of files, and how many there are on all pages. */
export interface RecordedFileList {
  readonly files: readonly RecordedFile[];
  readonly total: number;
}

/** What was recorded of a path and what was not, oldest first. */
export interface RecordedTimeline {
  readonly recordings: readonly RecordedFile[];
  readonly gaps: readonly RecordingGap[];
}

/** Counts and space. */
export interface DashboardFacts {
  readonly filesCount: number;
  readonly jpgCount: number;
  /** All files but pictures, as clients of the original know it. */
  readonly videoCount: number;
  readonly pathCount: number;
  readonly disk: {
    readonly allBytes: number;
    readonly freeBytes: number;
    readonly usedBytes: number;
  };
}

const MAX_TIMELINE = 10_000;
const MAX_FAVORITE_NAMES = 100;

/** Paths of files are those of parseFileReference(); failures are MediaErrors. */
export class RecordedFiles {
  readonly #components: RecordedFilesComponents;
  readonly #diskSpace: DiskSpaceQuestion;

  constructor(components: RecordedFilesComponents) {
    this.#components = components;
    this.#diskSpace = components.diskSpace ?? systemDiskSpace;
  }

  /** Files of a day, or of all days without favorites; newest first. */
  listByDate(
    filter: FileFilter & { readonly date?: string | undefined },
  ): Promise<RecordedFileList> {
    const { date = '' } = filter;
    return this.#list(date === '' ? { isFavorite: false } : { folder: parseDay(date) }, filter);
  }

  /** Files among the favorites; newest first. */
  listFavorites(filter: FileFilter): Promise<RecordedFileList> {
    return this.#list({ folder: favoriteFolder }, filter);
  }

  /** Recordings and gaps of a path (Date ms). @throws MediaError invalid-argument `bad-time-span`. */
  async timeline(pathName: string, fromAt: number, toAt: number): Promise<RecordedTimeline> {
    if (!(fromAt < toAt)) {
      const text = `timeline of '${pathName}': the end is not after the begin`;
      throw new MediaError('invalid-argument', 'bad-time-span', text);
    }
    const span = { path: pathName, fromAt, toAt, limit: MAX_TIMELINE };
    const { recordings, gaps } = await this.#components.library.index.call('timeline', span);
    return { recordings: await this.#toFiles(recordings), gaps };
  }

  /** Where a file is that another room wants to read. @throws MediaError not-found. */
  async resolve(
    reference: string,
  ): Promise<{ readonly filePath: string; readonly fullPath: string }> {
    const file = this.#resolve(reference);
    await this.#checkExists(file);
    return { filePath: toFilePath(file), fullPath: this.#components.folder.safe.absolute(file) };
  }

  /**
   * Gives a file another name in its folder.
   * @throws MediaError not-found, already-exists, invalid-argument, failed-precondition `file-growing`.
   */
  async rename(reference: string, name: string): Promise<{ readonly newPath: string }> {
    const file = this.#resolve(reference);
    const target = joinFile(folderOf(file), newFileName(nameOf(file), name));
    if (target === file) await this.#checkExists(file);
    else await this.#move(file, target, 'fileRenamed');
    return { newPath: toFilePath(target) };
  }

  /**
   * Moves a file to the favorites; without a name of its own it gets a number when its name is taken.
   * @throws MediaError as rename().
   */
  async favorite(
    reference: string,
    name: string | undefined,
  ): Promise<{ readonly newPath: string }> {
    const file = this.#resolve(reference);
    await this.#checkExists(file);
    await this.#components.folder.safe.makeFolder(favoriteFolder);
    const wanted =
      name === undefined || name === '' ? nameOf(file) : newFileName(nameOf(file), name);
    if (file === joinFile(favoriteFolder, wanted)) return { newPath: toFilePath(file) };
    const attempts = name === undefined || name === '' ? MAX_FAVORITE_NAMES : 1;
    for (let attempt = 0; ; attempt++) {
      const target = joinFile(favoriteFolder, numberedName(wanted, attempt));
      try {
        await this.#move(file, target, 'fileFavorite');
        return { newPath: toFilePath(target) };
      } catch (thrown) {
        const isTaken = thrown instanceof MediaError && thrown.code === 'file-exists';
        if (!isTaken || attempt + 1 >= attempts) throw thrown;
      }
    }
  }

  /** Deletes a file with its thumbnail. @throws MediaError not-found, failed-precondition. */
  async remove(reference: string): Promise<{ readonly filePath: string }> {
    const { library, folder, events } = this.#components;
    const file = this.#resolve(reference);
    await library.files.remove(folder, file);
    const filePath = toFilePath(file);
    events.publish({ type: 'fileDeleted', filePath, reason: 'request' });
    return { filePath };
  }

  /** Takes a picture into the index that is written completely. @throws MediaError not-found. */
  async registerImage(filePath: string, pathName: string): Promise<RecordedFile> {
    const { library, folder } = this.#components;
    const file = this.#resolve(filePath);
    const registered = await library.register(folder, file, pathName);
    for (const companion of folder.layout.companionsOf(file)) {
      await library.register(folder, companion, pathName).catch(ignoreMissing);
    }
    return toRecordedFile(registered);
  }

  /** Counts of all files, and space of the disk; zeros while the folder is missing. */
  async dashboard(): Promise<DashboardFacts> {
    const { library, folder, pathCount } = this.#components;
    const filter = { root: folder.safe.root, kinds: ['video', 'image', 'other'] } as const;
    const totals = await library.index.call('totals', { by: 'kind', filter });
    const filesCount = totals.reduce((sum, { count }) => sum + count, 0);
    const jpgCount = totals.find(({ key }) => key === 'image')?.count ?? 0;
    const { totalBytes: allBytes, freeBytes } = await this.#diskSpace(folder.safe.root);
    return {
      filesCount,
      jpgCount,
      videoCount: filesCount - jpgCount,
      pathCount: pathCount(),
      disk: { allBytes, freeBytes, usedBytes: allBytes - freeBytes },
    };
  }

  async #list(where: RecordingFilter, filter: FileFilter): Promise<RecordedFileList> {
    const { library, folder } = this.#components;
    const request = toListRequest({ root: folder.safe.root, ...where }, filter);
    const { items, total } = await library.index.call('list', request);
    return { files: await this.#toFiles(items), total };
  }

  /** Sizes of files that grow are asked from the disk. */
  #toFiles(recordings: readonly Recording[]): Promise<readonly RecordedFile[]> {
    return Promise.all(
      recordings.map(async (recording) => {
        const known = toRecordedFile(recording);
        if (!known.isRecording) return known;
        const stats = await this.#components.folder.safe.stat(recording.file);
        if (!stats) return known;
        return { ...known, sizeBytes: stats.size, modifiedAt: Math.round(stats.mtimeMs) };
      }),
    );
  }

  /** Only what stands in a folder of recordings is for clients. */
  #resolve(reference: string): string {
    const { safe, layout } = this.#components.folder;
    const file = parseFileReference(safe, reference);
    if (layout.describe(file)) return file;
    throw noFile(file);
  }

  async #checkExists(file: string): Promise<void> {
    if (!(await this.#components.folder.safe.stat(file))) throw noFile(file);
  }

  async #move(from: string, to: string, type: 'fileRenamed' | 'fileFavorite'): Promise<void> {
    const { library, folder, events } = this.#components;
    await library.files.move(folder, from, to);
    const [filePath, newPath] = [toFilePath(from), toFilePath(to)];
    events.publish({ type, filePath, newPath, reason: 'request' });
  }
}

/** Not every file has companions, and one may be moved away in this moment. */
function ignoreMissing(thrown: unknown): void {
  if (!(thrown instanceof MediaError) || thrown.kind !== 'not-found') throw thrown;
}

function noFile(file: string): MediaError {
  return new MediaError('not-found', 'no-such-file', `file not found: ${showName(file)}`);
}
