// Changes one value in the text of mediamtx.yml and leaves every other character as it was.
import { isDeepStrictEqual } from 'node:util';
import { parseDocument } from 'yaml';
import { MediaError } from '../base/media-error.ts';
import type { ConfigEdit } from './config-edit.ts';
import { dottedPath, formatIssue } from './config-issue.ts';
import type { PathSegment } from './config-issue.ts';
import type { YmlValue } from './encode-config.ts';
import { isYmlList } from './redact-config.ts';
import { editText, ymlFormat } from './yaml-text-edit.ts';
import { emptyMap, isRawMap, YamlDocument } from './yaml-document.ts';
import type { RawMap, RawValue } from './yaml-document.ts';

/**
 * Applies `edit` to the text of a configuration file. Comments, order and layout stay; whatever
 * the layout, the new text is read again and must mean exactly the old one plus the change.
 * @throws MediaError `invalid-argument` when the text is no valid YAML, `failed-precondition`
 * when the change cannot be made without touching other values (anchors, merge keys).
 */
export function writeBack(text: string, edit: ConfigEdit): string {
  const wanted = applyToValue(readRoot(text), edit);
  for (const attempt of [editText, editDocument]) {
    const written = attempt(text, edit);
    if (written !== undefined && means(written, wanted)) return written;
  }
  throw new MediaError(
    'failed-precondition',
    'config-not-editable',
    `${dottedPath(edit.path)}: the value cannot be changed on its own (it comes from an anchor or a merge); edit the file by hand`,
  );
}

function readRoot(text: string): RawMap {
  const document = new YamlDocument(text, 'configuration');
  const [issue] = document.issues;
  if (issue === undefined) return document.root;
  throw new MediaError('invalid-argument', issue.code, formatIssue(issue));
}

function means(text: string, wanted: RawValue): boolean {
  const document = new YamlDocument(text, 'configuration');
  if (document.issues.length > 0) return false;
  return isDeepStrictEqual(withoutEmptyMaps(document.root), withoutEmptyMaps(wanted));
}

/** The value that the file must have afterwards. */
function applyToValue(root: RawMap, { path, value }: ConfigEdit): RawMap {
  const copy = structuredCopy(root);
  const last = path.at(-1);
  let container: RawValue = copy;
  for (const segment of path.slice(0, -1)) {
    const inner = childOf(container, segment);
    const isMissing = inner === undefined || inner === null;
    if (isMissing && value === undefined) return rawMap(copy);
    const next: RawValue = isMissing ? emptyMap() : inner;
    setChild(container, { segment, value: next });
    container = next;
  }
  if (last !== undefined) {
    setChild(container, { segment: last, value: value === undefined ? value : toRaw(value) });
  }
  return rawMap(copy);
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

/** The way that always works: the parser's own writer, which may change quotes and spaces. */
function editDocument(text: string, { path, value }: ConfigEdit): string | undefined {
  const document = parseDocument(text, ymlFormat);
  try {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
    return document.toString(ymlFormat);
  } catch {
    // The path leads through an alias or a single value; the caller refuses with its own words.
    return undefined;
  }
}

function childOf(value: RawValue, segment: PathSegment): RawValue | undefined {
  if (Array.isArray(value)) return value[Number(segment)];
  return isRawMap(value) ? value[String(segment)] : undefined;
}

function structuredCopy(value: RawMap): RawValue {
  return toRaw(value);
}

function rawMap(value: RawValue): RawMap {
  return isRawMap(value) ? value : emptyMap();
}

function toRaw(value: YmlValue): RawValue {
  if (isYmlList(value)) return value.map(toRaw);
  if (typeof value !== 'object' || value === null) return value;
  const map = emptyMap();
  for (const [name, inner] of Object.entries(value)) map[name] = toRaw(inner);
  return map;
}

/** A section without keys may be written `{}` or left empty. */
function withoutEmptyMaps(value: RawValue): RawValue {
  if (Array.isArray(value)) return value.map(withoutEmptyMaps);
  if (!isRawMap(value)) return value;
  const entries = Object.entries(value);
  if (entries.length === 0) return null;
  return Object.fromEntries(entries.map(([name, inner]) => [name, withoutEmptyMaps(inner)]));
}
