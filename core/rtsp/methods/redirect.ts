// Answers for paths with `source: redirect`: 302 with the place where the stream is (RFC 2326 section 11.3).
import type { PathGrant } from '../../path/path-manager.ts';
import { RtspHeaders } from '../rtsp-headers.ts';
import { createResponse } from '../rtsp-message.ts';
import type { MethodResult, TargetContext } from '../method-context.ts';

/**
 * The redirect of a path, or undefined when it is served here. To another path of ours it leads by
 * the name under which the client knows this server, and keeps the query, which may carry a token.
 * @throws MediaError `failed-precondition` as PathManager.redirectOf.
 */
export function redirectOf(
  { services, url, target }: TargetContext,
  grant: PathGrant,
): MethodResult | undefined {
  const redirect = services.pathManager.redirectOf(grant);
  if (redirect === undefined) return undefined;
  const query = target.query === '' ? '' : `?${target.query}`;
  const location =
    redirect.type === 'url'
      ? redirect.url
      : `${url.scheme}://${url.authority}/${redirect.name}${query}`;
  const headers = RtspHeaders.of({ Location: location });
  return { response: createResponse(302, { headers }) };
}
