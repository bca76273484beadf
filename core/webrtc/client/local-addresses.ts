// Our addresses that a peer which offers may use, by the same keys as the server's candidates.
import { isIP } from 'node:net';
import type { networkInterfaces } from 'node:os';
import { isLinkLocalIpv6 } from '../transport/ip-address.ts';

/** webrtcIPsFromInterfaces, webrtcIPsFromInterfacesList and webrtcAdditionalHosts. */
export interface LocalAddressOptions {
  readonly ipsFromInterfaces: boolean;
  /** Names of interfaces; empty means all. */
  readonly interfacesList: readonly string[];
  /** Names are left out: a peer that offers is not reached from outside. */
  readonly additionalHosts: readonly string[];
}

const MAX_ADDRESSES = 16;
const LOOPBACK = '127.0.0.1';

/** Each costs a socket per peer. A machine without network still reaches itself. */
export function localAddresses(
  interfaces: ReturnType<typeof networkInterfaces>,
  options: LocalAddressOptions,
): readonly string[] {
  const { ipsFromInterfaces, interfacesList, additionalHosts } = options;
  const addresses = additionalHosts.filter((host) => isIP(host) !== 0);
  for (const [name, entries] of Object.entries(ipsFromInterfaces ? interfaces : {})) {
    if (interfacesList.length > 0 && !interfacesList.includes(name)) continue;
    for (const { address, internal } of entries ?? []) {
      if (!internal && !isLinkLocalIpv6(address)) addresses.push(address);
    }
  }
  const unique = [...new Set(addresses)].slice(0, MAX_ADDRESSES);
  return unique.length > 0 ? unique : [LOOPBACK];
}
