// IP addresses as text: one spelling per address, and lists of addresses and CIDR ranges.
import { BlockList, SocketAddress, isIP } from 'node:net';
import { MediaError } from './media-error.ts';

const MAPPED_PREFIX = '::ffff:';

/**
 * One spelling per address: IPv6 compressed and lower case without zone (RFC 5952), IPv4-mapped
 * IPv6 as IPv4. Undefined when `text` is not an IP address.
 */
export function normalizeIp(text: string): string | undefined {
  const family = isIP(text);
  if (family === 0) return undefined;
  if (family === 4) return text;
  const address = text.split('%', 1)[0] ?? text;
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address.toLowerCase();
  const mapped = canonical.slice(MAPPED_PREFIX.length);
  return canonical.startsWith(MAPPED_PREFIX) && isIP(mapped) === 4 ? mapped : canonical;
}

/**
 * What one customer is: the address for IPv4, the /64 network for IPv6, where anybody has 2^64
 * addresses. For limits per client; text that is no address comes back as it is.
 */
export function networkOf(ip: string): string {
  const address = normalizeIp(ip) ?? ip;
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? 0 : tail.split(':').length;
  while (tail !== undefined && groups.length + after < 8) groups.push('0');
  if (tail !== undefined) groups.push(...tail.split(':'));
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/** An IP or CIDR as text, or parsed by core/config with its text kept. */
export type IpEntry = string | { readonly text: string };

/** A fixed list of single addresses and CIDR ranges; an empty one contains nothing. */
export class IpSet {
  readonly #list = new BlockList();
  readonly isEmpty: boolean;

  /**
   * @param entries IPs or CIDRs, e.g. `192.168.0.0/16`, `::1`.
   * @param place Where the list stands, for the error text.
   * @throws MediaError invalid-argument for an entry that is neither.
   */
  constructor(entries: readonly IpEntry[], place: string) {
    this.isEmpty = entries.length === 0;
    for (const entry of entries) this.#add(typeof entry === 'string' ? entry : entry.text, place);
  }

  /** Whether `ip` (any spelling) is on the list; false when it is not an IP address. */
  contains(ip: string): boolean {
    const address = normalizeIp(ip);
    if (address === undefined) return false;
    return this.#list.check(address, familyOf(address));
  }

  #add(entry: string, place: string): void {
    const [text = '', prefixText, ...rest] = entry.trim().split('/');
    const address = normalizeIp(text);
    const family = isIP(text);
    const maxBits = family === 4 ? 32 : 128;
    const bits = prefixText === undefined ? maxBits : parsePrefix(prefixText, maxBits);
    if (address === undefined || bits === undefined || rest.length > 0) {
      throw new MediaError(
        'invalid-argument',
        'invalid-ip',
        `invalid IP or CIDR '${entry}'; ${place}`,
      );
    }
    const isMapped = family === 6 && isIP(address) === 4;
    if (!isMapped) this.#list.addSubnet(address, bits, familyOf(address));
    else this.#list.addSubnet(address, Math.max(0, bits - 96), 'ipv4');
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

function parsePrefix(text: string, maxBits: number): number | undefined {
  if (!/^\d{1,3}$/u.test(text)) return undefined;
  const bits = Number(text);
  return bits <= maxBits ? bits : undefined;
}
