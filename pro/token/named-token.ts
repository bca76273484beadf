// A named long-lived token as its file keeps it, and how the token itself looks.
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { matchesUrlPattern, urlPatternFault } from './url-pattern.ts';

/** Begins every named token, so that leaked ones are recognised, by people and by scanners. */
export const TOKEN_PREFIX = 'mtxp_';

/** HTTP methods that a token may be limited to; `*` is all. HEAD counts as GET. */
export const TOKEN_VERBS = ['*', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

const TOKEN = /^mtxp_[A-Za-z0-9_-]{43}$/u;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/u;

const time = z.iso.datetime();

/** One token in the file. */
export const storedTokenSchema = z.strictObject({
  name: z.string().regex(NAME),
  /** SHA-256 of the token, hex. */
  hash: z.string().regex(/^[0-9a-f]{64}$/u),
  verbs: z.array(z.enum(TOKEN_VERBS)).min(1).max(TOKEN_VERBS.length),
  /** URL paths with `*`. */
  paths: z
    .array(z.string().refine((pattern) => urlPatternFault(pattern) === undefined))
    .min(1)
    .max(100),
  createdAt: time,
  expiresAt: time.optional(),
  revokedAt: time.optional(),
});

/** One token in the file. */
export type StoredToken = z.output<typeof storedTokenSchema>;

/** What is shown of a token; never the token or its hash. Times are RFC 3339. */
export interface NamedTokenInfo {
  readonly name: string;
  readonly verbs: readonly string[];
  readonly paths: readonly string[];
  readonly createdAt: string;
  readonly expiresAt: string | undefined;
  readonly revokedAt: string | undefined;
  readonly lastUsedAt: string | undefined;
}

/** Why a name can't be used; undefined when it can. */
export function tokenNameFault(name: string): string | undefined {
  if (NAME.test(name)) return undefined;
  return 'a name has 1 to 64 of A-Z a-z 0-9 . _ @ - and begins with a letter or digit';
}

/** A new token: 256 random bits. */
export function newToken(): string {
  return TOKEN_PREFIX + randomBytes(32).toString('base64url');
}

/** Whether a text looks like a named token. */
export function isNamedToken(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * SHA-256 in hex. A fast hash is right here: passwords need slow ones because they can be guessed,
 * but nobody tries 2^256 random tokens.
 */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Whether a token is limited to other requests than this one. */
export function isOutOfScope(
  { verbs, paths }: StoredToken,
  { method, urlPath }: { readonly method: string; readonly urlPath: string },
): boolean {
  const wanted = method === 'HEAD' ? 'GET' : method;
  if (!verbs.some((verb) => verb === '*' || verb === wanted)) return true;
  return !paths.some((pattern) => matchesUrlPattern(pattern, urlPath));
}
