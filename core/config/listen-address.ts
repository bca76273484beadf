// Listen addresses of mediamtx.yml, where an empty text turns the listener off.
import { parseListenAddress } from '../base/listen-address.ts';
import type { ListenAddress } from '../base/listen-address.ts';

/**
 * Reads ":8554", "127.0.0.1:8554" or "[::1]:8554"; an empty text is undefined.
 * @throws MediaError `invalid-argument` when the text is not host:port.
 */
export function parseOptionalAddress(text: string): ListenAddress | undefined {
  if (text === '') return undefined;
  return Object.freeze(parseListenAddress(text, 'an empty text turns the listener off'));
}

/** Writes a listen address as the file has it; undefined is the empty text. */
export function formatListenAddress(address: ListenAddress | undefined): string {
  if (address === undefined) return '';
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}
