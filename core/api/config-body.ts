// Request bodies with keys of the configuration: checked key by key, turned into edits.
import { isDeepStrictEqual } from 'node:util';
import { MediaError } from '../base/media-error.ts';
import type { ConfigEdit } from '../config/config-edit.ts';
import { IssueCollector } from '../config/config-issue.ts';
import { ConfigRegistry } from '../config/config-registry.ts';
import { decodeKeys } from '../config/decode-keys.ts';
import { moveGlobalKeys, movePathKeys } from '../config/deprecated-keys.ts';
import { allGlobalKeys, allPathKeys, type YmlSection } from '../config/encode-config.ts';
import { expandForwards } from '../config/url-schemes.ts';
import { emptyMap, isRawMap, type RawMap, type RawValue } from '../config/yaml-document.ts';
import { oldGlobalNames, oldPathNames } from './config-schemas.ts';

/** What a body says about a section. */
export interface SectionBody {
  /** Without name and nulls. */
  readonly section: YmlSection;
  /** It has everything that the API shows: somebody read it, changed something and sends it back. */
  readonly isWhole: boolean;
}

/** The keys of the global section, and those that belong into pathDefaults nowadays. */
export interface GlobalBody extends SectionBody {
  readonly pathDefaults: YmlSection;
}

/**
 * The keys of the global section that `body` sets; null leaves a key as it is.
 * @throws MediaError `invalid-argument` naming each key that is unknown or has a wrong value.
 */
export function readGlobalBody(body: unknown, registry?: ConfigRegistry): GlobalBody {
  const section = readSection(body, oldGlobalNames);
  const table = allGlobalKeys(registry);
  const isWhole = Object.keys(table).every((name) => Object.hasOwn(section, name));
  const pathDefaults = emptyMap();
  const issues = collectIssues();
  moveGlobalKeys(section, pathDefaults, { issues, moved: new Map() });
  decode({ raw: section, table }, issues);
  decode({ raw: pathDefaults, table: allPathKeys(registry) }, issues);
  issues.throwIfAny();
  return { section, pathDefaults, isWhole };
}

/**
 * The keys of a path that `body` sets.
 * @throws MediaError as readGlobalBody(), and for a name other than `name`.
 */
export function readPathBody(
  body: unknown,
  name: string,
  registry = new ConfigRegistry(),
): SectionBody {
  const issues = collectIssues();
  const given = readSection(body, oldPathNames);
  const section = expandForwards(given, registry.urlSchemes, { path: [], issues });
  const named = section['name'];
  Reflect.deleteProperty(section, 'name');
  const isRight = named === undefined || named === '' || named === name;
  if (!isRight) {
    const message = `name: a path can't be renamed, '${name}' is what the URL says`;
    throw new MediaError('invalid-argument', 'config-invalid-value', message);
  }
  movePathKeys(section, [], { issues, moved: new Map() });
  decode({ raw: section, table: allPathKeys(registry) }, issues);
  issues.throwIfAny();
  return { section, isWhole: named !== undefined };
}

/** One edit for each key of `section`, which stands at `path`. */
export function editsOf(section: YmlSection, path: readonly string[]): readonly ConfigEdit[] {
  return Object.entries(section).map(([name, value]) => ({ path: [...path, name], value }));
}

/**
 * The edits that are not in force already; `shown` is what the API shows of the section. So
 * somebody who sends back everything changes what he changed, and a hidden secret stays.
 */
export function withoutUnchanged(
  edits: readonly ConfigEdit[],
  shown: YmlSection,
): readonly ConfigEdit[] {
  return edits.filter(({ path, value }) => {
    const present = shown[String(path.at(-1))];
    // A clone, because the maps of a body have no prototype.
    return !isDeepStrictEqual(structuredClone(value), present);
  });
}

/** The body as a map of its own, without keys that are null. */
function readSection(body: unknown, oldNames: readonly string[]): RawMap {
  const raw = toRaw(body);
  if (!isRawMap(raw)) {
    throw new MediaError('invalid-argument', 'malformed-body', 'request body: must be an object');
  }
  const known = new Set(oldNames);
  for (const [name, value] of Object.entries(raw)) {
    // A null of an unknown key stays, to be refused with its name.
    if (value === null && known.has(name)) Reflect.deleteProperty(raw, name);
  }
  return raw;
}

interface SectionToDecode {
  readonly raw: RawMap;
  readonly table: ReturnType<typeof allPathKeys>;
}

/** Checks every key and drops those that are null, so that what is written is what was checked. */
function decode({ raw, table }: SectionToDecode, issues: IssueCollector): void {
  decodeKeys(raw, { table, otherNames: [], path: [], hint: () => undefined }, issues);
  for (const [name, value] of Object.entries(raw)) {
    if (value === null) Reflect.deleteProperty(raw, name);
  }
}

function collectIssues(): IssueCollector {
  return new IssueCollector(() => ({ text: 'request body' }));
}

/** JSON as the loader's values; a key like `__proto__` stays an ordinary, unknown key. */
function toRaw(value: unknown): RawValue {
  if (Array.isArray(value)) return value.map(toRaw);
  if (typeof value === 'object' && value !== null) {
    const map = emptyMap();
    for (const [name, inner] of Object.entries(value)) map[name] = toRaw(inner);
    return map;
  }
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    default:
      return null;
  }
}
