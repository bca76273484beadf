// What changed between two configurations, so that a reload touches only that.
import { isDeepStrictEqual } from 'node:util';
import type { Config, Extensions, PathConfig } from './config.ts';

/** Log lines stay readable when a thousand paths change. */
const MAX_NAMES = 20;

/** Names of what changed. */
export interface ConfigDiff {
  /** Global keys, extensions included. */
  readonly global: ReadonlySet<string>;
  /** Keys of `paths`. A change of pathDefaults shows up in every path that inherits it. */
  readonly addedPaths: readonly string[];
  readonly removedPaths: readonly string[];
  /** Changed path keys by key of `paths`. */
  readonly changedPaths: ReadonlyMap<string, ReadonlySet<string>>;
  /** Changed keys of pathDefaults, which count for paths that are made later. */
  readonly pathDefaults: ReadonlySet<string>;
  readonly isEmpty: boolean;
}

/** Names of entries of `paths` that changed. */
export type PathsDiff = Pick<ConfigDiff, 'addedPaths' | 'removedPaths' | 'changedPaths'>;

/** Compares decoded values: "60s" and "1m" are the same. */
export function diffConfig(before: Config, after: Config): ConfigDiff {
  const global = changedKeys(before.global, after.global);
  const pathDefaults = changedKeys(before.pathDefaults, after.pathDefaults);
  const paths = diffPaths(before.paths, after.paths);
  const changes =
    global.size +
    pathDefaults.size +
    paths.addedPaths.length +
    paths.removedPaths.length +
    paths.changedPaths.size;
  return { global, ...paths, pathDefaults, isEmpty: changes === 0 };
}

/** Compares entries of `paths` by their decoded values. */
export function diffPaths(
  before: ReadonlyMap<string, PathConfig>,
  after: ReadonlyMap<string, PathConfig>,
): PathsDiff {
  const addedPaths = [...after.keys()].filter((name) => !before.has(name));
  const removedPaths = [...before.keys()].filter((name) => !after.has(name));
  const changedPaths = new Map<string, ReadonlySet<string>>();
  for (const [name, path] of after) {
    const old = before.get(name);
    const keys = old === undefined ? new Set<string>() : changedPathKeys(old, path);
    if (keys.size > 0) changedPaths.set(name, keys);
  }
  return { addedPaths, removedPaths, changedPaths };
}

/** Keys whose values differ, those of outer layers included. */
export function changedPathKeys(before: PathConfig, after: PathConfig): ReadonlySet<string> {
  return before === after ? new Set() : changedKeys(before, after);
}

/** The names in one line for the log, e.g. "global keys: logLevel; paths added: cam1". */
export function describeDiff(diff: ConfigDiff): string {
  const groups: readonly (readonly [string, Iterable<string>])[] = [
    ['global keys', diff.global],
    ['pathDefaults', diff.pathDefaults],
    ['paths added', diff.addedPaths],
    ['paths removed', diff.removedPaths],
    ['paths changed', diff.changedPaths.keys()],
  ];
  return groups
    .map(([title, names]) => [title, [...names]] as const)
    .filter(([, names]) => names.length > 0)
    .map(([title, names]) => `${title}: ${shorten(names)}`)
    .join('; ');
}

function shorten(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  const shown = names.slice(0, MAX_NAMES).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

type Section = Readonly<Record<string, unknown>> & { readonly extensions: Extensions };

function changedKeys(before: Section, after: Section): ReadonlySet<string> {
  const old = flatten(before);
  const now = flatten(after);
  const names = new Set([...old.keys(), ...now.keys()]);
  return new Set([...names].filter((name) => !isDeepStrictEqual(old.get(name), now.get(name))));
}

function flatten({ extensions, ...values }: Section): ReadonlyMap<string, unknown> {
  return new Map([...Object.entries(values), ...Object.entries(extensions)]);
}
