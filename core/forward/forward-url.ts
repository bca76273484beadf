// The variables in a `dest`: name of the path, groups of its regular expression.
import type { PathConfig } from '../config/config.ts';
import { findPathConfig, orderPathRules } from '../config/path-match.ts';

/** What the variables stand for. */
export interface ForwardVariables {
  readonly pathName: string;
  /** Key of `paths` that the path belongs to. */
  readonly confName: string;
  readonly config: PathConfig;
}

/** Puts values in the place of $MTX_PATH, $G1, $G2...; a group that does not exist stays as it is. */
export function fillForwardUrl(dest: string, variables: ForwardVariables): string {
  if (!dest.includes('$')) return dest;
  const { pathName, confName, config } = variables;
  const paths = new Map([[confName, config]]);
  const found = findPathConfig({ paths, pathRules: orderPathRules([confName]) }, pathName);
  const groups = found?.groups ?? [];
  return dest.replace(/\$(?:MTX_PATH|G(\d{1,3}))/gu, (whole, digits: string | undefined) =>
    digits === undefined ? pathName : (groups[Number(digits)] ?? whole),
  );
}
