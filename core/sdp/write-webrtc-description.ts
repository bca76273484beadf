// Turns a typed offer or answer into the description whose text goes to the peer.
import { formatIceCandidate } from './ice-candidate.ts';
import { rtpmapOf, type RtpFormat } from './rtp-format.ts';
import type { MediaDescription, SdpAttribute, SessionDescription } from './session-description.ts';
import { formatHeaderExtension, formatSimulcast } from './webrtc-attributes.ts';
import type { WebrtcDescription, WebrtcMedia } from './webrtc-description.ts';

const DATA_CHANNEL_FORMAT = 'webrtc-datachannel';
const DEFAULT_ORIGIN = '- 0 0 IN IP4 127.0.0.1';

/**
 * The description as SDP lines. `ice-lite` is written at session level, the only place where it
 * counts; ICE and DTLS parameters at media level.
 */
export function webrtcDescriptionToSdp(description: WebrtcDescription): SessionDescription {
  const attributes: SdpAttribute[] = description.bundleGroups.map((mids) => ({
    name: 'group',
    value: ['BUNDLE', ...mids].join(' '),
  }));
  if (description.allowsMixedExtensions) attributes.push({ name: 'extmap-allow-mixed' });
  if (description.isIceLite) attributes.push({ name: 'ice-lite' });
  return {
    version: 0,
    origin: description.origin ?? DEFAULT_ORIGIN,
    name: '-',
    bandwidths: [],
    times: ['0 0'],
    attributes,
    medias: description.medias.map(mediaToSdp),
  };
}

function mediaToSdp(media: WebrtcMedia): MediaDescription {
  const formats = media.formats.map((format) => `${format.payloadType}`);
  return {
    kind: media.kind,
    port: media.port,
    protocol: media.protocol,
    formats: formats.length > 0 ? formats : [DATA_CHANNEL_FORMAT],
    connection: { networkType: 'IN', addressType: 'IP4', address: '0.0.0.0' },
    bandwidths: [],
    attributes: [
      ...transportAttributes(media),
      ...sectionAttributes(media),
      ...media.formats.flatMap(formatAttributes),
      ...sourceAttributes(media),
    ],
  };
}

function transportAttributes(media: WebrtcMedia): SdpAttribute[] {
  const attributes: SdpAttribute[] = media.candidates.map((candidate) => ({
    name: 'candidate',
    value: formatIceCandidate(candidate).slice('candidate:'.length),
  }));
  if (media.hasEndOfCandidates) attributes.push({ name: 'end-of-candidates' });
  pushValue(attributes, 'ice-ufrag', media.iceUfrag);
  pushValue(attributes, 'ice-pwd', media.icePwd);
  if (media.iceOptions.length > 0) {
    attributes.push({ name: 'ice-options', value: media.iceOptions.join(' ') });
  }
  for (const { algorithm, value } of media.fingerprints) {
    attributes.push({ name: 'fingerprint', value: `${algorithm} ${value}` });
  }
  pushValue(attributes, 'setup', media.setup);
  return attributes;
}

function sectionAttributes(media: WebrtcMedia): SdpAttribute[] {
  const attributes: SdpAttribute[] = [];
  pushValue(attributes, 'mid', media.mid);
  if (media.isBundleOnly) attributes.push({ name: 'bundle-only' });
  for (const extension of media.headerExtensions) {
    attributes.push({ name: 'extmap', value: formatHeaderExtension(extension) });
  }
  // A data channel has no direction (RFC 8841 section 9).
  if (media.formats.length > 0 || media.sctpPort === undefined) {
    attributes.push({ name: media.direction });
  }
  for (const { streamId, trackId } of media.mediaStreams) {
    const value = trackId === undefined ? streamId : `${streamId} ${trackId}`;
    attributes.push({ name: 'msid', value });
  }
  if (media.hasRtcpMux) attributes.push({ name: 'rtcp-mux' });
  if (media.hasReducedSizeRtcp) attributes.push({ name: 'rtcp-rsize' });
  pushValue(attributes, 'sctp-port', media.sctpPort);
  pushValue(attributes, 'max-message-size', media.maxMessageSizeBytes);
  return attributes;
}

function formatAttributes(format: RtpFormat): SdpAttribute[] {
  const attributes: SdpAttribute[] = [];
  const { payloadType } = format;
  const rtpmap = rtpmapOf(format);
  if (rtpmap !== '') attributes.push({ name: 'rtpmap', value: `${payloadType} ${rtpmap}` });
  for (const feedback of format.rtcpFeedback) {
    attributes.push({ name: 'rtcp-fb', value: `${payloadType} ${feedback}` });
  }
  if (format.fmtp !== '') {
    attributes.push({ name: 'fmtp', value: `${payloadType} ${format.fmtp}` });
  }
  return attributes;
}

function sourceAttributes(media: WebrtcMedia): SdpAttribute[] {
  const attributes: SdpAttribute[] = media.sourceGroups.map(({ semantics, ssrcs }) => ({
    name: 'ssrc-group',
    value: [semantics, ...ssrcs].join(' '),
  }));
  for (const { ssrc, cname, msid } of media.sources) {
    if (cname === undefined && msid === undefined) pushValue(attributes, 'ssrc', ssrc);
    if (cname !== undefined) attributes.push({ name: 'ssrc', value: `${ssrc} cname:${cname}` });
    if (msid !== undefined) attributes.push({ name: 'ssrc', value: `${ssrc} msid:${msid}` });
  }
  for (const { id, direction, restrictions } of media.rids) {
    const words = [id, direction, restrictions].filter((word) => word !== '');
    attributes.push({ name: 'rid', value: words.join(' ') });
  }
  if (media.simulcast !== undefined) {
    attributes.push({ name: 'simulcast', value: formatSimulcast(media.simulcast) });
  }
  return attributes;
}

function pushValue(
  attributes: SdpAttribute[],
  name: string,
  value: string | number | undefined,
): void {
  if (value !== undefined) attributes.push({ name, value: `${value}` });
}
