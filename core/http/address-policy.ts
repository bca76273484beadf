// Which addresses our own requests may go to, so that nobody uses the server to reach what he can't.
import { networkInterfaces } from 'node:os';
import { IpSet, normalizeIp } from '../base/ip-address.ts';
import { MediaError } from '../base/media-error.ts';
import { normalizeHost, parseAllowEntry, type AllowEntry } from './allow-entry.ts';

/** Where a request goes; `host` is a name or an address as a URL spells it. */
export interface Destination {
  readonly host: string;
  readonly port: number;
}

/** Decides about destinations; both throw MediaError permission-denied. */
export interface DestinationCheck {
  /** Before the name is resolved. */
  checkHost(destination: Destination): void;
  /** Before a connection; `address` is one that the host resolved to. */
  checkAddress(destination: Destination, address: string): void;
}

/** Settings of a policy. */
export interface AddressPolicyOptions {
  /** Addresses, networks and host names, each with or without port; see AddressPolicy. */
  readonly allow?: readonly string[];
  /** Nothing but `allow` and `isHostAllowed` may be reached. Default: all that is not denied. */
  readonly onlyAllowed?: boolean;
  /** Hosts that are allowed now, beside the list; `host` is normalised. */
  readonly isHostAllowed?: (host: string, port: number) => boolean;
  /** Ports that this server listens on. */
  readonly ownPorts?: () => readonly number[];
  /** Addresses of this machine; default: those of its network interfaces. */
  readonly localAddresses?: () => readonly string[];
  /** Where the list stands, for error texts. */
  readonly place?: string;
}

/**
 * Ranges that no request needs: this machine, the link, groups, services for cloud machines, and
 * forms of IPv6 that carry an IPv4 address past the check.
 */
const DENIED: readonly (readonly [cidr: string, what: string])[] = [
  ['0.0.0.0/8', 'unspecified'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['100.100.100.200/32', 'metadata'],
  ['168.63.129.16/32', 'metadata'],
  ['192.0.0.0/24', 'reserved'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
  ['::/96', 'unspecified, loopback or IPv4-compatible'],
  ['64:ff9b::/96', 'NAT64'],
  ['64:ff9b:1::/48', 'NAT64'],
  ['100::/64', 'reserved'],
  ['2001::/32', 'Teredo'],
  ['2002::/16', '6to4'],
  ['fd00:ec2::254/128', 'metadata'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'site-local'],
  ['ff00::/8', 'multicast'],
];

interface DeniedRange {
  readonly addresses: IpSet;
  readonly what: string;
  /** Entries of the list that lie inside the range, and so were meant for it. */
  readonly exceptions: readonly AllowEntry[];
}

/**
 * Decides about destinations, twice: by name before it is resolved, by address before connecting.
 *
 * - A denied range is opened only by an entry that lies inside it: `127.0.0.1` opens loopback,
 *   `0.0.0.0/0` does not. Host names never open one, as their owner may point them anywhere.
 * - Our own listeners are opened only by an entry with their port.
 */
export class AddressPolicy implements DestinationCheck {
  readonly #options: AddressPolicyOptions;
  readonly #allow: readonly AllowEntry[];
  readonly #denied: readonly DeniedRange[];

  /** @throws MediaError invalid-argument `invalid-allow-entry` or `invalid-ip`. */
  constructor(options: AddressPolicyOptions = {}) {
    const place = options.place ?? 'allowed addresses';
    const allow = (options.allow ?? []).map((entry) => parseAllowEntry(entry, place));
    this.#options = options;
    this.#allow = allow;
    this.#denied = DENIED.map(([cidr, what]) => {
      const addresses = new IpSet([cidr], 'denied ranges');
      const bits = Number(cidr.split('/')[1]);
      const isInside = (entry: AllowEntry): boolean =>
        entry.type === 'network' && addresses.contains(entry.address) && entry.bits >= bits;
      return { addresses, what, exceptions: allow.filter(isInside) };
    });
  }

  /**
   * Refuses a name that could be allowed by no address it may have, so that nobody asks DNS for it.
   * @throws MediaError permission-denied `destination-not-allowed`.
   */
  checkHost(destination: Destination): void {
    if (!this.#options.onlyAllowed || this.#isListedHost(destination)) return;
    const { port } = destination;
    if (this.#allow.some((entry) => entry.type === 'network' && matchesPort(entry, port))) return;
    throw notAllowed(destination);
  }

  /**
   * @param address One that the host resolved to.
   * @throws MediaError permission-denied `destination-not-allowed` or `address-denied`.
   */
  checkAddress(destination: Destination, address: string): void {
    const ip = normalizeIp(address);
    if (ip === undefined) throw denied(destination, 'unknown');
    const { port } = destination;
    const opens = (entry: AllowEntry): boolean =>
      entry.type === 'network' && matchesPort(entry, port) && entry.addresses.contains(ip);
    for (const { addresses, what, exceptions } of this.#denied) {
      if (addresses.contains(ip) && !exceptions.some(opens)) throw denied(destination, what);
    }
    if (this.#isOwnListener(ip, port) && !this.#isNamedWithPort(destination, ip)) {
      throw denied(destination, 'an address of this server');
    }
    if (!this.#options.onlyAllowed) return;
    if (!this.#isListedHost(destination) && !this.#allow.some(opens)) throw notAllowed(destination);
  }

  #isListedHost({ host, port }: Destination): boolean {
    const name = normalizeHost(host);
    if (this.#options.isHostAllowed?.(name, port)) return true;
    return this.#allow.some(
      (entry) => entry.type === 'host' && entry.host === name && matchesPort(entry, port),
    );
  }

  #isOwnListener(ip: string, port: number): boolean {
    const { ownPorts, localAddresses = interfaceAddresses } = this.#options;
    if (!ownPorts?.().includes(port)) return false;
    const isLoopback = ip === '::1' || ip.startsWith('127.') || ip === '0.0.0.0' || ip === '::';
    return isLoopback || localAddresses().some((address) => normalizeIp(address) === ip);
  }

  #isNamedWithPort({ host, port }: Destination, ip: string): boolean {
    const name = normalizeHost(host);
    return this.#allow.some((entry) => {
      if (entry.port !== port) return false;
      return entry.type === 'network' ? entry.addresses.contains(ip) : entry.host === name;
    });
  }
}

function matchesPort(entry: AllowEntry, port: number): boolean {
  return entry.port === undefined || entry.port === port;
}

function interfaceAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  );
}

function notAllowed({ host, port }: Destination): MediaError {
  const message = `'${host.slice(0, 100)}' is not in the list of allowed hosts; port ${port}`;
  return new MediaError('permission-denied', 'destination-not-allowed', message);
}

/** Without the address: what a name resolves to inside this network is nobody's business. */
function denied({ host, port }: Destination, what: string): MediaError {
  const message = `'${host.slice(0, 100)}' is ${what}, and not allowed; port ${port}`;
  return new MediaError('permission-denied', 'address-denied', message);
}
