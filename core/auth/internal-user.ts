// One entry of `authInternalUsers`, as core/config provides it.
import type { IpEntry } from '../base/ip-address.ts';
import type { Permission } from './permission-set.ts';

/** Somebody who may do something; several entries with one name add up. */
export interface InternalUser {
  /** Name in plain text, `sha256:<base64>` or `argon2:<encoded>`; `any` is everybody. */
  readonly user: string;
  /** As `user`; empty accepts any password. */
  readonly pass: string;
  /** Where this entry counts; empty = everywhere. */
  readonly ips: readonly IpEntry[];
  readonly permissions: readonly Permission[];
}
