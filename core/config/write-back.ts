// Changes one value in the text of mediamtx.yml and leaves every other character as it was.
import { isDeepStrictEqual } from 'node:util';
import { MediaError } from '../base/media-error.ts';
import { applyEdits } from './apply-edits.ts';
import type { ConfigEdit } from './config-edit.ts';
import { dottedPath, formatIssue } from './config-issue.ts';
import { rewriteDocument } from './rewrite-document.ts';
import { refineEdit } from './refine-edit.ts';
import { YamlDocument } from './yaml-document.ts';
import type { RawMap } from './yaml-document.ts';
import { meaningOf } from './yaml-meaning.ts';
import { editText } from './yaml-text-edit.ts';

/**
 * Applies `edit` to the text of a configuration file. Comments, order and layout stay; whatever
 * the layout, the new text is read again and must mean exactly the old one plus the change.
 * @throws MediaError `invalid-argument` when the text is no valid YAML, `failed-precondition`
 * when the change cannot be made without touching other values (anchors, merge keys).
 */
export function writeBack(text: string, edit: ConfigEdit): string {
  const root = readRoot(text);
  const wanted = applyEdits(root, [edit]);
  const attempts = [
    () => editPieces(text, root, edit),
    () => editText(text, edit),
    () => rewriteDocument(text, edit),
  ];
  for (const attempt of attempts) {
    const written = attempt();
    if (written !== undefined && means(written, wanted)) return withLineEndsOf(text, written);
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

/** What differs, one small change after the other. */
function editPieces(text: string, root: RawMap, edit: ConfigEdit): string | undefined {
  let written: string | undefined = text;
  for (const piece of refineEdit(root, edit)) {
    written = editText(written, piece);
    if (written === undefined) return undefined;
  }
  return written;
}

function means(text: string, wanted: RawMap): boolean {
  const document = new YamlDocument(text, 'configuration');
  if (document.issues.length > 0) return false;
  return isDeepStrictEqual(meaningOf(document.root), meaningOf(wanted));
}

/** Editors of Windows show a file with both kinds of line ends as damaged. */
function withLineEndsOf(text: string, written: string): string {
  const isWindows = text.includes('\r\n') && !/(?<!\r)\n/u.test(text);
  return isWindows ? written.replace(/\r?\n/gu, '\r\n') : written;
}
