// Which tracks of a stream a WHIP server is offered, and what of them its answer takes.
import { randomBytes } from 'node:crypto';
import { MediaError } from '../../base/media-error.ts';
import { isMatched, matchCodec } from '../codec-match.ts';
import { bFramesMessage, rankOf, type PlannableTrack, type ViewerPlan } from '../viewer-plan.ts';
import { sentFormats } from './offered-formats.ts';
import type { PeerAnswer } from './read-answer.ts';
import type { OfferedSection } from './write-offer.ts';

/** A section of the offer with its track. */
export interface OfferedTrack extends PlannableTrack {
  readonly section: OfferedSection;
  readonly ssrc: number;
  readonly rtxSsrc: number;
}

/**
 * The best video and the best audio track that WebRTC can carry, video first.
 * @throws MediaError `unsupported` when there is none, with the reasons.
 */
export function offerTracks(
  tracks: readonly PlannableTrack[],
  cname: string,
): readonly OfferedTrack[] {
  const offered: OfferedTrack[] = [];
  const reasons: string[] = [];
  for (const kind of ['video', 'audio'] as const) {
    const candidates = tracks.filter(({ track }) => track.kind === kind);
    candidates.sort((a, b) => rankOf(a.track) - rankOf(b.track));
    for (const candidate of candidates) {
      const { track } = candidate;
      const formats = sentFormats(track.codec);
      if (track.normalizer.hasBFrames === true) reasons.push(bFramesMessage(track));
      else if (!formats) reasons.push(`WebRTC can't carry ${track.codec.name}`);
      else {
        offered.push(offerTrack(candidate, { kind, formats, cname }));
        break;
      }
    }
  }
  if (offered.length > 0) return offered;
  const text = `nothing of the stream can be sent: ${reasons.join('; ') || 'it has no media'}`;
  throw new MediaError('unsupported', 'forward-no-tracks', text);
}

/**
 * What the answer takes.
 * @throws MediaError `unsupported` `forward-refused` when it takes nothing.
 */
export function planSending(
  offered: readonly OfferedTrack[],
  { description }: PeerAnswer,
  place: string,
): ViewerPlan {
  const sections: ViewerPlan['sections'][number][] = [];
  const skipped: ViewerPlan['skipped'][number][] = [];
  for (const [index, { stream, track, ssrc, rtxSsrc }] of offered.entries()) {
    const media = description.medias[index];
    const receives = media?.direction === 'recvonly' || media?.direction === 'sendrecv';
    const match =
      media && receives && !media.isRejected ? matchCodec(track.codec, media.formats) : undefined;
    if (media && match && isMatched(match)) {
      const rtx = match.rtx ? rtxSsrc : undefined;
      sections.push({ media, stream, track, match, ssrc, rtxSsrc: rtx });
      continue;
    }
    const message = `${place} does not take ${track.codec.name}`;
    skipped.push({ kind: track.kind, codec: track.codec.name, code: 'codec-refused', message });
  }
  if (sections.length > 0) return { sections, skipped };
  const text = skipped.map(({ message }) => message).join('; ');
  throw new MediaError('unsupported', 'forward-refused', text);
}

function offerTrack(
  track: PlannableTrack,
  { kind, formats, cname }: Pick<OfferedSection, 'kind' | 'formats'> & { readonly cname: string },
): OfferedTrack {
  const ssrc = randomBytes(4).readUInt32BE(0) || 1;
  const rtxSsrc = (ssrc ^ 0x5a5a5a5a) >>> 0 || 2;
  const hasRtx = formats.some(({ encoding }) => encoding === 'rtx');
  const msid = `${cname} ${cname}-${kind}`;
  const section: OfferedSection = {
    ...{ kind, formats, direction: 'sendonly', headerExtensions: [] },
    sources: (hasRtx ? [ssrc, rtxSsrc] : [ssrc]).map((each) => ({ ssrc: each, cname, msid })),
    sourceGroups: hasRtx ? [{ semantics: 'FID', ssrcs: [ssrc, rtxSsrc] }] : [],
    mediaStreams: [{ streamId: cname, trackId: `${cname}-${kind}` }],
  };
  return { ...track, section, ssrc, rtxSsrc };
}
