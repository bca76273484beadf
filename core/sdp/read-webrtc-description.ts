// Gives the attributes of an offer or answer their meaning.
import { parseIceCandidate, type IceCandidate } from './ice-candidate.ts';
import { rtpFormatsOf } from './rtp-format.ts';
import {
  attributeValue,
  attributeValues,
  hasAttribute,
  type AttributeHolder,
  type MediaDescription,
  type SessionDescription,
} from './session-description.ts';
import {
  integer,
  parseDirection,
  parseFingerprint,
  parseHeaderExtension,
  parseMediaSources,
  parseMediaStream,
  parseRid,
  parseSetup,
  parseSimulcast,
  parseSourceGroup,
  words,
} from './webrtc-attributes.ts';
import type {
  Direction,
  SetupRole,
  TransportParameters,
  WebrtcDescription,
  WebrtcMedia,
} from './webrtc-description.ts';

/**
 * Reads an offer or answer. Attributes that are malformed or unknown are left out; whether what
 * remains suffices (ICE credentials, a fingerprint) is for the caller to judge. ICE and DTLS
 * parameters of the session are filled into sections that have none.
 */
export function readWebrtcDescription(sdp: SessionDescription): WebrtcDescription {
  const session = transportOf(sdp);
  const direction = directionOf(sdp) ?? 'sendrecv';
  return {
    ...optional('origin', sdp.origin),
    isIceLite: hasAttribute(sdp, 'ice-lite'),
    bundleGroups: bundleGroupsOf(sdp),
    allowsMixedExtensions: hasAttribute(sdp, 'extmap-allow-mixed'),
    medias: sdp.medias.map((media) => readMedia(media, session, direction)),
  };
}

/** The mids of each `a=group:BUNDLE` (RFC 9143 section 7). */
export function bundleGroupsOf(holder: AttributeHolder): string[][] {
  return attributeValues(holder, 'group')
    .map(words)
    .filter(([semantics]) => semantics === 'BUNDLE')
    .map(([, ...mids]) => mids);
}

/** The candidates of a section, malformed ones left out. */
export function candidatesOf(holder: AttributeHolder): IceCandidate[] {
  return attributeValues(holder, 'candidate').flatMap((value) => parseIceCandidate(value) ?? []);
}

function readMedia(
  media: MediaDescription,
  session: TransportParameters,
  sessionDirection: Direction,
): WebrtcMedia {
  const isBundleOnly = hasAttribute(media, 'bundle-only');
  return {
    kind: media.kind,
    port: media.port,
    protocol: media.protocol,
    ...optional('mid', attributeValue(media, 'mid')),
    direction: directionOf(media) ?? sessionDirection,
    isBundleOnly,
    isRejected: media.port === 0 && !isBundleOnly,
    hasRtcpMux: hasAttribute(media, 'rtcp-mux'),
    hasReducedSizeRtcp: hasAttribute(media, 'rtcp-rsize'),
    ...inherited(transportOf(media), session),
    candidates: candidatesOf(media),
    hasEndOfCandidates: hasAttribute(media, 'end-of-candidates'),
    formats: media.protocol.includes('RTP/') ? rtpFormatsOf(media) : [],
    ...sourcesOf(media),
    mediaStreams: attributeValues(media, 'msid').flatMap((text) => parseMediaStream(text) ?? []),
    ...optional('sctpPort', integer(attributeValue(media, 'sctp-port') ?? '', 0xffff)),
    ...optional(
      'maxMessageSizeBytes',
      integer(attributeValue(media, 'max-message-size') ?? '', 0xffffffff),
    ),
  };
}

function sourcesOf(
  media: MediaDescription,
): Pick<WebrtcMedia, 'headerExtensions' | 'sources' | 'sourceGroups' | 'rids' | 'simulcast'> {
  const extensions = attributeValues(media, 'extmap');
  return {
    headerExtensions: extensions.flatMap((text) => parseHeaderExtension(text) ?? []),
    sources: parseMediaSources(attributeValues(media, 'ssrc')),
    sourceGroups: attributeValues(media, 'ssrc-group').flatMap(
      (text) => parseSourceGroup(text) ?? [],
    ),
    rids: attributeValues(media, 'rid').flatMap((text) => parseRid(text) ?? []),
    ...optional('simulcast', parseSimulcast(attributeValue(media, 'simulcast') ?? '')),
  };
}

/** ICE and DTLS parameters as one section writes them. */
export function transportOf(holder: AttributeHolder): TransportParameters {
  const setup: SetupRole | undefined = parseSetup(attributeValue(holder, 'setup') ?? '');
  return {
    ...optional('iceUfrag', attributeValue(holder, 'ice-ufrag')),
    ...optional('icePwd', attributeValue(holder, 'ice-pwd')),
    iceOptions: attributeValues(holder, 'ice-options').flatMap(words),
    fingerprints: attributeValues(holder, 'fingerprint').flatMap(
      (text) => parseFingerprint(text) ?? [],
    ),
    ...optional('setup', setup),
  };
}

/** User fragment and password belong together and are inherited together. */
function inherited(own: TransportParameters, session: TransportParameters): TransportParameters {
  const { iceUfrag, icePwd } = own.iceUfrag === undefined ? session : own;
  return {
    ...optional('iceUfrag', iceUfrag),
    ...optional('icePwd', icePwd),
    iceOptions: own.iceOptions.length > 0 ? own.iceOptions : session.iceOptions,
    fingerprints: own.fingerprints.length > 0 ? own.fingerprints : session.fingerprints,
    ...optional('setup', own.setup ?? session.setup),
  };
}

function directionOf(holder: AttributeHolder): Direction | undefined {
  for (const attribute of holder.attributes) {
    const direction = parseDirection(attribute.name.toLowerCase());
    if (direction !== undefined) return direction;
  }
  return undefined;
}

/** An object with the property when there is a value, else without it. */
function optional<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [Name in Key]?: Value } {
  // A computed key widens to an index signature; the type says what was built.
  return (value === undefined ? {} : { [key]: value }) as { readonly [Name in Key]?: Value };
}
