// Listen addresses of mediamtx.yml: ":8554", "127.0.0.1:8554", "[::1]:8554".
import { isIPv6 } from 'node:net';
import { MediaError } from '../base/media-error.ts';

/** Where a server listens. */
export interface ListenAddress {
  /** Host name or IP without brackets; empty = every interface. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

const ADDRESS = /^(?:\[([0-9a-f:.]+(?:%[\w.]+)?)\]|([\w.-]*)):(\d{1,5})$/iu;

/**
 * Reads a listen address; an empty text is undefined (listener off).
 * @throws MediaError `invalid-argument` when the text is not host:port.
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text === '') return undefined;
  const [, bracketed, plain = '', portText] = ADDRESS.exec(text) ?? [];
  const port = Number(portText ?? NaN);
  if (!(port <= 65_535) || (bracketed !== undefined && !isIPv6(bracketed))) {
    throw new MediaError(
      'invalid-argument',
      'config-invalid-address',
      `invalid address '${text.slice(0, 128)}': write host:port or :port with a port from 0 to 65535`,
    );
  }
  return Object.freeze({ host: bracketed ?? plain, port });
}

/** Writes a listen address as the file has it; undefined is the empty text. */
export function formatListenAddress(address: ListenAddress | undefined): string {
  if (address === undefined) return '';
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}
