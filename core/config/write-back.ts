// Changes one value in the text of mediamtx.yml and leaves every other character as it was.
import { isDeepStrictEqual } from 'node:util';
import { parseDocument } from 'yaml';
import { MediaError } from '../base/media-error.ts';
import { applyEdits } from './apply-edits.ts';
import type { ConfigEdit } from './config-edit.ts';
import { dottedPath, formatIssue } from './config-issue.ts';
import { editText, ymlFormat } from './yaml-text-edit.ts';
import { isRawMap, YamlDocument } from './yaml-document.ts';
import type { RawMap, RawValue } from './yaml-document.ts';

/**
 * Applies `edit` to the text of a configuration file. Comments, order and layout stay; whatever
 * the layout, the new text is read again and must mean exactly the old one plus the change.
 * @throws MediaError `invalid-argument` when the text is no valid YAML, `failed-precondition`
 * when the change cannot be made without touching other values (anchors, merge keys).
 */
export function writeBack(text: string, edit: ConfigEdit): string {
  const wanted = applyEdits(readRoot(text), [edit]);
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

/** A section without keys may be written `{}` or left empty. */
function withoutEmptyMaps(value: RawValue): RawValue {
  if (Array.isArray(value)) return value.map(withoutEmptyMaps);
  if (!isRawMap(value)) return value;
  const entries = Object.entries(value);
  if (entries.length === 0) return null;
  return Object.fromEntries(entries.map(([name, inner]) => [name, withoutEmptyMaps(inner)]));
}
