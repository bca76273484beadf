// What the grants of a token allow when `tokens.grants` is on. Rooms are paths.
import type { AuthAction } from '../../core/auth/access-request.ts';
import type { VideoGrants } from './app-tokens.ts';

/** What somebody wants to do. */
export interface GrantQuestion {
  readonly action: AuthAction;
  /** Path name; empty when the request names none. */
  readonly path: string;
  readonly method: string;
  readonly urlPath: string;
  /** Raw query of the URL, without `?`. */
  readonly query: string;
}

const SNAPSHOT = /^\/api\/v2\/(?:publish\/)?snapshot$/u;

/**
 * Why a token is not enough; undefined when it is. Publishing and watching need roomJoin, the room,
 * and canPublish or canSubscribe not taken away; recording, and keeping pictures, needs roomRecord
 * or roomAdmin; every other change, and whatever goes to a device, roomAdmin. Reading from the API
 * needs no grant.
 */
export function grantFault(
  grants: VideoGrants | undefined,
  { action, path, method, urlPath, query }: GrantQuestion,
): string | undefined {
  const { room, roomJoin, canPublish, canSubscribe, roomAdmin, roomRecord } = grants ?? {};
  if (action === 'publish' || action === 'read') {
    if (roomJoin !== true || room !== path) return `token does not grant to join room '${path}'`;
    const isTakenAway = action === 'publish' ? canPublish === false : canSubscribe === false;
    return isTakenAway ? `token does not grant to ${action}` : undefined;
  }
  if (roomAdmin === true) return undefined;
  // What a request does to a device is not told by its method: many restart with a GET.
  const isForDevice = urlPath.startsWith('/api/v2/proxy/');
  const isKept = SNAPSHOT.test(urlPath) && keepsPicture(query);
  if ((method === 'GET' || method === 'HEAD') && !isForDevice && !isKept) return undefined;
  if (isKept || urlPath.startsWith('/api/v2/record/')) {
    return roomRecord === true ? undefined : 'token does not grant roomRecord';
  }
  return 'token does not grant roomAdmin';
}

/** A picture that is only shown writes nothing; with `fileType` url or file it becomes a file. */
function keepsPicture(query: string): boolean {
  const types = new URLSearchParams(query).getAll('fileType');
  return types.some((type) => type !== '' && type !== 'stream');
}
