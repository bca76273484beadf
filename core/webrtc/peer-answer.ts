// Writes the answer to an offer: ice-lite, passive, one bundled transport, all candidates inside.
import type { IceCandidate } from '../sdp/ice-candidate.ts';
import type { RtpFormat } from '../sdp/rtp-format.ts';
import type {
  Fingerprint,
  HeaderExtension,
  MediaSource,
  MediaSourceGroup,
  MediaStreamId,
  WebrtcMedia,
} from '../sdp/webrtc-description.ts';
import { webrtcDescriptionToSdp } from '../sdp/write-webrtc-description.ts';
import { writeSdp } from '../sdp/write-sdp.ts';
import type { PeerOffer } from './peer-offer.ts';

/** Our side of the transport. */
export interface AnswerTransport {
  readonly iceUfrag: string;
  readonly icePwd: string;
  readonly fingerprint: Fingerprint;
  readonly candidates: readonly IceCandidate[];
}

/** What the answer says in one accepted section. */
export interface AnsweredSection {
  /** The section of the offer. */
  readonly media: WebrtcMedia;
  readonly direction: 'sendonly' | 'recvonly' | 'inactive';
  /** Accepted formats with their fmtp; feedback is cut to what both sides know. */
  readonly formats: readonly RtpFormat[];
  readonly headerExtensions: readonly HeaderExtension[];
  readonly sources: readonly MediaSource[];
  readonly sourceGroups: readonly MediaSourceGroup[];
  readonly mediaStreams: readonly MediaStreamId[];
}

/** The answer as text. Sections of the offer that are not in `sections` are refused with port 0. */
export function writeAnswer(
  offer: PeerOffer,
  transport: AnswerTransport,
  sections: readonly AnsweredSection[],
): string {
  const answered = withBundleTag(offer, sections);
  const medias = offer.description.medias.map((media) => {
    const section = answered.find((candidate) => candidate.media === media);
    return section ? accepted(media, section, transport) : refused(media);
  });
  const mids = answered.flatMap(({ media }) => (media.mid === undefined ? [] : [media.mid]));
  const description = webrtcDescriptionToSdp({
    isIceLite: true,
    bundleGroups: mids.length > 0 ? [mids] : [],
    allowsMixedExtensions: offer.description.allowsMixedExtensions,
    medias,
  });
  return writeSdp(description);
}

/**
 * With the max-bundle policy a browser gives a transport to the first section of the offer alone,
 * which the offer does not show; refusing that section would take the transport from the others
 * (RFC 9143 section 7.3.3). It is kept, without media.
 */
function withBundleTag(
  offer: PeerOffer,
  sections: readonly AnsweredSection[],
): readonly AnsweredSection[] {
  const [tagged] = offer.bundled;
  const hasGroup = offer.bundled.length > 1 && sections.length > 0;
  if (!tagged || !hasGroup || sections.some(({ media }) => media === tagged)) return sections;
  const [format] = tagged.formats;
  if (!format) return sections;
  const silent: AnsweredSection = {
    media: tagged,
    direction: 'inactive',
    formats: [withFeedback(format, [])],
    headerExtensions: [],
    sources: [],
    sourceGroups: [],
    mediaStreams: [],
  };
  return [silent, ...sections];
}

/** Keeps of an offered format's feedback only what `wanted` names. */
export function withFeedback(format: RtpFormat, wanted: readonly string[]): RtpFormat {
  return {
    ...format,
    rtcpFeedback: format.rtcpFeedback.filter((feedback) => wanted.includes(feedback.trim())),
  };
}

function accepted(
  media: WebrtcMedia,
  section: AnsweredSection,
  transport: AnswerTransport,
): WebrtcMedia {
  return {
    ...identityOf(media),
    port: 9,
    isRejected: false,
    direction: section.direction,
    hasRtcpMux: true,
    hasReducedSizeRtcp: media.hasReducedSizeRtcp,
    iceUfrag: transport.iceUfrag,
    icePwd: transport.icePwd,
    iceOptions: [],
    fingerprints: [transport.fingerprint],
    setup: 'passive',
    candidates: transport.candidates,
    hasEndOfCandidates: true,
    formats: section.formats,
    headerExtensions: section.headerExtensions,
    sources: section.sources,
    sourceGroups: section.sourceGroups,
    mediaStreams: section.mediaStreams,
    rids: [],
  };
}

function refused(media: WebrtcMedia): WebrtcMedia {
  return {
    ...identityOf(media),
    port: 0,
    isRejected: true,
    direction: 'inactive',
    hasRtcpMux: false,
    hasReducedSizeRtcp: false,
    iceOptions: [],
    fingerprints: [],
    candidates: [],
    hasEndOfCandidates: false,
    formats: refusedFormats(media),
    headerExtensions: [],
    sources: [],
    sourceGroups: [],
    mediaStreams: [],
    rids: [],
  };
}

/** An m= line needs a format (RFC 3264 section 6); the first offered one stands for none. */
function refusedFormats(media: WebrtcMedia): RtpFormat[] {
  const [first] = media.formats;
  if (first) return [{ ...first, fmtp: '', rtcpFeedback: [] }];
  return media.protocol.includes('RTP/') ? [NO_FORMAT] : [];
}

const NO_FORMAT: RtpFormat = {
  payloadType: 0,
  encoding: '',
  clockRateHz: 0,
  channelCount: 1,
  fmtp: '',
  rtcpFeedback: [],
};

function identityOf(
  media: WebrtcMedia,
): Pick<WebrtcMedia, 'kind' | 'protocol' | 'isBundleOnly'> & { readonly mid?: string } {
  return {
    kind: media.kind,
    protocol: media.protocol,
    isBundleOnly: false,
    ...(media.mid === undefined ? {} : { mid: media.mid }),
  };
}
