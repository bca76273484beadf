// Rules of `source: redirect` between paths: a chain of redirects must end somewhere.
import type { PathConfig } from './config.ts';
import { findPathConfig, orderPathRules } from './path-match.ts';
import { isPatternName } from './path-name.ts';
import { redirectLoop, redirectTarget } from './redirect-target.ts';

/** Takes a fault at a key of the path `confName`. */
export type ReportRedirect = (confName: string, key: string, message: string) => void;

/**
 * Reports redirects that lead back to themselves. Of a regular expression, only a target without
 * groups can be followed; the others are looked at when somebody asks. The names of `paths` must be right.
 */
export function validateRedirects(
  paths: ReadonlyMap<string, PathConfig>,
  report: ReportRedirect,
): void {
  if (![...paths.values()].some(({ source }) => source === 'redirect')) return;
  const table = { paths, pathRules: orderPathRules(paths.keys()) };
  const find = (name: string): ReturnType<typeof findPathConfig> => findPathConfig(table, name);
  for (const [confName, config] of paths) {
    const target = redirectTarget({ confName, config, groups: [] });
    if (target?.type !== 'path' || target.name.includes('$G')) continue;
    const loop = redirectLoop(find, isPatternName(confName) ? target.name : confName);
    if (loop !== undefined) report(confName, 'sourceRedirect', `redirects go in a circle: ${loop}`);
  }
}
