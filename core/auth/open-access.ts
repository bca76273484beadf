// Tells the operator at start what anybody can do without proving who they are.
import { isIP } from 'node:net';
import { normalizeIp, type IpEntry } from '../base/ip-address.ts';
import type { InternalUser } from './internal-user.ts';
import type { Permission } from './permission-set.ts';

const SHORT_PASSWORD_CHARS = 8;
const SHOWN_NETWORKS = 3;

/** One sentence for each entry that is open beyond this machine, and for each weak password. */
export function warnOpenAccess(users: readonly InternalUser[]): string[] {
  return users.flatMap((user, index) => {
    const key = `authInternalUsers[${index}]`;
    const origin = describeOrigin(user.ips);
    if (origin === undefined || user.permissions.length === 0) return [];
    if (user.user === 'any') return [`anybody ${origin} may ${describe(user)} (${key})`];
    if (user.pass === '') {
      return [`${nameOf(user)} needs no password ${origin} to ${describe(user)} (${key})`];
    }
    if (!isHashed(user.pass) && user.pass.length < SHORT_PASSWORD_CHARS) {
      return [`${nameOf(user)} has a password of ${user.pass.length} characters (${key})`];
    }
    return [];
  });
}

/** One sentence for the exclusions of another method: everybody may do what they name. */
export function warnExclusions(key: string, exclude: readonly Permission[]): string[] {
  if (exclude.length === 0) return [];
  return [`anybody from any address may ${describe({ permissions: exclude })} (${key})`];
}

/** Undefined when only this machine is meant. */
function describeOrigin(ips: readonly IpEntry[]): string | undefined {
  const texts = ips.map((entry) => (typeof entry === 'string' ? entry : entry.text));
  if (texts.length === 0 || texts.some((text) => text.endsWith('/0'))) return 'from any address';
  const remote = texts.filter((text) => !isLoopback(text));
  if (remote.length === 0) return undefined;
  const shown = remote.slice(0, SHOWN_NETWORKS).join(', ');
  const others = remote.length - SHOWN_NETWORKS;
  return `from ${shown}${others > 0 ? ` and ${others} more networks` : ''}`;
}

function isLoopback(text: string): boolean {
  const [address = '', bits = '128'] = text.split('/');
  const normal = normalizeIp(address) ?? '';
  if (normal === '::1') return bits === '128';
  return isIP(normal) === 4 && normal.startsWith('127.') && Number(bits) >= 8;
}

function describe({ permissions }: Pick<InternalUser, 'permissions'>): string {
  const paths = new Map<string, Set<string>>();
  for (const { action, path } of permissions) {
    const actions = paths.get(path) ?? new Set();
    paths.set(path, actions.add(action));
  }
  const parts = [...paths].map(([path, actions]) => {
    const verbs = [...actions].map((action) => ACTION_VERBS.get(action) ?? action).join(', ');
    return path === '' ? verbs : `${verbs} (only '${path}')`;
  });
  return parts.join('; ');
}

const ACTION_VERBS: ReadonlyMap<string, string> = new Map([
  ['publish', 'publish streams'],
  ['read', 'read streams'],
  ['playback', 'play recordings'],
  ['api', 'change the configuration over the API'],
  ['metrics', 'read metrics'],
  ['pprof', 'read profiles'],
]);

function nameOf({ user }: InternalUser): string {
  return isHashed(user) ? 'a user with a hashed name' : `user '${user}'`;
}

function isHashed(text: string): boolean {
  return text.startsWith('sha256:') || text.startsWith('argon2:');
}
