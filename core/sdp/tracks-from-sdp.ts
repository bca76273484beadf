// The tracks that an RTSP source announces in its SDP, and why the other sections are left out.
import { mediaKindOf, type MediaKind, type TrackDescription } from '../codec/codec.ts';
import { codecFromFormat } from './codec-from-format.ts';
import { rtpFormatsOf } from './rtp-format.ts';
import {
  attributeValue,
  hasAttribute,
  type MediaDescription,
  type SessionDescription,
} from './session-description.ts';

/** Why a media section is no track. */
export type IgnoredMediaReason =
  /** Audio that flows from the client to the camera (ONVIF streaming specification, section 5.3). */
  | 'back-channel'
  /** Not video, audio or application. */
  | 'unsupported-kind'
  /** Not RTP. */
  | 'unsupported-protocol'
  /** The m= line names no payload type 0..127. */
  | 'no-payload-type';

/** A media section that is not a track. */
export interface IgnoredMedia {
  /** Position among the m= sections, from 0. */
  readonly mediaIndex: number;
  readonly reason: IgnoredMediaReason;
  /** The m= line's words, for the log. */
  readonly detail: string;
  readonly isBackChannel: boolean;
}

/** What an RTSP description offers. */
export interface SdpTracks {
  readonly tracks: readonly TrackDescription[];
  readonly ignored: readonly IgnoredMedia[];
  /** `a=control` of the session: the URL for PLAY, often `*`. */
  readonly control?: string;
}

/** Reads the tracks of a DESCRIBE answer or an ANNOUNCE request. */
export function tracksFromSdp(sdp: SessionDescription): SdpTracks {
  const tracks: TrackDescription[] = [];
  const ignored: IgnoredMedia[] = [];
  for (const [mediaIndex, media] of sdp.medias.entries()) {
    const track = trackOf(media);
    if (typeof track !== 'string') {
      tracks.push(track);
      continue;
    }
    const words = [media.kind, media.port, media.protocol, ...media.formats.slice(0, 4)];
    const isBackChannel = track === 'back-channel';
    ignored.push({ mediaIndex, reason: track, detail: words.join(' '), isBackChannel });
  }
  const control = attributeValue(sdp, 'control');
  return { tracks, ignored, ...(control !== undefined && { control }) };
}

function trackOf(media: MediaDescription): TrackDescription | IgnoredMediaReason {
  const kind = kindOf(media.kind);
  if (kind === undefined) return 'unsupported-kind';
  if (!/^RTP\/S?AVPF?(?:\/|$)/i.test(media.protocol)) return 'unsupported-protocol';
  if (kind === 'audio' && hasAttribute(media, 'sendonly')) return 'back-channel';
  const candidates = rtpFormatsOf(media).map((format) => ({
    payloadType: format.payloadType,
    codec: codecFromFormat(format, kind),
  }));
  // Of several formats the first one that is understood, e.g. not the comfort noise beside it.
  const chosen = candidates.find(({ codec }) => codec.name !== 'Generic') ?? candidates[0];
  if (chosen === undefined) return 'no-payload-type';
  const { codec } = chosen;
  const control = attributeValue(media, 'control');
  return {
    kind: codec.name === 'Generic' ? kind : mediaKindOf(codec),
    ...chosen,
    ...(control !== undefined && control !== '' && { control }),
  };
}

/** `m=application/TP-LINK` exists. */
function kindOf(text: string): MediaKind | undefined {
  const kind = text.split('/', 1)[0]?.toLowerCase();
  return kind === 'video' || kind === 'audio' || kind === 'application' ? kind : undefined;
}
