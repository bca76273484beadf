// Environment variables that override the file: MTX_API=yes, MTX_PATHS_CAM1_SOURCE=rtsp://...
import type { z } from 'zod';
import type { ConfigKey, KeyTable } from './config-key.ts';
import type { IssueCollector, PathSegment } from './config-issue.ts';
import { dottedPath } from './config-issue.ts';
import { nearestKey } from './nearest-key.ts';
import { childSchema, fieldNames, inputKind } from './schema-walk.ts';
import { emptyMap, isRawMap } from './yaml-document.ts';
import type { RawMap, RawValue } from './yaml-document.ts';

/** Environment as the process got it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The key tables that variables may name. */
export interface EnvironmentTables {
  readonly global: KeyTable;
  readonly path: KeyTable;
}

// Names that hooks give to their commands; a server started by a hook inherits them.
const HOOK_VARIABLES: ReadonlySet<string> = new Set([
  'CONFKEY',
  'CONN_TYPE',
  'CONN_ID',
  'PATH',
  'QUERY',
  'SOURCE_TYPE',
  'SOURCE_ID',
  'READER_TYPE',
  'READER_ID',
  'SEGMENT_PATH',
  'SEGMENT_DURATION',
]);
const MAX_INDEX = 10_000;

/** Writes overrides into `root` (the raw file) and remembers which variable set what. */
export class EnvironmentOverrides {
  readonly #root: RawMap;
  readonly #tables: EnvironmentTables;
  readonly #issues: IssueCollector;
  readonly #globalNames: ReadonlyMap<string, string>;
  readonly #pathNames: ReadonlyMap<string, string>;
  readonly #origins: Map<string, string>;

  /** `origins` receives the variable name by dotted key path. */
  constructor(
    root: RawMap,
    tables: EnvironmentTables,
    { issues, origins }: { issues: IssueCollector; origins: Map<string, string> },
  ) {
    this.#root = root;
    this.#tables = tables;
    this.#issues = issues;
    this.#origins = origins;
    this.#globalNames = upperCaseNames(tables.global);
    this.#pathNames = upperCaseNames(tables.path);
  }

  /** Applies the variables of both prefixes; MTX_ wins over the legacy RTSP_. */
  apply(env: Environment): void {
    for (const prefix of ['RTSP_', 'MTX_']) {
      const names = Object.keys(env).filter((name) => name.startsWith(prefix));
      // By number, so that list item 2 comes before item 10.
      names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
      for (const name of names) this.#applyOne(name, prefix, env[name] ?? '');
    }
  }

  #applyOne(name: string, prefix: string, value: string): void {
    const words = name.slice(prefix.length).split('_');
    const target = this.#resolve(words);
    if (target !== undefined) {
      this.#set(name, target, value);
      return;
    }
    const isKnown = HOOK_VARIABLES.has(words.join('_'));
    if (prefix === 'MTX_' && !isKnown) this.#warnUnknown(name, words[0] ?? '');
  }

  #warnUnknown(name: string, word: string): void {
    const nearest = nearestKey(word, this.#globalNames.keys());
    const hint = nearest === undefined ? '' : `; did you mean MTX_${nearest}?`;
    const message = `there is no such key; the variable is ignored${hint}`;
    this.#issues.warnAbout(name, 'config-unknown-variable', message);
  }

  #resolve(words: readonly string[]): Target | undefined {
    const [first = '', ...rest] = words;
    if (first === 'PATHDEFAULTS') return this.#pathTarget(['pathDefaults'], rest);
    if (first === 'PATHS') return this.#namedPathTarget(rest);
    const name = this.#globalNames.get(first);
    const definition = name === undefined ? undefined : this.#tables.global[name];
    if (name === undefined || definition === undefined) return undefined;
    return { section: [], name, definition, rest };
  }

  /** The name of the path may have underscores itself: the first split that gives a key counts. */
  #namedPathTarget(words: readonly string[]): Target | undefined {
    for (let split = 1; split < words.length; split++) {
      const path = this.#pathName(words.slice(0, split).join('_').toLowerCase());
      const target = this.#pathTarget(['paths', path], words.slice(split));
      if (target !== undefined) return target;
    }
    return undefined;
  }

  #pathName(lowerCase: string): string {
    const { paths } = this.#root;
    const names = isRawMap(paths) ? Object.keys(paths) : [];
    return names.find((name) => name.toLowerCase() === lowerCase) ?? lowerCase;
  }

  #pathTarget(section: readonly string[], words: readonly string[]): Target | undefined {
    const [word = '', ...rest] = words;
    const name = this.#pathNames.get(word);
    const definition = name === undefined ? undefined : this.#tables.path[name];
    if (name === undefined || definition === undefined) return undefined;
    return { section, name, definition, rest };
  }

  #set(variable: string, target: Target, text: string): void {
    const { section, name, definition, rest } = target;
    const path: PathSegment[] = [...section, name];
    this.#origins.set(dottedPath(path), variable);
    const parent = this.#section(section);
    if (rest.length === 0) {
      parent[name] = fromText(definition.schema, text);
      return;
    }
    const inherited = this.#section(section[0] === 'paths' ? ['pathDefaults'] : section)[name];
    const value = parent[name] ?? toRaw(inherited ?? definition.default);
    parent[name] = isTextOrList(definition.schema) && typeof value === 'string' ? [value] : value;
    const fault = setInside(parent[name], definition.schema, { words: rest, value: text });
    if (fault !== undefined) {
      this.#issues.error({ code: 'config-invalid-variable', path, message: fault });
    }
  }

  #section(names: readonly string[]): RawMap {
    let map = this.#root;
    for (const name of names) {
      const inner = map[name];
      const next = isRawMap(inner) ? inner : emptyMap();
      // A section of another type is left alone: the loader reports it.
      if (inner === undefined || inner === null) map[name] = next;
      map = next;
    }
    return map;
  }
}

interface Target {
  readonly section: readonly string[];
  readonly name: string;
  readonly definition: ConfigKey;
  /** What follows the key: list indexes and field names. */
  readonly rest: readonly string[];
}

/** Sets an item or a field below a list or struct; returns what is wrong, if anything. */
function setInside(
  container: RawValue,
  schema: z.core.$ZodType,
  { words, value }: { words: readonly string[]; value: string },
): string | undefined {
  const [word = '', ...rest] = words;
  const isList = Array.isArray(container);
  const segment = isList ? listIndex(word, container.length) : fieldName(word, schema);
  const inner = segment === undefined ? undefined : childSchema(schema, segment);
  if (segment === undefined || inner === undefined) {
    return `'_${word.slice(0, 64)}' in the name is no ${isList ? 'index of the list (next free or existing)' : 'field'}`;
  }
  const target = isList ? childOfList(container, segment) : childOfMap(container, segment);
  if (target === undefined) return `'_${word.slice(0, 64)}' in the name leads into a single value`;
  if (rest.length === 0) {
    target.set(fromText(inner, value));
    return undefined;
  }
  const next = target.get() ?? (inputKind(inner) === 'list' ? [] : emptyMap());
  target.set(next);
  return setInside(next, inner, { words: rest, value });
}

interface Slot {
  get(): RawValue | undefined;
  set(value: RawValue): void;
}

function childOfList(list: RawValue[], segment: PathSegment): Slot {
  const index = Number(segment);
  return { get: () => list[index], set: (value) => void (list[index] = value) };
}

function childOfMap(map: RawValue, segment: PathSegment): Slot | undefined {
  if (!isRawMap(map)) return undefined;
  const name = String(segment);
  return { get: () => map[name], set: (value) => void (map[name] = value) };
}

/** As `source`: an index in the name of a variable makes a list of the text. */
function isTextOrList(schema: z.core.$ZodType): boolean {
  return inputKind(schema) === 'text' && childSchema(schema, 0) !== undefined;
}

function listIndex(word: string, length: number): number | undefined {
  const index = /^\d{1,5}$/u.test(word) ? Number(word) : NaN;
  return index <= length && index < MAX_INDEX ? index : undefined;
}

function fieldName(word: string, schema: z.core.$ZodType): string | undefined {
  return fieldNames(schema).find((name) => name.toUpperCase() === word);
}

/** Gives the text of a variable the type that the schema wants; the decoder judges the rest. */
function fromText(schema: z.core.$ZodType, text: string): RawValue {
  switch (inputKind(schema)) {
    case 'flag': {
      const word = text.trim().toLowerCase();
      if (word === 'yes' || word === 'true') return true;
      return word === 'no' || word === 'false' ? false : text;
    }
    case 'number':
      return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
    case 'list':
      return text === '' ? [] : text.split(',').map((item) => listItem(schema, item));
    case 'struct':
    case 'text':
      return text;
  }
}

function listItem(schema: z.core.$ZodType, text: string): RawValue {
  const inner = childSchema(schema, 0);
  return inner === undefined ? text : fromText(inner, text.trim());
}

/** A copy of a default or inherited value that may be changed. */
function toRaw(value: unknown): RawValue {
  if (Array.isArray(value)) return value.map(toRaw);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  const map = emptyMap();
  for (const [name, inner] of Object.entries(value ?? {})) map[name] = toRaw(inner);
  return map;
}

function upperCaseNames(table: KeyTable): ReadonlyMap<string, string> {
  return new Map(Object.keys(table).map((name) => [name.toUpperCase(), name]));
}
