// Numeric IP addresses <-> bytes, for STUN's XOR-MAPPED-ADDRESS and for address comparison.
import { isIPv4, isIPv6 } from 'node:net';

const MAPPED_PREFIX = '::ffff:';

/** 4 bytes for IPv4, 16 for IPv6 (a zone index is ignored), undefined when `text` is no address. */
export function parseIpAddress(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  const withoutZone = text.replace(/%.*$/u, '');
  return isIPv6(withoutZone) ? parseIpv6(withoutZone) : undefined;
}

/** Writes an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) as IPv4 and leaves the rest alone. */
export function unmapIpAddress(text: string): string {
  if (!text.startsWith(MAPPED_PREFIX)) return text;
  const tail = text.slice(MAPPED_PREFIX.length);
  return isIPv4(tail) ? tail : text;
}

/** True for fe80::/10, which is of no use in a candidate without its zone. */
export function isLinkLocalIpv6(text: string): boolean {
  return /^fe[89ab][0-9a-f]:/iu.test(text);
}

function parseIpv6(text: string): Uint8Array {
  const [head = '', tail] = text.split('::');
  const left = parseGroups(head);
  const right = tail === undefined ? [] : parseGroups(tail);
  const bytes = new Uint8Array(16);
  bytes.set(left.slice(0, 16));
  bytes.set(right, Math.max(0, 16 - right.length));
  return bytes;
}

function parseGroups(text: string): number[] {
  const bytes: number[] = [];
  if (text === '') return bytes;
  for (const group of text.split(':')) {
    if (group.includes('.')) {
      bytes.push(...group.split('.').map(Number));
    } else {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}
