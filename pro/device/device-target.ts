// A capture device as the other files of this room need it, and how its address is read.
import { isIP } from 'node:net';
import { MediaError } from '../../core/base/media-error.ts';
import { normalizeHost } from '../../core/http/allow-entry.ts';

/** How a device is asked whether it works; `none` asks nothing. */
export type ProbeKind = 'rpc' | 'tcp' | 'http' | 'none';

/** A device and the path it feeds. */
export interface DeviceTarget {
  /** Path name. */
  readonly name: string;
  /** `host` or `host:port` of its HTTP interface, IPv6 in brackets. */
  readonly address: string;
  /** Where the path pulls its stream from. */
  readonly sourceUrl: string;
  readonly probe: ProbeKind;
}

/** An address taken apart. */
export interface DeviceAddress {
  /** Normalised, IPv6 without brackets. */
  readonly host: string;
  /** Undefined when none is written. */
  readonly port: number | undefined;
  /** As it stands in a URL. */
  readonly authority: string;
}

const ADDRESS = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?$/u;

/**
 * Reads `host[:port]`. Whatever else a URL may hold there (user names, paths, escapes) is refused.
 * Numbers that browsers take for addresses (`2130706433`, `0x7f.1`) become the address they mean.
 * @throws MediaError invalid-argument `invalid-device-address`.
 */
export function parseDeviceAddress(text: string): DeviceAddress {
  const match = ADDRESS.exec(text);
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  const url = `http://${match?.[1] ?? ''}`;
  const isPortValid = port === undefined || (port > 0 && port < 65_536);
  if (!match || !isPortValid || !URL.canParse(url)) {
    const message = `'${text.slice(0, 100)}' is no host[:port]; deviceAddr`;
    throw new MediaError('invalid-argument', 'invalid-device-address', message);
  }
  const host = normalizeHost(new URL(url).hostname);
  const name = isIP(host) === 6 ? `[${host}]` : host;
  return { host, port, authority: port === undefined ? name : `${name}:${port}` };
}

/** What the URL of a source says about its device. */
export interface SourceParts {
  /** In lower case, without colon. */
  readonly scheme: string;
  readonly port: number | undefined;
  readonly path: string;
  readonly query: URLSearchParams;
}

const SOURCE = /^([a-z][a-z0-9+.-]{0,20}):\/\/([^/]*)([^?#]*)\??([^#]*)/iu;

/** Takes the URL apart by hand: passwords of cameras hold characters that no URL parser takes. */
export function parseSourceUrl(url: string): SourceParts | undefined {
  const match = SOURCE.exec(url);
  if (!match) return undefined;
  const [, scheme = '', authority = '', path = '', query = ''] = match;
  const port = /:(\d{1,5})$/u.exec(authority.slice(authority.lastIndexOf('@') + 1))?.[1];
  return {
    scheme: scheme.toLowerCase(),
    port: port === undefined ? undefined : Number(port),
    path,
    query: new URLSearchParams(query),
  };
}
