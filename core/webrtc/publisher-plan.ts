// Decides which sections of a publisher's offer are taken, with which codec, and what feedback they get.
import { MediaError } from '../base/media-error.ts';
import type { Codec, TrackDescription } from '../codec/codec.ts';
import { parametersOf, type RtpFormat } from '../sdp/rtp-format.ts';
import type { HeaderExtension, WebrtcMedia } from '../sdp/webrtc-description.ts';
import { rtxOf } from './codec-match.ts';
import type { PeerOffer } from './peer-offer.ts';

/** A section that is taken. */
export interface PublishedSection {
  readonly media: WebrtcMedia;
  readonly format: RtpFormat;
  readonly rtx: RtpFormat | undefined;
  readonly description: TrackDescription;
}

/** What a publisher's answer accepts. */
export interface PublisherPlan {
  readonly sections: readonly PublishedSection[];
  /** Id of the transport-wide sequence number extension; 0 when it is not negotiated. */
  readonly transportSequenceId: number;
  /** Id of the absolute send time extension; 0 when it is not negotiated. */
  readonly sendTimeId: number;
  /** Whether the publisher wants to be told a maximum bitrate instead (REMB). */
  readonly wantsMaximumBitrate: boolean;
  /** Whether feedback may go without a report in front of it (RFC 5506). */
  readonly hasReducedSizeRtcp: boolean;
}

/** The transport-wide sequence number (draft-holmer-rmcat-transport-wide-cc-extensions-01). */
export const TRANSPORT_SEQUENCE_URI =
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';

/** The absolute send time (draft-alvestrand-rmcat-remb-03 section 2.2). */
export const SEND_TIME_URI = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';

/**
 * Plans a publisher: at most one video and one audio section, each with the first offered codec
 * that the server knows.
 * @throws MediaError `unsupported` (`offer-not-acceptable`) for more sections of a kind or other
 * kinds of media, `invalid-argument` when no section or no codec can be taken.
 */
export function planPublisher(offer: PeerOffer): PublisherPlan {
  const sections: PublishedSection[] = [];
  const used = offer.description.medias.filter((media) => !media.isRejected);
  for (const media of used) {
    if (media.kind === 'application') continue;
    if (media.kind !== 'video' && media.kind !== 'audio') {
      throw notAcceptable(`media kind '${media.kind}' can't be published`);
    }
    if (media.direction === 'recvonly' || media.direction === 'inactive') continue;
    if (sections.some((section) => section.media.kind === media.kind)) {
      throw notAcceptable(`only one ${media.kind} section can be published`);
    }
    if (!offer.bundled.includes(media)) {
      throw notAcceptable(`m=${media.kind} is not in the bundle of the first section`);
    }
    sections.push(planSection(media));
  }
  if (sections.length === 0) {
    throw new MediaError(
      'invalid-argument',
      'offer-sends-nothing',
      'invalid SDP offer: no m= section sends audio or video',
    );
  }
  const isWanted = sections.some(({ format }) => format.rtcpFeedback.includes('transport-cc'));
  const sequenceId = isWanted ? sharedId(sections, TRANSPORT_SEQUENCE_URI) : 0;
  return {
    sections,
    transportSequenceId: sequenceId,
    sendTimeId: sequenceId === 0 ? 0 : sharedId(sections, SEND_TIME_URI),
    wantsMaximumBitrate:
      sequenceId === 0 && sections.some(({ format }) => format.rtcpFeedback.includes('goog-remb')),
    hasReducedSizeRtcp: sections.every(({ media }) => media.hasReducedSizeRtcp),
  };
}

function planSection(media: WebrtcMedia): PublishedSection {
  for (const format of media.formats) {
    const codec = publishedCodec(format);
    if (!codec) continue;
    const description: TrackDescription = {
      kind: media.kind === 'video' ? 'video' : 'audio',
      codec,
      payloadType: format.payloadType,
    };
    return { media, format, rtx: rtxOf(format, media.formats), description };
  }
  const names = [...new Set(media.formats.map((format) => format.encoding))].join(', ');
  throw new MediaError(
    'invalid-argument',
    'codec-unsupported',
    `none of the offered ${media.kind} codecs can be taken: ${names || 'none offered'}`,
  );
}

/** The codec of an offered format; undefined when the server can't take it. */
function publishedCodec(format: RtpFormat): Codec | undefined {
  const { clockRateHz, channelCount } = format;
  switch (format.encoding.toUpperCase()) {
    case 'H264': {
      const mode = Number(parametersOf(format).get('packetization-mode') ?? '0');
      return mode > 1 ? undefined : { name: 'H264', clockRateHz: 90000, packetizationMode: mode };
    }
    case 'H265':
      return { name: 'H265', clockRateHz: 90000 };
    case 'VP8':
      return { name: 'VP8', clockRateHz: 90000 };
    case 'VP9': {
      const profileId = Number(parametersOf(format).get('profile-id') ?? '0');
      return { name: 'VP9', clockRateHz: 90000, profileId };
    }
    case 'AV1':
      return { name: 'AV1', clockRateHz: 90000 };
    case 'OPUS':
      // RFC 7587 section 7 fixes /2; whether the sound is stereo stands in sprop-stereo.
      return { name: 'Opus', clockRateHz: 48000, channelCount: 2 };
    case 'PCMU':
    case 'PCMA':
      return {
        name: 'G711',
        clockRateHz,
        channelCount,
        isMuLaw: format.encoding.toUpperCase() === 'PCMU',
      };
    case 'G722':
      return { name: 'G722', clockRateHz: 8000, channelCount: 1 };
    case 'L16':
      return clockRateHz > 0
        ? { name: 'LPCM', clockRateHz, channelCount, bitDepth: 16 }
        : undefined;
    default:
      return undefined;
  }
}

/**
 * Id of an extension that runs over all packets of the transport. Sections may leave it out, but
 * those that have it share one id (RFC 9143 section 9.1); 0 when there is none.
 */
function sharedId(sections: readonly PublishedSection[], uri: string): number {
  const ids = new Set(sections.flatMap(({ media }) => extensionOf(media, uri)?.id ?? []));
  const [id = 0] = ids;
  return ids.size === 1 ? id : 0;
}

/** The extensions of a section by which the server judges the rate: those with an id in the plan. */
export function rateExtensionsOf(
  { transportSequenceId, sendTimeId }: Pick<PublisherPlan, 'transportSequenceId' | 'sendTimeId'>,
  media: WebrtcMedia,
): HeaderExtension[] {
  const wanted = [
    ...(transportSequenceId > 0 ? [TRANSPORT_SEQUENCE_URI] : []),
    ...(sendTimeId > 0 ? [SEND_TIME_URI] : []),
  ];
  return wanted.flatMap((uri) => extensionOf(media, uri) ?? []);
}

function extensionOf(media: WebrtcMedia, uri: string): HeaderExtension | undefined {
  return media.headerExtensions.find((extension) => extension.uri === uri);
}

function notAcceptable(message: string): MediaError {
  return new MediaError('unsupported', 'offer-not-acceptable', `invalid SDP offer: ${message}`);
}
