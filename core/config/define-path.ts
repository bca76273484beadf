// A path that is defined while the server runs: the same rules as for an entry of `paths`.
import type { Config, ConfigWarning, PathConfig } from './config.ts';
import { IssueCollector, type PathSegment } from './config-issue.ts';
import { ConfigRegistry } from './config-registry.ts';
import { decodeKeys, type DecodedValues } from './decode-keys.ts';
import { allPathKeys, type YmlSection, type YmlValue } from './encode-config.ts';
import { NotBuiltFilter } from './not-built-filter.ts';
import { isPatternName, pathNameFault } from './path-name.ts';
import { isYmlList } from './redact-config.ts';
import { expandForwards } from './url-schemes.ts';
import { validatePath } from './validate-path.ts';
import { emptyMap, type RawMap, type RawValue } from './yaml-document.ts';

/** One path: its name, and its own values over `pathDefaults`. */
export interface PathDefinition {
  /** An exact name; regular expressions belong into the file. */
  readonly name: string;
  /** In yml form: durations as "10s". */
  readonly values: YmlSection;
}

/** What a definition comes to. */
export interface DefinedPath {
  readonly config: PathConfig;
  readonly warnings: readonly ConfigWarning[];
}

/**
 * Decodes and checks a path as the loader would check an entry of `paths`.
 * @throws MediaError `invalid-argument` naming every bad key and value.
 */
export function definePath(
  config: Pick<Config, 'global' | 'pathDefaults'>,
  { name, values }: PathDefinition,
  registry = new ConfigRegistry(),
): DefinedPath {
  const issues = new IssueCollector(() => ({ text: `path '${name.slice(0, 255)}'` }));
  checkName(name, issues);
  const table = allPathKeys(registry);
  const options = { table, otherNames: [], path: [], hint: () => undefined };
  const { urlSchemes } = registry;
  const raw = expandForwards(toRawMap(values), urlSchemes, { path: [], issues });
  const explicit = decodeKeys(raw, options, issues);
  issues.throwIfAny();
  const merged = merge(config.pathDefaults, withoutMissing(name, explicit, issues), registry);
  const { global } = config;
  validatePath({ confName: name, config: merged, global, urlSchemes }, (path, message) =>
    issues.error({ code: 'config-invalid-value', path, message }),
  );
  issues.throwIfAny();
  return { config: merged, warnings: issues.warnings };
}

/** Turns off what this version cannot do. */
function withoutMissing(
  name: string,
  explicit: DecodedValues,
  issues: IssueCollector,
): DecodedValues {
  const own: DecodedValues = new Map(explicit);
  const none = { global: new Map(), pathDefaults: new Map() };
  const filter = new NotBuiltFilter({ ...none, paths: new Map([[name, explicit]]) }, issues);
  filter.apply({ ...none, paths: new Map([[name, own]]) });
  return own;
}

function merge(defaults: PathConfig, own: DecodedValues, registry: ConfigRegistry): PathConfig {
  const names = registry.pathKeys;
  const isExtension = (name: string): boolean => Object.hasOwn(names, name);
  const entries = [...own];
  const extensions = Object.freeze({
    ...defaults.extensions,
    ...Object.fromEntries(entries.filter(([name]) => isExtension(name))),
  });
  const values = Object.fromEntries(entries.filter(([name]) => !isExtension(name)));
  return Object.freeze({ ...defaults, ...values, extensions });
}

function checkName(name: string, issues: IssueCollector): void {
  const fault = isPatternName(name)
    ? 'must be an exact name, not a regular expression'
    : pathNameFault(name);
  if (fault === undefined) return;
  const path: PathSegment[] = [];
  const message = `invalid path name '${name.slice(0, 255)}': ${fault}`;
  issues.error({ code: 'config-invalid-path-name', path, message });
}

function toRawMap(section: YmlSection): RawMap {
  const map = emptyMap();
  for (const [name, value] of Object.entries(section)) map[name] = toRaw(value);
  return map;
}

function toRaw(value: YmlValue): RawValue {
  if (isYmlList(value)) return value.map(toRaw);
  return typeof value === 'object' && value !== null ? toRawMap(value) : value;
}
