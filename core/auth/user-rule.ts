// An entry of `authInternalUsers`, checked and compiled for matching.
import { IpSet } from '../base/ip-address.ts';
import { MediaError } from '../base/media-error.ts';
import type { AccessRequest } from './access-request.ts';
import type { InternalUser } from './internal-user.ts';
import { PermissionSet } from './permission-set.ts';
import { parseStoredCredential, type StoredCredential } from './stored-credential.ts';

/** Who, from where, may do what; credentials are checked by the authorizer. */
export class UserRule {
  /** Undefined is `any`: everybody, also without credentials. */
  readonly user: StoredCredential | undefined;
  /** Undefined accepts any password. */
  readonly password: StoredCredential | undefined;
  /** Position in the list, for the log. */
  readonly index: number;
  readonly #ips: IpSet;
  readonly #permissions: PermissionSet;

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
    this.#permissions = new PermissionSet(entry.permissions);
  }

  /** Whether one of the credentials is an Argon2 hash. */
  get needsArgon2(): boolean {
    return this.user?.type === 'argon2' || this.password?.type === 'argon2';
  }

  appliesTo(ip: string): boolean {
    return this.#ips.isEmpty || this.#ips.contains(ip);
  }

  permits(request: Pick<AccessRequest, 'action' | 'path'>): boolean {
    return this.#permissions.permits(request);
  }
}

function invalid(problem: string, place: string): MediaError {
  return new MediaError('invalid-argument', 'invalid-internal-user', `${problem}; ${place}`);
}
