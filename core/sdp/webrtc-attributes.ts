// Reads and writes the single attributes of WebRTC descriptions; malformed ones are left out.
import type {
  Direction,
  Fingerprint,
  HeaderExtension,
  MediaSource,
  MediaSourceGroup,
  MediaStreamId,
  RestrictionIdentifier,
  SetupRole,
  Simulcast,
  SimulcastAlternative,
} from './webrtc-description.ts';

const MAX_SSRC = 0xffffffff;
const MAX_LAYERS = 16;

/** `sha-256 12:AB:...`; undefined unless it is a name and pairs of hex digits. */
export function parseFingerprint(text: string): Fingerprint | undefined {
  const [algorithm = '', value = '', more] = words(text);
  if (more !== undefined || !/^[A-Za-z0-9-]{1,32}$/.test(algorithm)) return undefined;
  if (!/^(?:[0-9A-Fa-f]{2}:){15,63}[0-9A-Fa-f]{2}$/.test(value)) return undefined;
  return { algorithm: algorithm.toLowerCase(), value: value.toUpperCase() };
}

/** The DTLS role; undefined for an unknown one. */
export function parseSetup(text: string): SetupRole | undefined {
  switch (text) {
    case 'actpass':
    case 'active':
    case 'passive':
    case 'holdconn':
      return text;
    default:
      return undefined;
  }
}

/** The direction; undefined for an unknown one. */
export function parseDirection(text: string): Direction | undefined {
  switch (text) {
    case 'sendrecv':
    case 'sendonly':
    case 'recvonly':
    case 'inactive':
      return text;
    default:
      return undefined;
  }
}

/** `3/recvonly urn:... parameters`. */
export function parseHeaderExtension(text: string): HeaderExtension | undefined {
  const [head = '', uri, ...parameters] = words(text);
  const [idText = '', directionText] = head.split('/');
  const id = integer(idText, 255);
  if (id === undefined || id === 0 || uri === undefined) return undefined;
  const direction = directionText === undefined ? undefined : parseDirection(directionText);
  const extension = { id, uri, parameters: parameters.join(' ') };
  return direction === undefined ? extension : { ...extension, direction };
}

/** The value of `a=extmap`. */
export function formatHeaderExtension(extension: HeaderExtension): string {
  const head =
    extension.direction === undefined
      ? `${extension.id}`
      : `${extension.id}/${extension.direction}`;
  return [head, extension.uri, extension.parameters].filter((word) => word !== '').join(' ');
}

/** Gathers `a=ssrc` values (`1234 cname:x`) by SSRC, in the order of their first appearance. */
export function parseMediaSources(values: readonly string[]): MediaSource[] {
  const sources = new Map<number, { ssrc: number; cname?: string; msid?: string }>();
  for (const value of values) {
    const blank = value.search(/[ \t]/);
    const ssrc = integer(blank < 0 ? value : value.slice(0, blank), MAX_SSRC);
    if (ssrc === undefined) continue;
    const source = sources.get(ssrc) ?? { ssrc };
    sources.set(ssrc, source);
    const attribute = blank < 0 ? '' : value.slice(blank + 1).trim();
    if (attribute.startsWith('cname:')) source.cname = attribute.slice(6);
    else if (attribute.startsWith('msid:')) source.msid = attribute.slice(5);
  }
  return [...sources.values()];
}

/** `FID 1 2`. */
export function parseSourceGroup(text: string): MediaSourceGroup | undefined {
  const [semantics, ...numbers] = words(text);
  const ssrcs = numbers.flatMap((number) => integer(number, MAX_SSRC) ?? []);
  if (semantics === undefined || ssrcs.length === 0) return undefined;
  return ssrcs.length === numbers.length ? { semantics, ssrcs } : undefined;
}

/** `hi send max-width=1280;max-fps=30`. */
export function parseRid(text: string): RestrictionIdentifier | undefined {
  const [id = '', direction, ...restrictions] = words(text);
  if (!isRid(id) || (direction !== 'send' && direction !== 'recv')) return undefined;
  return { id, direction, restrictions: restrictions.join(' ') };
}

/** `send hi;mid,~lo recv a`. */
export function parseSimulcast(text: string): Simulcast | undefined {
  const list = words(text);
  const layers: Record<'send' | 'recv', SimulcastAlternative[][]> = { send: [], recv: [] };
  for (let index = 0; index + 1 < list.length; index += 2) {
    const direction = list[index];
    if (direction !== 'send' && direction !== 'recv') return undefined;
    layers[direction] = parseLayers(list[index + 1] ?? '');
  }
  return layers.send.length + layers.recv.length > 0 ? layers : undefined;
}

/** The value of `a=simulcast`. */
export function formatSimulcast(simulcast: Simulcast): string {
  const parts: string[] = [];
  if (simulcast.send.length > 0) parts.push('send', formatLayers(simulcast.send));
  if (simulcast.recv.length > 0) parts.push('recv', formatLayers(simulcast.recv));
  return parts.join(' ');
}

/** `stream track`; a stream called `-` means none. */
export function parseMediaStream(text: string): MediaStreamId | undefined {
  const [streamId, trackId] = words(text);
  if (streamId === undefined) return undefined;
  return trackId === undefined ? { streamId } : { streamId, trackId };
}

/** Words parted by blanks or tabs. */
export function words(text: string): string[] {
  return text.split(/[ \t]/).filter((word) => word !== '');
}

/** A decimal number 0..`max`; undefined for anything else. */
export function integer(text: string, max: number): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

function isRid(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,255}$/.test(text);
}

function parseLayers(text: string): SimulcastAlternative[][] {
  return text
    .split(';', MAX_LAYERS)
    .map((layer) => layer.split(',', MAX_LAYERS).flatMap(parseAlternative))
    .filter((layer) => layer.length > 0);
}

function parseAlternative(text: string): SimulcastAlternative[] {
  const isPaused = text.startsWith('~');
  const rid = isPaused ? text.slice(1) : text;
  return isRid(rid) ? [{ rid, isPaused }] : [];
}

function formatLayers(layers: readonly (readonly SimulcastAlternative[])[]): string {
  return layers
    .map((layer) => layer.map(({ rid, isPaused }) => (isPaused ? `~${rid}` : rid)).join(','))
    .join(';');
}
