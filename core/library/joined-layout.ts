// Two layouts in one folder, e.g. files named by a pattern beside folders of days.
import type { RecordingLayout } from './recording-layout.ts';

/** A file belongs to the first layout that knows it; a folder goes when nobody needs it. */
export function joinLayouts(first: RecordingLayout, second: RecordingLayout): RecordingLayout {
  const ownerOf = (file: string): RecordingLayout =>
    first.describe(file) === undefined ? second : first;
  return {
    hasFolder: (folder) => first.hasFolder(folder) || second.hasFolder(folder),
    describe: (file) => first.describe(file) ?? second.describe(file),
    companionsOf: (file) => ownerOf(file).companionsOf(file),
    isRemovableFolder: (folder, nowMs) =>
      [first, second].every(
        (layout) => !layout.hasFolder(folder) || layout.isRemovableFolder(folder, nowMs),
      ),
  };
}
