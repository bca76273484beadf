// Edits the text of a YAML file in place, so that comments and layout stay.
import { isMap, isScalar, isSeq, parseDocument, stringify } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import type { ConfigEdit } from './config-edit.ts';
import type { PathSegment } from './config-issue.ts';
import type { YmlValue } from './encode-config.ts';
import { isYmlList } from './redact-config.ts';

/**
 * How new values are written. Texts such as yes and off get quotes, since readers of this file
 * take them for booleans.
 */
export const ymlFormat = {
  lineWidth: 0,
  flowCollectionPadding: false,
  compat: 'yaml-1.1',
} as const;

/**
 * Exchanges the characters of one value, or adds or removes whole lines. Returns undefined for
 * layouts that it does not know; the caller checks the outcome.
 */
export function editText(text: string, edit: ConfigEdit): string | undefined {
  const document = parseDocument(text);
  const { pair, parent, missing } = findPair(document, edit.path);
  if (edit.value === undefined) return pair === undefined ? text : removeLines(text, pair);
  if (pair !== undefined) return replaceValue(text, pair, edit.value);
  const [name, ...rest] = missing;
  if (typeof name === 'number') {
    return rest.length === 0
      ? editItem(text, parent.node, { index: name, value: edit.value })
      : undefined;
  }
  if (name === undefined) return undefined;
  const value = rest.reduceRight<YmlValue>((inner, key) => ({ [key]: inner }), edit.value);
  if (parent.pair !== undefined && isWithoutItems(parent.pair.value)) {
    return replaceValue(text, parent.pair, { [name]: value });
  }
  return addPair(text, parent.node, { [name]: value });
}

interface FoundPair {
  /** The pair that the path names. */
  readonly pair: Pair | undefined;
  /** The deepest node on the way that exists, and the pair that it is the value of. */
  readonly parent: { readonly node: Node | null; readonly pair: Pair | undefined };
  /** The rest of the path below `parent`. */
  readonly missing: readonly PathSegment[];
}

function findPair(document: Document.Parsed, path: readonly PathSegment[]): FoundPair {
  let node: unknown = document.contents;
  let pair: Pair | undefined;
  for (const [index, segment] of path.entries()) {
    const parent = { node: isNode(node) ? node : null, pair };
    let next: Pair | undefined;
    if (isMap(node)) next = node.items.find((item) => isKey(item, segment));
    else if (isSeq(node) && typeof segment === 'number' && isMap(node.items[segment])) {
      node = node.items[segment];
      pair = undefined;
      continue;
    }
    if (next === undefined) return { pair: undefined, parent, missing: path.slice(index) };
    if (index === path.length - 1) return { pair: next, parent, missing: [] };
    pair = next;
    node = next.value;
  }
  return { pair: undefined, parent: { node: null, pair }, missing: [] };
}

function replaceValue(text: string, pair: Pair, value: YmlValue): string | undefined {
  const key = isNode(pair.key) ? pair.key.range : undefined;
  if (!key) return undefined;
  const colon = text.indexOf(':', key[1]);
  if (colon < 0) return undefined;
  const { value: old } = pair;
  const range = isNode(old) ? old.range : undefined;
  const isBlock = (isMap(old) || isSeq(old)) && old.flow !== true;
  const start = isEmptyNode(old) || isBlock || !range ? colon + 1 : range[0];
  const end = isEmptyNode(old) || !range ? start : trimmedEnd(text, start, range[1]);
  if (isInline(value)) {
    const space = start === colon + 1 ? ' ' : '';
    return text.slice(0, start) + space + inlineText(value) + text.slice(end);
  }
  // A block stands below its key; a comment behind the key stays where it is.
  const lineEnd = isBlock ? colon + 1 : endOfLine(text, end);
  const comment = isBlock
    ? ''
    : text
        .slice(end, lineEnd)
        .replace(/^(?=[^ ])/u, ' ')
        .trimEnd();
  const block = indented(stringify(value, ymlFormat), `${lineIndent(text, key[0])}  `);
  return `${text.slice(0, colon + 1)}${comment}\n${block}${text.slice(Math.max(end, lineEnd))}`;
}

/** Exchanges a list item that is a single value, or adds one item at the end of a block list. */
function editItem(
  text: string,
  list: Node | null,
  { index, value }: { index: number; value: YmlValue },
): string | undefined {
  if (!isSeq(list)) return undefined;
  const item = list.items[index];
  if (isScalar(item) && item.range && isInline(value)) {
    return text.slice(0, item.range[0]) + inlineText(value) + text.slice(item.range[1]);
  }
  const last = list.items.at(-1);
  if (index !== list.items.length || list.flow === true || !isNode(last) || !last.range) {
    return undefined;
  }
  const dash = text.lastIndexOf('-', last.range[0]);
  const end = endOfLine(text, trimmedEnd(text, last.range[0], last.range[1]));
  const lines = indented(stringify([value], ymlFormat), ' '.repeat(columnOf(text, dash)));
  return `${text.slice(0, end)}\n${lines}${text.slice(end)}`;
}

function addPair(
  text: string,
  parent: Node | null,
  value: Readonly<Record<string, YmlValue>>,
): string | undefined {
  if (parent === null || (isEmptyNode(parent) && !isMap(parent))) {
    const glue = text === '' || text.endsWith('\n') ? '' : '\n';
    return `${text}${glue}${pairText(value)}\n`;
  }
  const last = isMap(parent) && parent.flow !== true ? parent.items.at(-1) : undefined;
  if (last === undefined || !isNode(last.key) || !last.key.range) return undefined;
  const lastEnd = isNode(last.value) && last.value.range ? last.value.range[1] : last.key.range[1];
  const end = endOfLine(text, trimmedEnd(text, last.key.range[1], lastEnd));
  const indent = ' '.repeat(columnOf(text, last.key.range[0]));
  return `${text.slice(0, end)}\n${indented(pairText(value), indent)}${text.slice(end)}`;
}

function removeLines(text: string, pair: Pair): string | undefined {
  if (!isNode(pair.key) || !pair.key.range) return undefined;
  const keyStart = pair.key.range[0];
  const lineStart = text.lastIndexOf('\n', keyStart - 1) + 1;
  if (text.slice(lineStart, keyStart).trim() !== '') return undefined;
  const valueEnd = isNode(pair.value) && pair.value.range ? pair.value.range[1] : pair.key.range[1];
  const end = endOfLine(text, trimmedEnd(text, pair.key.range[1], valueEnd));
  return text.slice(0, lineStart) + text.slice(Math.min(end + 1, text.length));
}

/** Scalars and lists of scalars stand behind the colon; everything else below. */
function isInline(value: YmlValue): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (isYmlList(value)) return value.every((item) => typeof item !== 'object' || item === null);
  return Object.keys(value).length === 0;
}

function inlineText(value: YmlValue): string {
  return stringify(value, { ...ymlFormat, collectionStyle: 'flow', blockQuote: false }).trimEnd();
}

function pairText(value: Readonly<Record<string, YmlValue>>): string {
  return Object.entries(value)
    .map(([name, inner]) => {
      const key = inlineText(name);
      if (isInline(inner)) return `${key}: ${inlineText(inner)}`;
      const lines = isYmlList(inner) ? stringify(inner, ymlFormat).trimEnd() : nestedText(inner);
      return `${key}:\n${indented(lines, '  ')}`;
    })
    .join('\n');
}

function nestedText(value: YmlValue): string {
  return typeof value === 'object' && value !== null && !isYmlList(value) ? pairText(value) : '';
}

function indented(lines: string, indent: string): string {
  return lines.trimEnd().replace(/^(?=.)/gmu, indent);
}

function trimmedEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && /\s/u.test(text[at - 1] ?? '')) at--;
  return at;
}

function endOfLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end;
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}

function lineIndent(text: string, offset: number): string {
  return ' '.repeat(columnOf(text, offset));
}

function isKey(pair: Pair, segment: PathSegment): boolean {
  if (!isScalar(pair.key)) return false;
  const text = typeof pair.key.value === 'string' ? pair.key.value : pair.key.source;
  return text === String(segment);
}

function isEmptyNode(value: unknown): boolean {
  return value === null || (isScalar(value) && value.value === null && !value.source);
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value);
}

function isWithoutItems(value: unknown): boolean {
  return isEmptyNode(value) || (isMap(value) && value.items.length === 0);
}
