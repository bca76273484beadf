// Finds out who the client is when requests may come through trusted proxies.
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import { normalizeIp, type IpSet } from '../base/ip-address.ts';

/** Where a request came from. */
export interface ClientAddress {
  readonly ip: string;
  /** The other end of the connection: the client, or the proxy in between. */
  readonly peerIp: string;
  readonly isSecure: boolean;
  /** Whether the connection itself is a trusted proxy's. */
  readonly isProxied: boolean;
}

/** Forwarding headers count only when the connection is from `trustedProxies`. */
export function clientAddress(incoming: IncomingMessage, trustedProxies: IpSet): ClientAddress {
  const { socket, headers } = incoming;
  const peer = normalizeIp(socket.remoteAddress ?? '') ?? '';
  const isTls = socket instanceof TLSSocket;
  if (!trustedProxies.contains(peer))
    return { ip: peer, peerIp: peer, isSecure: isTls, isProxied: false };
  const forwardedFor = joined(headers['x-forwarded-for']);
  const protocols = joined(headers['x-forwarded-proto']).split(',');
  return {
    ip: rightmostUntrusted(forwardedFor, peer, trustedProxies),
    peerIp: peer,
    isSecure: isTls || protocols.at(-1)?.trim().toLowerCase() === 'https',
    isProxied: true,
  };
}

/**
 * Each proxy appends the address it saw, so only what stands right of the first untrusted address
 * is true; what a client wrote itself stands further left. An entry that is no address ends the
 * walk at the last proxy that is known.
 */
function rightmostUntrusted(header: string, peer: string, trustedProxies: IpSet): string {
  let client = peer;
  for (const entry of header.split(',').reverse()) {
    const ip = parseForwarded(entry.trim());
    if (ip === undefined) return client;
    client = ip;
    if (!trustedProxies.contains(ip)) return client;
  }
  return client;
}

/** `1.2.3.4`, `1.2.3.4:5`, `::1` or `[::1]:5`. */
function parseForwarded(entry: string): string | undefined {
  if (isIP(entry) !== 0) return normalizeIp(entry);
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/u.exec(entry);
  return normalizeIp(match?.[1] ?? match?.[2] ?? '');
}

function joined(header: string | string[] | undefined): string {
  return Array.isArray(header) ? header.join(',') : (header ?? '');
}
