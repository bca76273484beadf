// Finds the entry of `paths` that a requested name belongs to.
import type { Config, PathConfig, PathRule } from './config.ts';
import { isCatchAll, isPatternName, pathNameFault } from './path-name.ts';
import { PathPattern } from './path-pattern.ts';

/** The entry that a name belongs to. */
export interface PathMatch {
  /** Key in `paths`. */
  readonly confName: string;
  readonly config: PathConfig;
  /** The whole match and the groups ($G1 is groups[1]); empty for an exact name. */
  readonly groups: readonly string[];
}

/**
 * The entry for `name`: the exact one, else the first regular expression in alphabetical order,
 * else the catch-all. undefined when the name is invalid or no entry takes it.
 */
export function findPathConfig(
  config: Pick<Config, 'paths' | 'pathRules'>,
  name: string,
): PathMatch | undefined {
  if (pathNameFault(name) !== undefined) return undefined;
  const exact = config.paths.get(name);
  if (exact !== undefined && !isPatternName(name)) {
    return { confName: name, config: exact, groups: [] };
  }
  for (const { confName, pattern } of config.pathRules) {
    const groups = pattern.match(name);
    const found = config.paths.get(confName);
    if (groups !== undefined && found !== undefined) return { confName, config: found, groups };
  }
  return undefined;
}

/**
 * The regular expressions among the keys of `paths`, in match order.
 * @throws MediaError `invalid-argument` when one does not compile.
 */
export function orderPathRules(confNames: Iterable<string>): readonly PathRule[] {
  const names = [...confNames].filter(isPatternName);
  names.sort((a, b) => Number(isCatchAll(a)) - Number(isCatchAll(b)) || (a < b ? -1 : 1));
  return Object.freeze(
    names.map((confName) => {
      const source = isCatchAll(confName) ? '^.*$' : confName.slice(1);
      return Object.freeze({ confName, pattern: new PathPattern(source) });
    }),
  );
}
