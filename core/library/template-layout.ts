// The layout of recordings whose names recordPath patterns make.
import type { RecordTemplate } from '../record/record-template.ts';
import type { RecordingLayout } from './recording-layout.ts';

/** What is in force now; asked at each use. */
export interface TemplateLayoutOptions {
  readonly templates: () => readonly RecordTemplate[];
  /** Absolute roots of all folders: what is in one below this one is not ours. */
  readonly roots: () => readonly string[];
}

/** Files below `root`, named by the patterns of this root. */
export function templateLayout(root: string, options: TemplateLayoutOptions): RecordingLayout {
  const isElsewhere = (name: string): boolean => {
    const inside = `${root}/${name}/`;
    return options
      .roots()
      .some((other) => other.length > root.length && inside.startsWith(`${other}/`));
  };
  const mine = (): readonly RecordTemplate[] =>
    options.templates().filter((template) => template.root === root);
  return {
    hasFolder: (folder) =>
      mine().some((template) => template.hasFolder(folder)) && !isElsewhere(folder),
    describe(file) {
      for (const template of mine()) {
        const found = template.read(file);
        if (found === undefined || isElsewhere(file)) continue;
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
