// Turns the text of mediamtx.yml into plain values, strictly, and remembers where each one stands.
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, Scalar, visit } from 'yaml';
import type { Alias, Document, Node, Pair, YAMLMap } from 'yaml';
import { dottedPath } from './config-issue.ts';
import type { ConfigIssue, PathSegment, Place } from './config-issue.ts';
import { findLimitViolation, yamlLimits } from './yaml-limits.ts';

/** A value as the file has it. Maps have no prototype. */
export type RawValue = null | boolean | number | string | RawValue[] | RawMap;

/** Keys and values as the file has them. */
export interface RawMap {
  [key: string]: RawValue;
}

// Words of YAML 1.1 that configuration files of this family still use.
const TRUE_WORDS = /^(?:yes|on)$/iu;
const FALSE_WORDS = /^(?:no|off)$/iu;
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** A parsed file: `root` holds what could be read, `issues` what could not. */
export class YamlDocument {
  readonly root: RawMap = emptyMap();
  readonly #fileName: string;
  readonly #lines = new LineCounter();
  readonly #issues: ConfigIssue[] = [];
  readonly #targets = new Map<Alias, Node>();
  #document: Document.Parsed | undefined;
  #nodes = 0;
  #aliases = 0;

  constructor(text: string, fileName: string) {
    this.#fileName = fileName;
    const violation = findLimitViolation(text);
    if (violation !== undefined) {
      this.#addLines(text);
      this.#issue(violation.offset, { code: 'config-too-large', message: violation.message });
      return;
    }
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      // Checked below in linear time; the parser compares every pair of keys.
      uniqueKeys: false,
      prettyErrors: false,
    });
    this.#document = document;
    for (const problem of [...document.errors, ...document.warnings]) {
      this.#issue(problem.pos[0], { code: 'config-syntax', message: syntaxMessage(problem) });
    }
    if (this.#issues.length > 0) return;
    this.#bindAliases(document);
    this.#readRoot(document);
  }

  get issues(): readonly ConfigIssue[] {
    return this.#issues;
  }

  /** Where the value at `path` stands; for a missing one, its nearest parent. */
  locate(path: readonly PathSegment[]): Place {
    let node: Node | null | undefined = this.#document?.contents;
    let offset = 0;
    for (const segment of path) {
      const next = this.#child(node, segment);
      if (next === undefined) break;
      ({ node, offset } = next);
    }
    return this.#place(offset);
  }

  /** Whether the file itself (not a default) has a value at `path`. */
  has(path: readonly PathSegment[]): boolean {
    let node: Node | null | undefined = this.#document?.contents;
    for (const segment of path) {
      const next = this.#child(node, segment);
      if (next === undefined) return false;
      node = next.node;
    }
    return true;
  }

  /** One pass for all aliases: looking each one up on its own would take quadratic time. */
  #bindAliases(document: Document.Parsed): void {
    const anchors = new Map<string, Node>();
    visit(document, {
      Node: (_key, node) => {
        if (isAlias(node)) {
          const target = anchors.get(node.source);
          if (target !== undefined) this.#targets.set(node, target);
        } else if (isNode(node) && node.anchor !== undefined) anchors.set(node.anchor, node);
      },
    });
  }

  #readRoot(document: Document.Parsed): void {
    const contents: Node | null = document.contents;
    if (contents === null || (isScalar(contents) && contents.value === null)) return;
    if (!isMap(contents)) {
      this.#issue(contents.range?.[0] ?? 0, {
        code: 'config-syntax',
        message: 'the file must be a map of keys and values',
      });
      return;
    }
    this.#readMap(contents, [], this.root);
  }

  #read(node: unknown, path: readonly PathSegment[]): RawValue {
    if (++this.#nodes > yamlLimits.nodes || path.length > yamlLimits.depth) {
      if (this.#nodes !== Infinity) {
        this.#issue(offsetOf(node), {
          code: 'config-too-large',
          message: `aliases make more than ${yamlLimits.nodes} values or nest too deep`,
        });
      }
      // Ends the walk: every further value meets the limit at once.
      this.#nodes = Infinity;
      return null;
    }
    if (isAlias(node)) return this.#read(this.#resolve(node, path), path);
    if (isScalar(node)) return this.#readScalar(node, path);
    if (isMap(node)) return this.#readMap(node, path, emptyMap());
    if (isSeq(node)) return this.#readList(node.items, path);
    return null;
  }

  #readList(items: readonly unknown[], path: readonly PathSegment[]): RawValue[] {
    const list: RawValue[] = [];
    for (const [index, item] of items.entries()) {
      if (this.#nodes === Infinity) break;
      list.push(this.#read(item, [...path, index]));
    }
    return list;
  }

  #readScalar(node: Scalar, path: readonly PathSegment[]): RawValue {
    const value: unknown = node.value;
    if (node.type === Scalar.PLAIN && node.tag === undefined && typeof value === 'string') {
      if (TRUE_WORDS.test(value)) return true;
      if (FALSE_WORDS.test(value)) return false;
      return value;
    }
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    this.#issue(offsetOf(node), {
      code: 'config-invalid-value',
      path,
      message: `'${(node.source ?? '').slice(0, 64)}' is not a value that can be used here`,
    });
    return null;
  }

  #readMap(map: YAMLMap, path: readonly PathSegment[], target: RawMap): RawMap {
    const seen = new Set<string>();
    for (const pair of map.items) {
      if (this.#nodes === Infinity) break;
      const name = keyText(pair);
      const keyPath = [...path, name ?? '?'];
      const refusal = this.#refuseKey(name, seen);
      if (name === undefined || refusal !== undefined) {
        this.#issue(offsetOf(pair.key), { path: keyPath, ...(refusal ?? NOT_TEXT) });
        continue;
      }
      seen.add(name);
      if (name === '<<') this.#merge(pair.value, path, target);
      else target[name] = this.#read(pair.value, keyPath);
    }
    return target;
  }

  #refuseKey(name: string | undefined, seen: ReadonlySet<string>): Refusal | undefined {
    if (name === undefined) return NOT_TEXT;
    if (FORBIDDEN_KEYS.has(name)) {
      return { code: 'config-unknown-key', message: `'${name}' cannot be used as a key` };
    }
    if (!seen.has(name)) return undefined;
    return {
      code: 'config-duplicate-key',
      message: `key '${name.slice(0, 64)}' stands here twice`,
    };
  }

  /** YAML 1.1 merge key: takes the keys of the other map that this one does not have itself. */
  #merge(value: unknown, path: readonly PathSegment[], target: RawMap): void {
    const sources = isSeq(value) ? value.items : [value];
    for (const source of sources) {
      const merged = this.#read(source, path);
      if (!isRawMap(merged)) {
        this.#issue(offsetOf(source), {
          code: 'config-syntax',
          path,
          message: "'<<' needs a map, or a list of maps",
        });
        continue;
      }
      for (const [name, inner] of Object.entries(merged)) {
        if (!Object.hasOwn(target, name)) target[name] = inner;
      }
    }
  }

  #resolve(alias: Alias, path: readonly PathSegment[]): Node | undefined {
    if (++this.#aliases > yamlLimits.aliases) {
      this.#issue(offsetOf(alias), {
        code: 'config-too-large',
        path,
        message: `the file uses more than ${yamlLimits.aliases} aliases`,
      });
      this.#nodes = Infinity;
      return undefined;
    }
    const target = this.#targets.get(alias);
    if (target === undefined) {
      const message = `'*${alias.source.slice(0, 64)}' has no anchor before it`;
      this.#issue(offsetOf(alias), { code: 'config-syntax', path, message });
    }
    return target;
  }

  #child(
    parent: Node | null | undefined,
    segment: PathSegment,
  ): { node: Node | null; offset: number } | undefined {
    const node = isAlias(parent) ? this.#targets.get(parent) : parent;
    if (isSeq(node) && typeof segment === 'number') {
      const item = node.items[segment];
      return isNode(item) ? { node: item, offset: offsetOf(item) } : undefined;
    }
    if (!isMap(node)) return undefined;
    const pair = node.items.find((candidate) => keyText(candidate) === String(segment));
    if (pair === undefined) return undefined;
    return { node: isNode(pair.value) ? pair.value : null, offset: offsetOf(pair.key) };
  }

  #issue(offset: number, refusal: Refusal & { path?: readonly PathSegment[] }): void {
    if (this.#issues.length >= 50) return;
    const { code, message, path = [] } = refusal;
    this.#issues.push({ code, key: dottedPath(path), message, place: this.#place(offset) });
  }

  #place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    if (line === 0) return { text: this.#fileName };
    return { text: `${this.#fileName}:${line}:${col}`, line, column: col };
  }

  #addLines(text: string): void {
    this.#lines.addNewLine(0);
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) {
      this.#lines.addNewLine(end + 1);
    }
  }
}

interface Refusal {
  readonly code: string;
  readonly message: string;
}

const NOT_TEXT: Refusal = { code: 'config-syntax', message: 'a key must be a word or a number' };

/** Whether a raw value is a map. */
export function isRawMap(value: RawValue | undefined): value is RawMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A map without prototype, safe for any key. */
export function emptyMap(): RawMap {
  return { __proto__: null };
}

/** A key as written: `8554:` is the text "8554". */
function keyText(pair: Pair): string | undefined {
  if (!isScalar(pair.key)) return undefined;
  const { source } = pair.key;
  const value: unknown = pair.key.value;
  if (typeof value === 'string') return value;
  return value === null ? undefined : source;
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}

function offsetOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

function syntaxMessage(problem: { code: string; message: string }): string {
  if (problem.code === 'MULTIPLE_DOCS') return 'the file has a second document after ---';
  return problem.message.split('\n', 1)[0]?.slice(0, 200) ?? '';
}
