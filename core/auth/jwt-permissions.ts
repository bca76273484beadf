// Reads the permissions that a token carries, in `authJWTClaimKey`.
import { z } from 'zod';
import type { Permission } from './permission-set.ts';

const MAX_PERMISSIONS = 1000;

const permission = z.object({
  action: z.enum(['publish', 'read', 'playback', 'api', 'metrics', 'pprof']),
  path: z.string().max(1024).default(''),
});

/**
 * The claim is a list of `{action, path}`, or the same as JSON in a string. `key` is the name of the
 * claim; when there is none of this name, its dots lead into nested objects. Entries that are no
 * permission grant nothing. Undefined when there is no such list.
 */
export function readJwtPermissions(
  claims: Readonly<Record<string, unknown>>,
  key: string,
): readonly Permission[] | undefined {
  const claim = findClaim(claims, key);
  const list = typeof claim === 'string' ? parseJson(claim) : claim;
  if (!Array.isArray(list) || list.length > MAX_PERMISSIONS) return undefined;
  return list.flatMap((entry) => permission.safeParse(entry).data ?? []);
}

function findClaim(claims: Readonly<Record<string, unknown>>, key: string): unknown {
  if (Object.hasOwn(claims, key)) return claims[key];
  let value: unknown = claims;
  for (const name of key.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = Object.entries(value).find(([own]) => own === name)?.[1];
  }
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
