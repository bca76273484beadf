// Takes the change of a whole list or map apart into changes of what differs in it, so that comments inside stay.
import { isDeepStrictEqual } from 'node:util';
import type { ConfigEdit } from './config-edit.ts';
import type { PathSegment } from './config-issue.ts';
import type { YmlValue } from './encode-config.ts';
import { isYmlList } from './redact-config.ts';
import { isBlank, mayBeBlank, meaningOf } from './yaml-meaning.ts';
import type { RawMap, RawValue } from './yaml-document.ts';
import { isRawMap } from './yaml-document.ts';

/** A change of text. */
export interface TextEdit extends ConfigEdit {
  /** The value becomes one more item of a list, before the one that has the index now. */
  readonly isInsert?: boolean;
}

/**
 * The small edits that make the value of `edit` out of what `root` holds, in the order in which
 * they apply. What means the same stays as it is written.
 */
export function refineEdit(root: RawMap, edit: ConfigEdit): readonly TextEdit[] {
  const { path, value } = edit;
  if (value === undefined) return [edit];
  const old = path.reduce<RawValue | undefined>(childOf, root);
  return differences(old, value, path);
}

function differences(
  old: RawValue | undefined,
  value: YmlValue,
  path: readonly PathSegment[],
): readonly TextEdit[] {
  if (mayBeBlank(path.slice(0, -1)) && isBlank(old ?? null) && isBlank(value)) return [];
  if (isDeepStrictEqual(meaningOf(old ?? null, path), meaningOf(value, path))) return [];
  if (isYmlList(value) && Array.isArray(old) && old.length > 0 && value.length > 0) {
    return listDifferences(old, value, path);
  }
  if (isRawMap(old) && isSection(value) && Object.keys(old).length > 0) {
    return mapDifferences(old, value, path);
  }
  return [{ path, value }];
}

function mapDifferences(
  old: RawMap,
  value: Readonly<Record<string, YmlValue>>,
  path: readonly PathSegment[],
): readonly TextEdit[] {
  const gone = Object.keys(old).filter((name) => {
    return !Object.hasOwn(value, name) && !(mayBeBlank(path) && isBlank(old[name] ?? null));
  });
  const kept = Object.keys(old).filter((name) => Object.hasOwn(value, name));
  // The whole section, when nothing of it stays: one without keys would be no map any more.
  if (kept.length === 0) return [{ path, value }];
  const changes = Object.entries(value).flatMap(([name, inner]) =>
    differences(old[name], inner, [...path, name]),
  );
  return [...changes, ...gone.map((name) => ({ path: [...path, name], value: undefined }))];
}

/** What is the same at both ends stays; what lies between changes item by item. */
function listDifferences(
  old: readonly RawValue[],
  value: readonly YmlValue[],
  path: readonly PathSegment[],
): readonly TextEdit[] {
  const before = old.map((item, index) => meaningOf(item, [...path, index]));
  const after = value.map((item, index) => meaningOf(item, [...path, index]));
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && isDeepStrictEqual(before[start], after[start])) start++;
  let end = 0;
  while (end < shorter - start && isDeepStrictEqual(before.at(-1 - end), after.at(-1 - end))) end++;
  const oldCount = old.length - start - end;
  const newCount = value.length - start - end;
  const edits: TextEdit[] = [];
  for (let at = start; at < start + Math.max(oldCount, newCount); at++) {
    const item = value[at];
    const place = [...path, at];
    const isOld = at < start + oldCount;
    if (at >= start + newCount || item === undefined) {
      // From here on each one that goes makes room for the next.
      edits.push({ path: [...path, start + newCount], value: undefined });
    } else if (isOld) edits.push(...differences(old[at], item, place));
    else edits.push({ path: place, value: item, isInsert: true });
  }
  return edits;
}

function isSection(value: YmlValue): value is Readonly<Record<string, YmlValue>> {
  return typeof value === 'object' && value !== null && !isYmlList(value);
}

function childOf(value: RawValue | undefined, segment: PathSegment): RawValue | undefined {
  if (Array.isArray(value)) return value[Number(segment)];
  return isRawMap(value) ? value[String(segment)] : undefined;
}
