// The Transport header (RFC 2326 section 12.39): what a client offers and what a server answers.
import { MediaError } from '../base/media-error.ts';

/** Two channels or ports: RTP and RTCP. */
export interface TransportPair {
  readonly rtp: number;
  readonly rtcp: number;
}

/** One transport of the header. */
export interface Transport {
  readonly lowerTransport: 'udp' | 'tcp';
  /** `SAVP` and other profiles are kept by name so that they can be refused by name. */
  readonly profile: string;
  readonly isMulticast: boolean;
  readonly interleaved?: TransportPair;
  readonly clientPort?: TransportPair;
  readonly serverPort?: TransportPair;
  /** Multicast ports. */
  readonly port?: TransportPair;
  readonly source?: string;
  readonly destination?: string;
  readonly ssrc?: number;
  readonly mode?: 'play' | 'record';
}

type MutableTransport = { -readonly [Key in keyof Transport]: Transport[Key] };

const MAX_TRANSPORTS = 16;
const SPECIFIER = /^RTP\/(S?AVPF?)(?:\/(UDP|TCP))?$/iu;

/**
 * Reads the transports in the order of the client's preference. Unknown parameters are skipped.
 * @throws MediaError `invalid-argument` when the header is malformed;
 * `unsupported` `rtsp-transport-unsupported` when no transport in it is RTP over UDP or TCP.
 */
export function parseTransportHeader(header: string): Transport[] {
  const items = splitOutsideQuotes(header, ',').map((item) => item.trim());
  const specs = items.filter((item) => item !== '').slice(0, MAX_TRANSPORTS);
  if (specs.length === 0) throw malformed('is empty');
  const transports = specs.map(parseTransport).filter((transport) => transport !== undefined);
  if (transports.length > 0) return transports;
  throw new MediaError(
    'unsupported',
    'rtsp-transport-unsupported',
    `Transport ${JSON.stringify(header.slice(0, 64))} is not RTP over UDP or TCP`,
  );
}

/** The wire form of one transport. */
export function formatTransport(transport: Transport): string {
  const lower = transport.lowerTransport === 'tcp' ? '/TCP' : '';
  const parts = [`RTP/${transport.profile}${lower}`];
  parts.push(transport.isMulticast ? 'multicast' : 'unicast');
  const pairs = [
    ['interleaved', transport.interleaved],
    ['client_port', transport.clientPort],
    ['server_port', transport.serverPort],
    ['port', transport.port],
  ] as const;
  for (const [name, pair] of pairs) if (pair) parts.push(`${name}=${pair.rtp}-${pair.rtcp}`);
  if (transport.destination !== undefined) parts.push(`destination=${transport.destination}`);
  if (transport.source !== undefined) parts.push(`source=${transport.source}`);
  if (transport.ssrc !== undefined) {
    parts.push(`ssrc=${transport.ssrc.toString(16).toUpperCase().padStart(8, '0')}`);
  }
  if (transport.mode !== undefined) parts.push(`mode=${transport.mode}`);
  return parts.join(';');
}

function parseTransport(text: string): Transport | undefined {
  const [specifier = '', ...parameters] = splitOutsideQuotes(text, ';');
  const match = SPECIFIER.exec(specifier.trim());
  if (!match) return undefined;
  const transport: MutableTransport = {
    lowerTransport: match[2]?.toUpperCase() === 'TCP' ? 'tcp' : 'udp',
    profile: (match[1] ?? '').toUpperCase(),
    isMulticast: false,
  };
  for (const parameter of parameters.slice(0, 32)) applyParameter(transport, parameter.trim());
  return transport;
}

function applyParameter(transport: MutableTransport, parameter: string): void {
  const equals = parameter.indexOf('=');
  const name = (equals < 0 ? parameter : parameter.slice(0, equals)).trim().toLowerCase();
  const value = equals < 0 ? '' : unquote(parameter.slice(equals + 1).trim());
  switch (name) {
    case 'multicast':
      transport.isMulticast = true;
      return;
    case 'interleaved':
      transport.interleaved = parsePair(name, value, 255);
      return;
    case 'client_port':
      transport.clientPort = parsePair(name, value, 65_535);
      return;
    case 'server_port':
      transport.serverPort = parsePair(name, value, 65_535);
      return;
    case 'port':
      transport.port = parsePair(name, value, 65_535);
      return;
    case 'source':
      transport.source = value;
      return;
    case 'destination':
      transport.destination = value;
      return;
    case 'ssrc':
      applySsrc(transport, value);
      return;
    case 'mode':
      applyMode(transport, value);
      return;
    default:
  }
}

/** Cameras write blanks and other nonsense here; what is not a number is as good as absent. */
function applySsrc(transport: MutableTransport, value: string): void {
  if (/^[0-9a-f]{1,8}$/iu.test(value)) transport.ssrc = Number.parseInt(value, 16);
}

function applyMode(transport: MutableTransport, value: string): void {
  const mode = value.toLowerCase();
  if (mode === 'play') transport.mode = 'play';
  else if (mode === 'record' || mode === 'receive') transport.mode = 'record';
}

function parsePair(name: string, value: string, max: number): TransportPair {
  const match = /^(\d{1,5})(?:[ \t]*-[ \t]*(\d{1,5}))?$/u.exec(value);
  const rtp = Number(match?.[1]);
  const rtcp = match?.[2] === undefined ? rtp + 1 : Number(match[2]);
  if (!match || rtp > max || rtcp > max) {
    throw malformed(`has ${name}=${JSON.stringify(value.slice(0, 24))}`);
  }
  return { rtp, rtcp };
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (char === '"') isQuoted = !isQuoted;
    else if (char === separator && !isQuoted) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function unquote(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

function malformed(problem: string): MediaError {
  return new MediaError('invalid-argument', 'rtsp-malformed', `Transport header ${problem}`);
}
