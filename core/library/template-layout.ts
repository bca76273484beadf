// The layout of recordings whose names recordPath patterns make.
import type { RecordTemplate } from '../record/record-template.ts';
import type { RecordingLayout } from './recording-layout.ts';

/** Files below `root`, as the patterns in force now name them; asked at each use. */
export function templateLayout(
  root: string,
  templates: () => readonly RecordTemplate[],
): RecordingLayout {
  const mine = (): RecordTemplate[] => templates().filter((template) => template.root === root);
  return {
    hasFolder: (folder) => mine().some((template) => template.hasFolder(folder)),
    describe(file) {
      for (const template of mine()) {
        const found = template.read(file);
        if (found === undefined) continue;
        const container = file.endsWith('.ts') ? 'mpegts' : 'mp4';
        const { pathName: path, startAt } = found;
        return { kind: 'video', container, isFavorite: false, path, startAt };
      }
      return undefined;
    },
    companionsOf: () => [],
    // Recorders make a folder again that went while they were about to use it.
    isRemovableFolder: () => true,
  };
}
