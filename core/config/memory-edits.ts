// Changes to the configuration that are not saved: they lie over whatever the file says.
import { MediaError } from '../base/media-error.ts';
import type { ConfigEdit } from './config-edit.ts';
import { dottedPath, type PathSegment } from './config-issue.ts';

/** Clients make such changes, so their number needs an end. */
const MAX_EDITS = 10_000;

/** An immutable list of edits, at most one for each place. */
export class MemoryEdits {
  /** In the order in which they apply. */
  readonly edits: readonly ConfigEdit[];

  constructor(edits: readonly ConfigEdit[] = []) {
    this.edits = edits;
  }

  /** Key of the newest change. */
  get newest(): string | undefined {
    const last = this.edits.at(-1);
    return last && dottedPath(last.path);
  }

  withoutNewest(): MemoryEdits {
    return new MemoryEdits(this.edits.slice(0, -1));
  }

  /** Adds edits; what they replace is forgotten. @throws MediaError `resource-exhausted`. */
  with(added: readonly ConfigEdit[]): MemoryEdits {
    const edits = added.reduce(
      (kept, edit) => [...kept.filter(({ path }) => !isWithin(path, edit.path)), edit],
      this.edits,
    );
    if (edits.length <= MAX_EDITS) return new MemoryEdits(edits);
    throw new MediaError(
      'resource-exhausted',
      'too-many-unsaved-edits',
      `more than ${MAX_EDITS} changes would be unsaved`,
    );
  }

  /** After `saved` went into the file: what lies over the same places gives way to it. */
  under(saved: readonly ConfigEdit[]): MemoryEdits {
    return saved.reduce<MemoryEdits>((memory, edit) => {
      const kept = memory.edits.filter(({ path }) => !isWithin(path, edit.path));
      const isCovered = kept.some(({ path }) => isWithin(edit.path, path));
      return new MemoryEdits(isCovered ? [...kept, edit] : kept);
    }, this);
  }
}

/** Whether `path` is `parent` or lies below it. */
function isWithin(path: readonly PathSegment[], parent: readonly PathSegment[]): boolean {
  return path.length >= parent.length && parent.every((segment, index) => path[index] === segment);
}
