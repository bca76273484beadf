// Changes a value through the parser's own writer, for layouts that no change of characters fits.
import { isAlias, isMap, isScalar, isSeq, parseDocument, Scalar, stringify, visit } from 'yaml';
import type { Document, Node } from 'yaml';
import type { ConfigEdit } from './config-edit.ts';
import { ymlFormat } from './yaml-text-edit.ts';

/**
 * Keeps comments and order, but may change spaces and line breaks. Returns undefined when the
 * path leads through a single value; the caller checks the outcome.
 */
export function rewriteDocument(text: string, { path, value }: ConfigEdit): string | undefined {
  // Without `compat`: it would put quotes around each yes and no of the file, which makes texts of them.
  const document = parseDocument(text);
  try {
    detach(document, path.slice(0, -1).map(String));
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, quoted(document.createNode(value)));
    const flowCollectionPadding = /\{ /u.test(text);
    return document.toString({ lineWidth: 0, flowCollectionPadding });
  } catch {
    return undefined;
  }
}

/** What the path shares with another place through an alias becomes its own. */
function detach(document: Document.Parsed, path: readonly string[]): void {
  for (const [index] of path.entries()) {
    const place = path.slice(0, index + 1);
    const node: unknown = document.getIn(place, true);
    if (!isAlias(node)) continue;
    const shared = node.resolve(document);
    if (!isMap(shared) && !isSeq(shared)) return;
    document.setIn(place, shared.clone());
    const own: unknown = document.getIn(place, true);
    if (isMap(own) || isSeq(own)) visit(own, { Node: (_key, inner) => dropAnchor(inner) });
  }
}

function dropAnchor(node: Node): void {
  if (isScalar(node) || isMap(node) || isSeq(node)) delete node.anchor;
}

/** New texts such as yes and off get quotes. */
function quoted(node: Node): Node {
  visit(node, {
    Scalar: (_key, scalar) => {
      if (typeof scalar.value === 'string' && /^['"]/u.test(stringify(scalar.value, ymlFormat))) {
        scalar.type = Scalar.QUOTE_DOUBLE;
      }
    },
  });
  return node;
}
