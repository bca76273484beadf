// Edits the text of YAML maps and lists that stand within braces and brackets.
import { isAlias, isMap, isPair, isScalar, isSeq, stringify } from 'yaml';
import type { Node, YAMLMap, YAMLSeq } from 'yaml';
import type { YmlValue } from './encode-config.ts';

/** Whether a map or list stands within braces or brackets. */
export function isFlow(node: Node | null): boolean {
  return (isMap(node) || isSeq(node)) && node.flow === true;
}

/** A value as it can stand within braces: a comma in a text needs quotes there. */
export function flowText(value: YmlValue): string {
  const list = stringify([value], {
    lineWidth: 0,
    flowCollectionPadding: false,
    compat: 'yaml-1.1',
    collectionStyle: 'flow',
    blockQuote: false,
  });
  return list.trim().slice(1, -1);
}

/** Puts one more item before the one at `index`, or at the end. */
export function addToFlow(
  text: string,
  node: YAMLMap | YAMLSeq,
  { index, written }: { readonly index: number; readonly written: string },
): string | undefined {
  const next = extentOf(node.items[index]);
  if (next !== undefined)
    return `${text.slice(0, next.start)}${written}, ${text.slice(next.start)}`;
  const last = extentOf(node.items.at(-1));
  if (last !== undefined) return `${text.slice(0, last.end)}, ${written}${text.slice(last.end)}`;
  if (!node.range) return undefined;
  const inside = node.range[0] + 1;
  return `${text.slice(0, inside)}${written}${text.slice(inside)}`;
}

/** Takes one item out, with the comma that it needed. */
export function removeFromFlow(
  text: string,
  node: YAMLMap | YAMLSeq,
  index: number,
): string | undefined {
  const own = extentOf(node.items[index]);
  if (own === undefined) return undefined;
  const next = extentOf(node.items[index + 1]);
  const previous = extentOf(node.items[index - 1]);
  if (next !== undefined) return text.slice(0, own.start) + text.slice(next.start);
  return text.slice(0, previous?.end ?? own.start) + text.slice(own.end);
}

interface Extent {
  readonly start: number;
  readonly end: number;
}

function extentOf(item: unknown): Extent | undefined {
  if (!isPair(item)) return rangeOf(item);
  const key = rangeOf(item.key);
  return key && { start: key.start, end: rangeOf(item.value)?.end ?? key.end };
}

function rangeOf(node: unknown): Extent | undefined {
  const isNode = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node);
  return isNode && node.range ? { start: node.range[0], end: node.range[1] } : undefined;
}
