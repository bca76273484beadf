// What changed between two configurations, so that a reload touches only that.
import { isDeepStrictEqual } from 'node:util';
import type { Config, Extensions } from './config.ts';

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

/** Compares decoded values: "60s" and "1m" are the same. */
export function diffConfig(before: Config, after: Config): ConfigDiff {
  const global = changedKeys(before.global, after.global);
  const pathDefaults = changedKeys(before.pathDefaults, after.pathDefaults);
  const addedPaths = [...after.paths.keys()].filter((name) => !before.paths.has(name));
  const removedPaths = [...before.paths.keys()].filter((name) => !after.paths.has(name));
  const changedPaths = new Map<string, ReadonlySet<string>>();
  for (const [name, path] of after.paths) {
    const old = before.paths.get(name);
    const keys = old === undefined ? new Set<string>() : changedKeys(old, path);
    if (keys.size > 0) changedPaths.set(name, keys);
  }
  const changes =
    global.size + pathDefaults.size + addedPaths.length + removedPaths.length + changedPaths.size;
  return { global, addedPaths, removedPaths, changedPaths, pathDefaults, isEmpty: changes === 0 };
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
