// IP addresses and CIDR networks of the configuration, ready to be matched.
import { isIPv4, isIPv6 } from 'node:net';
import { MediaError } from '../base/media-error.ts';

/** One IP address or network. `network` holds the first address, host bits cleared. */
export interface IpRange {
  /** As written in the file. */
  readonly text: string;
  readonly version: 4 | 6;
  readonly network: bigint;
  /** 0 to 32 for version 4, 0 to 128 for version 6. */
  readonly prefixLength: number;
}

interface IpNumber {
  readonly version: 4 | 6;
  readonly value: bigint;
}

const MAPPED_PREFIX = 0xffffn;

/**
 * Reads "10.0.0.1", "10.0.0.0/8", "fe80::/10".
 * @throws MediaError `invalid-argument` when the text is neither an IP nor a CIDR.
 */
export function parseIpRange(text: string): IpRange {
  const slash = text.indexOf('/');
  const ip = parseIp(slash < 0 ? text : text.slice(0, slash));
  const prefixText = slash < 0 ? undefined : text.slice(slash + 1);
  if (ip === undefined || (prefixText !== undefined && !/^\d{1,3}$/u.test(prefixText))) {
    throw invalid(text);
  }
  const bits = ip.version === 4 ? 32 : 128;
  // A mapped network ("::ffff:10.0.0.0/104") counts its prefix in 128 bits.
  const written = text.includes(':') ? 128 : 32;
  const prefixLength = prefixText === undefined ? bits : Number(prefixText) - (written - bits);
  if (prefixLength < 0 || prefixLength > bits) throw invalid(text);
  const hostBits = BigInt(bits - prefixLength);
  const network = (ip.value >> hostBits) << hostBits;
  return Object.freeze({ text, version: ip.version, network, prefixLength });
}

/** Whether `address` lies in one of the ranges; false for anything that is not an IP address. */
export function matchesIp(ranges: readonly IpRange[], address: string): boolean {
  if (ranges.length === 0) return false;
  const ip = parseIp(address);
  if (ip === undefined) return false;
  const bits = ip.version === 4 ? 32 : 128;
  return ranges.some(
    (range) =>
      range.version === ip.version &&
      ip.value >> BigInt(bits - range.prefixLength) ===
        range.network >> BigInt(bits - range.prefixLength),
  );
}

/** IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2) counts as IPv4; a zone ("%eth0") is ignored. */
function parseIp(text: string): IpNumber | undefined {
  if (isIPv4(text)) return { version: 4, value: ipv4Value(text) };
  if (!isIPv6(text)) return undefined;
  const value = ipv6Value(text.split('%', 1)[0] ?? '');
  if (value >> 32n === MAPPED_PREFIX) return { version: 4, value: value & 0xffffffffn };
  return { version: 6, value };
}

function ipv4Value(text: string): bigint {
  return text.split('.').reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function ipv6Value(text: string): bigint {
  const [head = '', tail] = text.split('::', 2);
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = Array<bigint>(8 - before.length - after.length).fill(0n);
  return [...before, ...zeros, ...after].reduce((value, group) => (value << 16n) | group, 0n);
}

function groups(text: string): bigint[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)];
    const value = ipv4Value(group);
    return [value >> 16n, value & 0xffffn];
  });
}

function invalid(text: string): MediaError {
  return new MediaError(
    'invalid-argument',
    'config-invalid-ip',
    `'${text.slice(0, 64)}' is neither an IP address nor a network such as 192.168.0.0/16`,
  );
}
