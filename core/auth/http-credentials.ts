// What a client shows in the Authorization header of an HTTP request.
import type { Credentials } from './access-request.ts';
import { parseAuthorizationHeader } from './digest.ts';
import { MediaError } from '../base/media-error.ts';

/**
 * Reads Basic, `Bearer <token>` and `Bearer user:pass`; no header or an empty one is `none`.
 * @throws MediaError invalid-argument `malformed-authorization` or `unsupported-auth-scheme`.
 */
export function credentialsFromHttp(headers: {
  readonly authorization?: string | undefined;
}): Credentials {
  const header = headers.authorization ?? '';
  if (header.trim() === '') return { type: 'none' };
  const parsed = parseAuthorizationHeader(header);
  switch (parsed.type) {
    case 'basic':
      return { type: 'password', user: parsed.user, password: parsed.password };
    case 'bearer':
      return splitBearer(parsed.token);
    case 'digest':
      throw new MediaError(
        'invalid-argument',
        'unsupported-auth-scheme',
        'Authorization header uses Digest, which is not offered over HTTP: use Basic or Bearer',
      );
  }
}

/** A JWT never holds a colon (RFC 7515 section 3.1), so one with a colon is a user and a password. */
function splitBearer(token: string): Credentials {
  const colon = token.indexOf(':');
  if (colon < 0) return { type: 'bearer', token };
  return { type: 'password', user: token.slice(0, colon), password: token.slice(colon + 1) };
}
