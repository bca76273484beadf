// One line of a list of allowed destinations: an address, a network or a host name, with or without port.
import { isIP } from 'node:net';
import { IpSet, normalizeIp } from '../base/ip-address.ts';
import { MediaError } from '../base/media-error.ts';

/** A parsed line; `port` undefined means every port. */
export type AllowEntry =
  | {
      readonly type: 'network';
      readonly addresses: IpSet;
      /** First address as written, normalised. */
      readonly address: string;
      /** Length of the prefix, of an IPv4-mapped network that of the IPv4 network. */
      readonly bits: number;
      readonly port: number | undefined;
    }
  | { readonly type: 'host'; readonly host: string; readonly port: number | undefined };

const WITH_PORT = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/u;
const HOST =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/u;

/**
 * Reads `10.0.0.7`, `10.0.0.0/8`, `10.0.0.7:8080`, `::1`, `[::1]:80`, `camera.local` or
 * `camera.local:8080`.
 * @param place Where the list stands, for the error text.
 * @throws MediaError invalid-argument `invalid-allow-entry`.
 */
export function parseAllowEntry(text: string, place: string): AllowEntry {
  const match = WITH_PORT.exec(text);
  const port = match ? Number(match[2]) : undefined;
  const name = stripBrackets(match?.[1] ?? text);
  const isPortValid = port === undefined || (port > 0 && port < 65_536);
  const [address = '', prefix] = name.split('/', 2);
  const isNetwork = isIP(address) !== 0;
  if (isPortValid && isNetwork) return network(name, { place, port, address, prefix });
  const host = normalizeHost(name);
  if (isPortValid && HOST.test(host)) return { type: 'host', host, port };
  throw new MediaError(
    'invalid-argument',
    'invalid-allow-entry',
    `'${text.slice(0, 100)}' is no address, network or host name; ${place}`,
  );
}

/** One spelling of a host: lower case, no brackets, no final dot, addresses normalised. */
export function normalizeHost(host: string): string {
  const name = stripBrackets(host).toLowerCase().replace(/\.$/u, '');
  return normalizeIp(name) ?? name;
}

function network(
  text: string,
  parts: {
    readonly place: string;
    readonly port: number | undefined;
    readonly address: string;
    readonly prefix: string | undefined;
  },
): AllowEntry {
  const addresses = new IpSet([text], parts.place);
  const address = normalizeIp(parts.address) ?? parts.address;
  const maxBits = isIP(address) === 4 ? 32 : 128;
  const isMapped = isIP(parts.address) === 6 && maxBits === 32;
  const written = parts.prefix === undefined ? undefined : Number(parts.prefix);
  const bits = written === undefined ? maxBits : Math.max(0, isMapped ? written - 96 : written);
  return { type: 'network', addresses, address, bits, port: parts.port };
}

function stripBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
