// Listen addresses as they stand in configuration files: 'host:port', '[v6]:port' or ':port'.
import { MediaError } from './media-error.ts';

/** Where to listen. */
export interface ListenAddress {
  /** Name or IP without brackets; empty = every interface, IPv6 and IPv4. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

const PATTERN = /^(?:\[([^[\]]*)\]|([^:[\]]*)):(\d{1,5})$/u;

/**
 * Reads `text`.
 * @param place Name of the configuration key, for the error text.
 * @throws MediaError invalid-argument.
 */
export function parseListenAddress(text: string, place: string): ListenAddress {
  const match = PATTERN.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    throw new MediaError(
      'invalid-argument',
      'invalid-listen-address',
      `'${text}' is not 'host:port', '[ipv6]:port' or ':port'; ${place}`,
    );
  }
  return { host: match[1] ?? match[2] ?? '', port };
}
