// An entry of `authInternalUsers`, checked and compiled for matching.
import { IpSet } from '../base/ip-address.ts';
import { MediaError } from '../base/media-error.ts';
import { PathPattern } from '../config/path-pattern.ts';
import type { AccessRequest, AuthAction } from './access-request.ts';
import type { InternalUser } from './internal-user.ts';
import { parseStoredCredential, type StoredCredential } from './stored-credential.ts';

type PathTest = (path: string) => boolean;

const ACTIONS_WITH_PATH: ReadonlySet<AuthAction> = new Set(['publish', 'read', 'playback']);
/** Longest path name that is matched; anything longer exists nowhere. */
const MAX_PATH_CHARS = 1024;

/** Who, from where, may do what; credentials are checked by the authorizer. */
export class UserRule {
  /** Undefined is `any`: everybody, also without credentials. */
  readonly user: StoredCredential | undefined;
  /** Undefined accepts any password. */
  readonly password: StoredCredential | undefined;
  /** Position in the list, for the log. */
  readonly index: number;
  readonly #ips: IpSet;
  readonly #permissions: ReadonlyMap<AuthAction, readonly PathTest[]>;

  /** @throws MediaError invalid-argument naming the key, never a password. */
  constructor(entry: InternalUser, index: number) {
    const place = `authInternalUsers[${index}]`;
    if (entry.user === '') throw invalid('empty usernames are not supported', place);
    if (entry.user === 'any' && entry.pass !== '') {
      throw invalid("using a password with 'any' user is not supported", place);
    }
    this.index = index;
    this.user =
      entry.user === 'any' ? undefined : parseStoredCredential(entry.user, `${place}.user`);
    this.password =
      entry.pass === '' ? undefined : parseStoredCredential(entry.pass, `${place}.pass`);
    this.#ips = new IpSet(entry.ips, `${place}.ips`);
    this.#permissions = compile(entry.permissions);
  }

  /** Whether one of the credentials is an Argon2 hash. */
  get needsArgon2(): boolean {
    return this.user?.type === 'argon2' || this.password?.type === 'argon2';
  }

  appliesTo(ip: string): boolean {
    return this.#ips.isEmpty || this.#ips.contains(ip);
  }

  permits({ action, path }: Pick<AccessRequest, 'action' | 'path'>): boolean {
    const tests = this.#permissions.get(action);
    if (tests === undefined) return false;
    if (!ACTIONS_WITH_PATH.has(action)) return true;
    return path.length <= MAX_PATH_CHARS && tests.some((test) => test(path));
  }
}

function compile(
  permissions: InternalUser['permissions'],
): ReadonlyMap<AuthAction, readonly PathTest[]> {
  const tests = new Map<AuthAction, PathTest[]>();
  for (const { action, path } of permissions) {
    const list = tests.get(action) ?? [];
    list.push(compilePath(path));
    tests.set(action, list);
  }
  return tests;
}

function compilePath(path: string): PathTest {
  if (path === '') return () => true;
  if (!path.startsWith('~')) return (name) => name === path;
  const pattern = new PathPattern(path.slice(1));
  return (name) => pattern.match(name) !== undefined;
}

function invalid(problem: string, place: string): MediaError {
  return new MediaError('invalid-argument', 'invalid-internal-user', `${problem}; ${place}`);
}
