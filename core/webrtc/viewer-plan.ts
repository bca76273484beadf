// Decides which track of a stream goes into which section of a viewer's offer, and why others don't.
import { randomBytes } from 'node:crypto';
import { MediaError } from '../base/media-error.ts';
import type { CodecName } from '../codec/codec.ts';
import type { WebrtcMedia } from '../sdp/webrtc-description.ts';
import type { Stream } from '../stream/stream.ts';
import type { Track } from '../stream/track.ts';
import { isMatched, matchCodec, type MatchedFormat } from './codec-match.ts';
import type { PeerOffer } from './peer-offer.ts';

/** One section of the offer that gets a track. */
export interface PlannedSection {
  readonly media: WebrtcMedia;
  readonly stream: Stream;
  readonly track: Track;
  readonly match: MatchedFormat;
  readonly ssrc: number;
  readonly rtxSsrc: number | undefined;
}

/** A track that the viewer does not get, and why. */
export interface SkippedTrack {
  readonly kind: string;
  readonly codec: CodecName;
  readonly code: string;
  readonly message: string;
}

/** What a viewer's answer carries, and what it leaves out. */
export interface ViewerPlan {
  readonly sections: readonly PlannedSection[];
  readonly skipped: readonly SkippedTrack[];
}

/** Candidate tracks with the stream they live in: transcoded audio is a stream of its own. */
export interface PlannableTrack {
  readonly stream: Stream;
  readonly track: Track;
}

/** Best first, as the peer prefers them. */
const PREFERENCE: readonly CodecName[] = [
  'AV1',
  'VP9',
  'VP8',
  'H265',
  'H264',
  'Opus',
  'G722',
  'G711',
  'LPCM',
];

/**
 * Plans at most one video and one audio track. Video still plays when only the audio can't.
 * @throws MediaError `invalid-argument` when nothing plays, or when video is wanted and none of it does.
 */
export function planViewer(offer: PeerOffer, tracks: readonly PlannableTrack[]): ViewerPlan {
  const sections: PlannedSection[] = [];
  const skipped: SkippedTrack[] = [];
  for (const kind of ['video', 'audio'] as const) {
    const media = wantedSection(offer, kind);
    const candidates = tracks
      .filter(({ track }) => track.kind === kind)
      .sort((a, b) => rankOf(a.track) - rankOf(b.track));
    const section = planKind(media, candidates, skipped);
    if (section) sections.push(section);
  }
  assertPlayable(sections, skipped, wantedSection(offer, 'video') !== undefined);
  return { sections: inOfferOrder(sections, offer), skipped };
}

function planKind(
  media: WebrtcMedia | undefined,
  candidates: readonly PlannableTrack[],
  skipped: SkippedTrack[],
): PlannedSection | undefined {
  let planned: PlannedSection | undefined;
  for (const { stream, track } of candidates) {
    if (planned) {
      skipped.push(skip(track, 'one-track-per-kind', `only one ${track.kind} track can be sent`));
      continue;
    }
    if (!media) {
      const message = `the offer has no m=${track.kind} section that receives in its bundle`;
      skipped.push(skip(track, 'section-not-offered', message));
      continue;
    }
    if (track.normalizer.hasBFrames === true) {
      skipped.push(skip(track, 'b-frames', bFramesMessage(track)));
      continue;
    }
    const match = matchCodec(track.codec, media.formats);
    if (!isMatched(match)) {
      skipped.push(skip(track, match.code, match.message));
      continue;
    }
    const [ssrc, rtxSsrc] = randomSsrcs();
    planned = { media, stream, track, match, ssrc, rtxSsrc: match.rtx ? rtxSsrc : undefined };
  }
  return planned;
}

/** What a viewer is told about a stream with B-frames. */
export function bFramesMessage(track: Track): string {
  return (
    `${track.codec.name} with B-frames can't be played by browsers; ` +
    'turn B-frames off in the camera or encoder (ffmpeg: -bf 0)'
  );
}

function assertPlayable(
  sections: readonly PlannedSection[],
  skipped: readonly SkippedTrack[],
  wantsVideo: boolean,
): void {
  const playsVideo = sections.some(({ track }) => track.kind === 'video');
  const missedVideo = skipped.filter((track) => track.kind === 'video');
  const lacksVideo = wantsVideo && !playsVideo && missedVideo.length > 0;
  if (sections.length > 0 && !lacksVideo) return;
  const wanted = skipped.filter((track) => track.code !== 'section-not-offered');
  const reasons = lacksVideo ? missedVideo : wanted.length > 0 ? wanted : skipped;
  const text = [...new Set(reasons.map((track) => track.message))].join('; ');
  const code = reasons[0]?.code ?? 'no-playable-track';
  const message = text === '' ? 'the stream has no track that WebRTC can carry' : text;
  // Peers answer 400 where no codec fits; the reason is in the text.
  throw new MediaError('invalid-argument', code, message);
}

/** The section of the offer in which the viewer wants to receive audio or video. */
export function wantedSection(offer: PeerOffer, kind: 'audio' | 'video'): WebrtcMedia | undefined {
  return offer.bundled.find(
    (media) =>
      media.kind === kind && (media.direction === 'recvonly' || media.direction === 'sendrecv'),
  );
}

/** Place of a track's codec in the order of preference; 0 is best. */
export function rankOf(track: Track): number {
  const rank = PREFERENCE.indexOf(track.codec.name);
  return rank < 0 ? PREFERENCE.length : rank;
}

function inOfferOrder(sections: readonly PlannedSection[], offer: PeerOffer): PlannedSection[] {
  const order = (section: PlannedSection): number => offer.bundled.indexOf(section.media);
  return [...sections].sort((a, b) => order(a) - order(b));
}

function skip(track: Track, code: string, message: string): SkippedTrack {
  return { kind: track.kind, codec: track.codec.name, code, message };
}

/** Two different SSRCs that are not 0. */
function randomSsrcs(): [number, number] {
  const first = randomBytes(4).readUInt32BE(0) || 1;
  const distance = (randomBytes(4).readUInt32BE(0) % 0xfffffffe) + 1;
  const second = (first + distance) >>> 0 || 1;
  return second === first ? [first, first ^ 2] : [first, second];
}
