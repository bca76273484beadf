// Resolves a host once and checks every address, so that the check and the connection mean the same.
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { MediaError } from '../base/media-error.ts';
import type { Destination, DestinationCheck } from './address-policy.ts';
import { normalizeHost } from './allow-entry.ts';

/** Addresses of a host name. */
export type HostResolver = (host: string) => Promise<readonly string[]>;

/** As the machine resolves names: hosts file, then DNS. */
export const systemResolver: HostResolver = (host) =>
  new Promise((resolve, reject) => {
    dnsLookup(host, { all: true, order: 'verbatim' }, (failure, found) => {
      if (failure) reject(failure);
      else resolve(found.map(({ address }) => address));
    });
  });

/** Checked addresses of one destination; connect with `host` and `lookup`, and no other is used. */
export interface PinnedDestination {
  readonly host: string;
  readonly port: number;
  readonly lookup: LookupFunction;
}

const MAX_ADDRESSES = 16;

/**
 * One address that is not allowed refuses the whole host: a name that points to both is a trap.
 * @throws MediaError permission-denied as AddressPolicy, unavailable `host-not-found`.
 */
export async function pinDestination(
  { resolver, policy }: { readonly resolver: HostResolver; readonly policy: DestinationCheck },
  destination: Destination,
): Promise<PinnedDestination> {
  policy.checkHost(destination);
  const host = normalizeHost(destination.host);
  const addresses = isIP(host) === 0 ? await resolve(resolver, host) : [host];
  for (const address of addresses) policy.checkAddress(destination, address);
  return { host, port: destination.port, lookup: fixedLookup(addresses) };
}

async function resolve(resolver: HostResolver, host: string): Promise<readonly string[]> {
  let addresses: readonly string[];
  try {
    addresses = await resolver(host);
  } catch (cause) {
    throw notFound(host, cause);
  }
  if (addresses.length === 0) throw notFound(host);
  return addresses.slice(0, MAX_ADDRESSES);
}

function fixedLookup(addresses: readonly string[]): LookupFunction {
  const all: LookupAddress[] = addresses.map((address) => ({ address, family: isIP(address) }));
  const [first = { address: '', family: 0 }] = all;
  return (_host, options, callback) => {
    if (options.all) callback(null, all);
    else callback(null, first.address, first.family);
  };
}

function notFound(host: string, cause?: unknown): MediaError {
  const message = `host '${host.slice(0, 100)}' has no address`;
  return new MediaError('unavailable', 'host-not-found', message, { cause });
}
