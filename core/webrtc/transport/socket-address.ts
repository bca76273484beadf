// Reads listen addresses as mediamtx.yml writes them: `:8189`, `127.0.0.1:8189`, `[::1]:8189`.
import type { AddressInfo } from 'node:net';
import { isIP } from 'node:net';
import { MediaError } from '../../base/media-error.ts';

/** Where to listen; an undefined host means every address, IPv6 and IPv4. */
export interface SocketAddressText {
  readonly host: string | undefined;
  readonly port: number;
}

/** @throws MediaError `invalid-argument` when the text is not `[host]:port` with a numeric host. */
export function parseSocketAddress(text: string): SocketAddressText {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[^:[\]]*)):(?<port>\d{1,5})$/u.exec(text);
  const host = match?.groups?.['v6'] ?? match?.groups?.['v4'] ?? '';
  const port = Number(match?.groups?.['port'] ?? Number.NaN);
  if (!(port >= 0 && port <= 65_535) || (host !== '' && isIP(host) === 0)) {
    throw new MediaError('invalid-argument', 'bad-listen-address', `bad listen address: ${text}`);
  }
  return { host: host === '' ? undefined : host, port };
}

/** Port of a bound server, 0 when it is not bound or bound to a pipe. */
export function listeningPort(address: AddressInfo | string | null | undefined): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
