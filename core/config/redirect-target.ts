// Where `source: redirect` sends the readers of a path, and chains of redirects that come back.
import type { PathMatch } from './path-match.ts';

/** Another path of this server, or an RTSP URL (which may hold credentials). */
export type RedirectTarget =
  { readonly type: 'path'; readonly name: string } | { readonly type: 'url'; readonly url: string };

/** How many paths a chain of redirects may lead through. */
const MAX_HOPS = 8;

/** Puts the groups of the path's regular expression in the place of $G1, $G2...; groups[0] is the whole name. */
export function fillGroups(text: string, groups: readonly string[]): string {
  return text.replace(/\$G(\d+)/gu, (whole, digits: string) => groups[Number(digits)] ?? whole);
}

/** Where an entry sends its readers; undefined when they are served here. */
export function redirectTarget({ config, groups }: PathMatch): RedirectTarget | undefined {
  if (config.source !== 'redirect') return undefined;
  const text = fillGroups(config.sourceRedirect, groups);
  return text.startsWith('/') ? { type: 'path', name: text.slice(1) } : { type: 'url', url: text };
}

/**
 * The names of a chain of redirects that leads nowhere, e.g. `a -> b -> a`: it comes back, or is
 * longer than eight. undefined when it ends with a path that is no redirect, or with a URL.
 */
export function redirectLoop(
  find: (name: string) => PathMatch | undefined,
  start: string,
): string | undefined {
  const names = [start];
  for (let name = start; names.length <= MAX_HOPS + 1;) {
    const found = find(name);
    const target = found && redirectTarget(found);
    if (target?.type !== 'path') return undefined;
    name = target.name;
    const isBack = names.includes(name);
    names.push(name);
    if (isBack) break;
  }
  return names.join(' -> ');
}
