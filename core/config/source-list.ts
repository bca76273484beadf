// The `source` of a path as a list: one URL or word, or several URLs with the preferred one first.
import type { PathConfig } from './config.ts';

/** Every source of a path, the preferred one first; never empty in a checked configuration. */
export function sourcesOf({ source }: Pick<PathConfig, 'source'>): readonly string[] {
  return typeof source === 'string' ? [source] : source;
}

/** The source that a path prefers. */
export function preferredSource(config: Pick<PathConfig, 'source'>): string {
  return sourcesOf(config)[0] ?? '';
}
