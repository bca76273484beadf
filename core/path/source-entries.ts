// From the URLs of a path to the factories that can pull them.
import { MediaError } from '../base/media-error.ts';
import type { PathConfig } from '../config/config.ts';
import { preferredSource } from '../config/source-list.ts';
import { redirectSourceFactory } from './redirect-source.ts';
import type { SourceEntry } from './source-run.ts';
import type { SourceFactory } from './source.ts';

/**
 * What `factories` can make of `urls`, in their order; the others are left out (the loader warned).
 * @throws MediaError `unsupported` when there are URLs, and none can be pulled.
 */
export function sourceEntries(
  urls: readonly string[],
  factories: readonly SourceFactory[],
): readonly SourceEntry[] {
  const known = [redirectSourceFactory, ...factories];
  const entries = urls.flatMap((url): SourceEntry[] => {
    const factory = known.find(({ schemes }) => schemes.includes(schemeOf(url)));
    return factory ? [{ url, type: factory.type, create: () => factory.create() }] : [];
  });
  const [first] = urls;
  if (first === undefined || entries.length > 0) return entries;
  throw new MediaError(
    'unsupported',
    'source-scheme-unsupported',
    `source '${schemeOf(first)}:' is not available in this version`,
  );
}

/** The first source of a path as it is configured, groups not filled in; may hold credentials. */
export function preferredUrl(config: Pick<PathConfig, 'source'>): string {
  return preferredSource(config);
}

function schemeOf(url: string): string {
  return url.split(':', 1)[0]?.toLowerCase() ?? '';
}
