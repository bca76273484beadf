// Where a client carries its token: the Authorization header wins over the query's access_token.

/** What was found. */
export type TokenCarrier =
  | { readonly type: 'none' }
  | { readonly type: 'token'; readonly token: string }
  /** User and password, for the users of mediamtx.yml. */
  | { readonly type: 'password' }
  /** A header of another kind: refused, and the query is not tried. */
  | { readonly type: 'foreign' };

/** Looks into the header, then into the query (raw, without the question mark). */
export function findToken(authorization: string | undefined, query: string): TokenCarrier {
  const header = (authorization ?? '').trim();
  if (header === '') return fromText(new URLSearchParams(query).get('access_token') ?? '');
  const [, scheme = '', rest = ''] = /^(\S+)[ \t]*(.*)$/su.exec(header) ?? [];
  switch (scheme.toLowerCase()) {
    case 'basic':
      return { type: 'password' };
    case 'bearer':
      // No token has a colon (RFC 7515 section 3.1): clients of the core send user:pass this way.
      return rest.includes(':') ? { type: 'password' } : fromText(rest);
    default:
      return { type: 'foreign' };
  }
}

function fromText(token: string): TokenCarrier {
  return token === '' ? { type: 'none' } : { type: 'token', token };
}
