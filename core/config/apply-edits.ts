// Changes values of a configuration that was read, without touching its text.
import { MediaError } from '../base/media-error.ts';
import type { ConfigEdit } from './config-edit.ts';
import type { PathSegment } from './config-issue.ts';
import type { YmlSection, YmlValue } from './encode-config.ts';
import { isYmlList } from './redact-config.ts';
import { emptyMap, isRawMap } from './yaml-document.ts';
import type { RawMap, RawValue } from './yaml-document.ts';

/**
 * A copy of `root` with values set or removed; sections on the way are made as needed. What two
 * places share through an anchor changes in one only.
 * @throws MediaError `invalid-argument` when a path leads through a single value.
 */
export function applyEdits(root: RawMap, edits: readonly ConfigEdit[]): RawMap {
  const copy = toRawMap(root);
  for (const edit of edits) applyEdit(copy, edit);
  return copy;
}

function applyEdit(root: RawMap, { path, value }: ConfigEdit): void {
  const last = path.at(-1);
  let container: RawValue = root;
  for (const segment of path.slice(0, -1)) {
    const inner = childOf(container, segment);
    const isMissing = inner === undefined || inner === null;
    if (isMissing && value === undefined) return;
    const next: RawValue = isMissing ? emptyMap() : inner;
    setChild(container, { segment, value: next });
    container = next;
  }
  if (last === undefined) return;
  setChild(container, { segment: last, value: value === undefined ? value : toRaw(value) });
}

function setChild(
  container: RawValue,
  { segment, value }: { segment: PathSegment; value: RawValue | undefined },
): void {
  if (Array.isArray(container) && typeof segment === 'number' && segment <= container.length) {
    if (value === undefined) container.splice(segment, 1);
    else container[segment] = value;
  } else if (isRawMap(container)) {
    if (value === undefined) Reflect.deleteProperty(container, String(segment));
    else container[String(segment)] = value;
  } else {
    const message = `${String(segment)}: there is no map or list to put a value into`;
    throw new MediaError('invalid-argument', 'config-invalid-path', message);
  }
}

function childOf(value: RawValue, segment: PathSegment): RawValue | undefined {
  if (Array.isArray(value)) return value[Number(segment)];
  return isRawMap(value) ? value[String(segment)] : undefined;
}

function toRaw(value: YmlValue): RawValue {
  if (isYmlList(value)) return value.map(toRaw);
  return typeof value === 'object' && value !== null ? toRawMap(value) : value;
}

function toRawMap(values: YmlSection): RawMap {
  const map = emptyMap();
  for (const [name, inner] of Object.entries(values)) map[name] = toRaw(inner);
  return map;
}
