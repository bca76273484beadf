// Edits the text of a YAML file in place, so that comments and layout stay.
import { isAlias, isMap, isScalar, isSeq, parseDocument, stringify } from 'yaml';
import type { Document, Node, Pair, YAMLSeq } from 'yaml';
import type { PathSegment } from './config-issue.ts';
import type { YmlValue } from './encode-config.ts';
import { isYmlList } from './redact-config.ts';
import type { TextEdit } from './refine-edit.ts';
import { addToFlow, flowText, isFlow, removeFromFlow } from './yaml-flow-edit.ts';

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
export function editText(text: string, edit: TextEdit): string | undefined {
  const { value } = edit;
  const { pair, parent, missing } = findPair(parseDocument(text), edit.path);
  const [name, ...rest] = missing;
  if (typeof name === 'number') {
    if (rest.length > 0 || !isSeq(parent.node)) return undefined;
    return editItem(text, parent.node, { ...edit, index: name });
  }
  if (value === undefined) {
    return pair === undefined ? text : removePair(text, parent.node, pair);
  }
  if (pair !== undefined) return replaceValue(text, pair, { value, isInFlow: isFlow(parent.node) });
  if (name === undefined) return undefined;
  const added = {
    [name]: rest.reduceRight<YmlValue>((inner, key) => ({ [key]: inner }), value),
  };
  if (parent.pair !== undefined && isWithoutItems(parent.pair.value)) {
    return replaceValue(text, parent.pair, { value: added, isInFlow: parent.isInFlow });
  }
  return addPair(text, parent.node, added);
}

interface FoundPair {
  /** The pair that the path names. */
  readonly pair: Pair | undefined;
  /** The deepest node on the way that exists, and the pair that it is the value of. */
  readonly parent: {
    readonly node: Node | null;
    readonly pair: Pair | undefined;
    /** The pair stands within braces. */
    readonly isInFlow: boolean;
  };
  /** The rest of the path below `parent`. */
  readonly missing: readonly PathSegment[];
}

function findPair(document: Document.Parsed, path: readonly PathSegment[]): FoundPair {
  let node: unknown = document.contents;
  let pair: Pair | undefined;
  let isInFlow = false;
  for (const [index, segment] of path.entries()) {
    const parent = { node: isNode(node) ? node : null, pair, isInFlow };
    const isLast = index === path.length - 1;
    isInFlow = isFlow(parent.node);
    let next: Pair | undefined;
    if (isMap(node)) next = node.items.find((item) => isKey(item, segment));
    else if (!isLast && isSeq(node) && typeof segment === 'number' && isMap(node.items[segment])) {
      node = node.items[segment];
      pair = undefined;
      continue;
    }
    if (next === undefined) return { pair: undefined, parent, missing: path.slice(index) };
    if (isLast) return { pair: next, parent, missing: [] };
    pair = next;
    node = next.value;
  }
  return { pair: undefined, parent: { node: null, pair, isInFlow }, missing: [] };
}

function replaceValue(
  text: string,
  pair: Pair,
  { value, isInFlow }: { readonly value: YmlValue; readonly isInFlow: boolean },
): string | undefined {
  const key = isNode(pair.key) ? pair.key.range : undefined;
  if (!key) return undefined;
  const colon = text.indexOf(':', key[1]);
  if (colon < 0) return undefined;
  const { value: old } = pair;
  const range = isNode(old) ? old.range : undefined;
  const isBlock = (isMap(old) || isSeq(old)) && old.flow !== true;
  const start = isEmptyNode(old) || isBlock || !range ? colon + 1 : range[0];
  const end = isEmptyNode(old) || !range ? start : trimmedEnd(text, start, range[1]);
  if (isInFlow || isInline(value)) {
    const space = start === colon + 1 ? ' ' : '';
    const written = isInFlow ? flowText(value) : inlineText(value);
    return text.slice(0, start) + space + written + text.slice(end);
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

/** Exchanges a list item that is a single value, removes one, or adds one. */
function editItem(
  text: string,
  list: YAMLSeq,
  { index, value, isInsert = false }: Omit<TextEdit, 'path'> & { readonly index: number },
): string | undefined {
  const item = list.items[index];
  if (value === undefined) {
    if (item === undefined) return text;
    return isFlow(list) ? removeFromFlow(text, list, index) : removeItem(text, item);
  }
  if (item !== undefined && !isInsert) {
    if (!isScalar(item) || !item.range || !isInline(value)) return undefined;
    const written = isFlow(list) ? flowText(value) : inlineText(value);
    return text.slice(0, item.range[0]) + written + text.slice(item.range[1]);
  }
  if (index > list.items.length) return undefined;
  if (isFlow(list)) return addToFlow(text, list, { index, written: flowText(value) });
  return addItem(text, list, { index, value });
}

function addItem(
  text: string,
  list: YAMLSeq,
  { index, value }: { readonly index: number; readonly value: YmlValue },
): string | undefined {
  const near = list.items[Math.max(0, index - 1)];
  if (!isNode(near) || !near.range) return undefined;
  const dash = dashBefore(text, near.range[0]);
  const lines = indented(stringify([value], ymlFormat), ' '.repeat(columnOf(text, dash)));
  if (index === 0) {
    const start = startOfLine(text, dash);
    return `${text.slice(0, start)}${lines}\n${text.slice(start)}`;
  }
  const end = endOfLine(text, trimmedEnd(text, near.range[0], near.range[1]));
  return `${text.slice(0, end)}\n${lines}${text.slice(end)}`;
}

function removeItem(text: string, item: unknown): string | undefined {
  if (!isNode(item) || !item.range) return undefined;
  const dash = dashBefore(text, item.range[0]);
  const start = startOfLine(text, dash);
  if (dash < 0 || text.slice(start, dash).trim() !== '') return undefined;
  const end = endOfLine(text, trimmedEnd(text, item.range[0], item.range[1]));
  return text.slice(0, start) + text.slice(Math.min(end + 1, text.length));
}

function dashBefore(text: string, offset: number): number {
  return text.lastIndexOf('-', offset - 1);
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
  if (isMap(parent) && isFlow(parent)) {
    const written = flowText(value).slice(1, -1);
    return addToFlow(text, parent, { index: parent.items.length, written });
  }
  const last = isMap(parent) ? parent.items.at(-1) : undefined;
  if (last === undefined || !isNode(last.key) || !last.key.range) return undefined;
  const lastEnd = isNode(last.value) && last.value.range ? last.value.range[1] : last.key.range[1];
  const end = endOfLine(text, trimmedEnd(text, last.key.range[1], lastEnd));
  const indent = ' '.repeat(columnOf(text, last.key.range[0]));
  return `${text.slice(0, end)}\n${indented(pairText(value), indent)}${text.slice(end)}`;
}

function removePair(text: string, parent: Node | null, pair: Pair): string | undefined {
  if (isMap(parent) && isFlow(parent)) {
    return removeFromFlow(text, parent, parent.items.indexOf(pair));
  }
  if (!isNode(pair.key) || !pair.key.range) return undefined;
  const keyStart = pair.key.range[0];
  const lineStart = startOfLine(text, keyStart);
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

function startOfLine(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

function columnOf(text: string, offset: number): number {
  return offset - startOfLine(text, offset);
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
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}

function isWithoutItems(value: unknown): boolean {
  if (value === null) return true;
  return isScalar(value) ? value.value === null : isMap(value) && value.items.length === 0;
}
