// ICE candidates as text (RFC 8839 section 5.1), from SDP lines and from signalling messages.

/** Kind of a candidate, RFC 8445 section 4. */
export type IceCandidateType = 'host' | 'srflx' | 'prflx' | 'relay';

/** One candidate. */
export interface IceCandidate {
  /** 1..32 ice-chars. */
  readonly foundation: string;
  /** 1 = RTP (and RTCP when multiplexed), 2 = RTCP; up to 256. */
  readonly component: number;
  readonly transport: 'udp' | 'tcp';
  /** 0..2^32-1. */
  readonly priority: number;
  /** IPv4, IPv6 or a host name such as a browser's `.local` name. */
  readonly address: string;
  readonly port: number;
  readonly type: IceCandidateType;
  readonly relatedAddress?: string;
  readonly relatedPort?: number;
  /** RFC 6544 section 4.5; only with TCP. */
  readonly tcpType?: 'active' | 'passive' | 'so';
  /** Further pairs such as `generation 0`, `ufrag abcd`, `network-id 1`. */
  readonly extensions: readonly (readonly [name: string, value: string])[];
}

const MAX_CANDIDATE_LENGTH = 1024;
const MAX_EXTENSIONS = 16;
const FIXED_WORDS = 8;

/**
 * Parses a candidate, with or without `a=` and `candidate:` in front and white space around.
 * Transport and type may be upper case. Undefined for anything that is not a UDP or TCP candidate.
 */
export function parseIceCandidate(text: string): IceCandidate | undefined {
  if (text.length > MAX_CANDIDATE_LENGTH) return undefined;
  const words = withoutPrefix(text.trim())
    .split(/[ \t]/)
    .filter((word) => word !== '');
  const [foundation = '', component, transport, priority, address = '', port, typ, type] = words;
  const candidate = {
    foundation,
    component: boundedInteger(component, 256),
    transport: transportOf(transport),
    priority: boundedInteger(priority, 0xffffffff),
    address,
    port: boundedInteger(port, 0xffff),
    type: candidateTypeOf(type),
  };
  if (typ?.toLowerCase() !== 'typ' || !isFoundation(foundation)) return undefined;
  return isComplete(candidate) ? { ...candidate, ...readPairs(words) } : undefined;
}

/** The candidate as `candidate:...`, without `a=` and line end. */
export function formatIceCandidate(candidate: IceCandidate): string {
  const words: (string | number)[] = [
    `candidate:${candidate.foundation}`,
    candidate.component,
    candidate.transport,
    candidate.priority,
    candidate.address,
    candidate.port,
    'typ',
    candidate.type,
  ];
  if (candidate.relatedAddress !== undefined) words.push('raddr', candidate.relatedAddress);
  if (candidate.relatedPort !== undefined) words.push('rport', candidate.relatedPort);
  if (candidate.tcpType !== undefined) words.push('tcptype', candidate.tcpType);
  for (const [name, value] of candidate.extensions) words.push(name, value);
  return words.join(' ');
}

/** The value of an extension such as `ufrag`; undefined when the candidate has none. */
export function candidateExtension(candidate: IceCandidate, name: string): string | undefined {
  return candidate.extensions.find(([key]) => key === name)?.[1];
}

type Incomplete<T> = { readonly [Key in keyof T]: T[Key] | undefined };
type FixedFields = Pick<
  IceCandidate,
  'foundation' | 'component' | 'transport' | 'priority' | 'address' | 'port' | 'type'
>;

function isComplete(fields: Incomplete<FixedFields>): fields is FixedFields {
  return Object.values(fields).every((field) => field !== undefined);
}

function withoutPrefix(text: string): string {
  const line = text.startsWith('a=') ? text.slice(2) : text;
  return line.startsWith('candidate:') ? line.slice('candidate:'.length) : line;
}

function isFoundation(text: string): boolean {
  return /^[A-Za-z0-9+/._-]{1,32}$/.test(text);
}

function boundedInteger(text: string | undefined, max: number): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

function transportOf(text: string | undefined): 'udp' | 'tcp' | undefined {
  const name = text?.toLowerCase();
  return name === 'udp' || name === 'tcp' ? name : undefined;
}

function candidateTypeOf(text: string | undefined): IceCandidateType | undefined {
  const name = text?.toLowerCase();
  return name === 'host' || name === 'srflx' || name === 'prflx' || name === 'relay'
    ? name
    : undefined;
}

type Pairs = Pick<IceCandidate, 'relatedAddress' | 'relatedPort' | 'tcpType' | 'extensions'>;

/** The name and value pairs behind the fixed words; a name without a value is left out. */
function readPairs(words: readonly string[]): Pairs {
  const extensions: (readonly [string, string])[] = [];
  const known: { -readonly [Key in keyof Omit<Pairs, 'extensions'>]: Pairs[Key] } = {};
  for (let index = FIXED_WORDS; index + 1 < words.length; index += 2) {
    const name = words[index] ?? '';
    const value = words[index + 1] ?? '';
    const relatedPort = boundedInteger(value, 0xffff);
    if (name === 'raddr') known.relatedAddress = value;
    else if (name === 'rport' && relatedPort !== undefined) known.relatedPort = relatedPort;
    else if (name === 'tcptype' && isTcpType(value)) known.tcpType = value;
    else if (extensions.length < MAX_EXTENSIONS) extensions.push([name, value]);
  }
  return { ...known, extensions };
}

function isTcpType(text: string): text is 'active' | 'passive' | 'so' {
  return text === 'active' || text === 'passive' || text === 'so';
}
