// The layout of Pro recordings: a folder for each day, favorites beside, everything else is not ours.
import type { FileDescription, RecordingLayout } from '../../core/library/recording-layout.ts';
import type { RecordingFolder } from '../../core/library/recording-folder.ts';
import { folderOf, joinFile, nameOf, type RecordingKind } from '../../core/library/recording.ts';
import { SafeFolder } from '../../core/library/safe-folder.ts';
import { dayFolderOf, startOfDayFolder } from './day-folder.ts';

/** Favorites never go by themselves. */
export const favoriteFolder = 'favorite';
/** Small pictures stand beside what they show. */
export const thumbnailPrefix = 'thumbnail-';
const TEMPORARY_FOLDER = 'tmp';

const DAY_MS = 86_400_000;
/** What the server writes; other files in a day folder are listed, but never deleted by it. */
const KINDS: ReadonlyMap<string, { readonly kind: RecordingKind; readonly container: string }> =
  new Map([
    ['.mp4', { kind: 'video', container: 'mp4' }],
    ['.ts', { kind: 'video', container: 'mpegts' }],
    ['.jpg', { kind: 'image', container: 'jpg' }],
    ['.jpeg', { kind: 'image', container: 'jpg' }],
  ]);
/** `20250116-1430-abc12345.mp4`. */
const VIDEO_NAME = /^(\d{8})-([01]\d|2[0-3])([0-5]\d)-/u;
/** `1736980200123-0123456789abcdef.jpg`. */
const PICTURE_NAME = /^(\d{12,14})-[0-9a-f]{16}\./u;

/** `YYYYMMDD/` and `favorite/` below one root. */
export const dateFolderLayout: RecordingLayout = {
  hasFolder: (folder) => folder === favoriteFolder || startOfDayFolder(folder) !== undefined,

  describe(file): FileDescription | undefined {
    const folder = folderOf(file);
    if (!dateFolderLayout.hasFolder(folder)) return undefined;
    const name = nameOf(file);
    const found = KINDS.get(extensionOf(name).toLowerCase());
    const isThumbnail = found?.kind === 'image' && name.startsWith(thumbnailPrefix);
    const startAt = startOf(name);
    return {
      kind: isThumbnail ? 'thumbnail' : (found?.kind ?? 'other'),
      container: found?.container ?? '',
      isFavorite: folder === favoriteFolder,
      ...(startAt === undefined ? {} : { startAt }),
    };
  },

  companionsOf(file) {
    const kind = dateFolderLayout.describe(file)?.kind;
    const thumbnail = joinFile(folderOf(file), thumbnailPrefix + nameOf(file));
    if (kind === 'image') return [thumbnail];
    return kind === 'video' ? [`${thumbnail}.jpg`] : [];
  },

  // A recorder or a picture may need the folder of the day at any moment, and around midnight
  // that of the neighbours.
  isRemovableFolder: (folder, nowMs) =>
    startOfDayFolder(folder) !== undefined && folder < dayFolderOf(nowMs - DAY_MS),
};

/** The folder of Pro recordings at `root`, with what nobody outside may see kept out. */
export function createDateFolder(root: string): RecordingFolder {
  return { safe: new SafeFolder(root, { isReserved }), layout: dateFolderLayout };
}

/** The end of a name from its last dot on, e.g. `.mp4`; empty without. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot);
}

/** Temporary files, and the settings of pictures that stand in the root. */
function isReserved(file: string): boolean {
  const isTemporary = file === TEMPORARY_FOLDER || file.startsWith(`${TEMPORARY_FOLDER}/`);
  return isTemporary || /^snapshot_[^/]*\.json$/iu.test(file);
}

function startOf(name: string): number | undefined {
  const [, day = '', hour, minute] = VIDEO_NAME.exec(name) ?? [];
  const midnight = startOfDayFolder(day);
  if (midnight !== undefined) return new Date(midnight).setHours(Number(hour), Number(minute));
  const [, taken] = PICTURE_NAME.exec(name) ?? [];
  return taken === undefined ? undefined : Number(taken);
}
