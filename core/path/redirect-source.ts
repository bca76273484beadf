// The source of a path with `source: redirect`: it never brings media, its readers go elsewhere.
import { MediaError } from '../base/media-error.ts';
import { redactUrls } from '../base/url-redaction.ts';
import type { PathMatch } from '../config/path-match.ts';
import { pathNameFault } from '../config/path-name.ts';
import { redirectLoop, redirectTarget, type RedirectTarget } from '../config/redirect-target.ts';
import type { SourceContext, SourceFactory, Source } from './source.ts';

/** Stands in for a source, so that the APIs name it and nobody can publish. */
export const redirectSourceFactory: SourceFactory = {
  schemes: ['redirect'],
  type: 'redirect',
  create: (): Source => ({ run: untilAborted }),
};

function untilAborted({ signal }: SourceContext): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/**
 * Where the readers of `name` are to go; undefined when they are served here.
 * @throws MediaError `failed-precondition` when groups of the name lead in a circle or to no path name.
 */
export function resolveRedirect(
  find: (name: string) => PathMatch | undefined,
  name: string,
): RedirectTarget | undefined {
  const found = find(name);
  const target = found && redirectTarget(found);
  if (target?.type !== 'path') return target;
  const fault = pathNameFault(target.name);
  if (fault !== undefined) {
    throw leadsNowhere(name, `'/${target.name.slice(0, 255)}', and a path name ${fault}`);
  }
  const loop = redirectLoop(find, name);
  if (loop !== undefined) throw leadsNowhere(name, `a circle: ${loop}`);
  return target;
}

/** For readers that can't follow a redirect: recorders, snapshots, WebRTC to an RTSP URL. */
export function pathRedirects(name: string, target: RedirectTarget): MediaError {
  const place = target.type === 'path' ? `path '${target.name}'` : redactUrls(target.url);
  const message = `path '${name}' has no stream of its own, it sends its readers to ${place}`;
  return new MediaError('failed-precondition', 'path-redirects', message);
}

function leadsNowhere(name: string, where: string): MediaError {
  const message = `path '${name}' sends its readers to ${where}`;
  return new MediaError('failed-precondition', 'redirect-leads-nowhere', message);
}
