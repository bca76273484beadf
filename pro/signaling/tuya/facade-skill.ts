// What a path can do, in the words of a Tuya device.
import type { G711Codec } from '../../../core/codec/codec.ts';
import { describeCodec } from '../../../core/codec/describe-codec.ts';
import type { Track } from '../../../core/stream/track.ts';

/** The part of an open path that is looked at. */
export interface SkilledPath {
  readonly stream?:
    { readonly isOnline: boolean; readonly tracks: readonly SkilledTrack[] } | undefined;
}

/** The part of a track that is looked at. */
export type SkilledTrack = Pick<Track, 'kind' | 'codec'>;

/** The object `skill`, and what follows from it. */
export interface FacadeSkill {
  readonly skill: Readonly<Record<string, unknown>>;
  readonly hasSound: boolean;
}

const MAIN_STREAM = 2;
const SUB_STREAM = 4;
const H264 = 2;
const PCMU = 105;
const PCMA = 106;
/** Bits 0 and 1, as the vendor's sample has them; not bit 5: streams keep their resolution. */
const WEBRTC_BITS = 3;

/** Of the paths of the main and the sub stream; the latter is undefined where there is none. */
export function facadeSkill(
  main: SkilledPath | undefined,
  sub: { readonly path: SkilledPath | undefined } | undefined,
): FacadeSkill {
  const tracks = tracksOf(main);
  const audios = tracks?.flatMap(audioOf) ?? [];
  const videos = [
    ...videosOf(tracks, MAIN_STREAM),
    ...(sub ? videosOf(tracksOf(sub.path), SUB_STREAM) : []),
  ];
  const hasSound = tracks?.some(({ kind }) => kind === 'audio') ?? false;
  return { skill: { webrtc: WEBRTC_BITS, audios, videos }, hasSound };
}

/** Undefined while the path is not online. */
function tracksOf(path: SkilledPath | undefined): readonly SkilledTrack[] | undefined {
  return path?.stream?.isOnline === true ? path.stream.tracks : undefined;
}

/** A path that waits for its source is announced as H.264 of unknown size. */
function videosOf(
  tracks: readonly SkilledTrack[] | undefined,
  streamType: number,
): Readonly<Record<string, unknown>>[] {
  const common = { streamType, codecType: H264, profileId: '', sampleRate: 90_000 };
  if (!tracks) return [{ ...common, width: 0, height: 0 }];
  return tracks
    .filter(({ codec }) => codec.name === 'H264')
    .slice(0, 1)
    .map(({ codec }) => {
      const { width = 0, height = 0 } = describeCodec(codec).props ?? {};
      return { ...common, width, height };
    });
}

/** Only what Tuya's numbers can tell of WebRTC; other sound is negotiated without it. */
function audioOf({ codec }: SkilledTrack): Readonly<Record<string, unknown>>[] {
  return codec.name === 'G711' ? [soundOf(codec)] : [];
}

function soundOf({ isMuLaw, channelCount, clockRateHz }: G711Codec): Record<string, unknown> {
  const codecType = isMuLaw ? PCMU : PCMA;
  return { channels: channelCount, dataBit: 16, codecType, sampleRate: clockRateHz };
}
