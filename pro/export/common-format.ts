// Decides what all pieces of an export have in common: which are copied, and what the others become.
import type { DescribedTrack, VideoTrackFile } from './media-file.ts';
import type { AudioInfo, VideoInfo } from './media-info.ts';

/** The pictures of the export. */
export interface VideoFormat {
  /** What encodes pictures at the edges of cuts, and pieces that are not copied; undefined: nothing can. */
  readonly encoder: 'libx264' | 'libx265' | undefined;
  /** For each piece: whether its pictures may be copied. */
  readonly mayCopy: readonly boolean[];
  /** Size of every picture, in samples. */
  readonly width: number;
  readonly height: number;
  readonly pixelAspect: number;
}

/** The sound of the export. */
export interface AudioFormat {
  /** `copy`: as it is, silence as AAC between; `aac`: all is encoded anew. */
  readonly mode: 'copy' | 'aac';
  readonly sampleRateHz: number;
  readonly channelCount: number;
}

/** Codecs whose packets are samples of an MP4; uncompressed sound isn't. */
const COPIED_SOUND = new Set(['aac', 'mp3', 'opus', 'ac3', 'eac3', 'flac', 'alac']);
/** Rates of AAC (ISO/IEC 14496-3 table 1.18) that its encoder makes good use of. */
const AAC_RATES_HZ = [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000];
const MAX_CHANNELS = 2;
const NAL_LENGTH_BYTES = 4;

/**
 * Pieces of one H.264 or H.265 format are copied, with edges encoded to match. Pieces of one other
 * codec are copied when `maySplice`, that is when no edge falls between key frames. Else the
 * export is H.264, 8 bit 4:2:0, square pixels, in the size of the first piece; pieces that are
 * so already are copied.
 */
export function chooseVideoFormat(
  tracks: readonly VideoTrackFile[],
  maySplice: boolean,
): VideoFormat | undefined {
  const [first] = tracks;
  if (!first) return undefined;
  const { width, height, pixelAspect, codec } = first.info;
  const isSame = tracks.every((track) => hasSamePictures(track.info, first.info));
  if (isSame && tracks.every(isEncodable)) {
    const encoder = codec === 'hevc' ? 'libx265' : 'libx264';
    return { encoder, mayCopy: tracks.map(() => true), width, height, pixelAspect };
  }
  if (isSame && maySplice && tracks.every((track) => hasSameEntry(track, first))) {
    return { encoder: undefined, mayCopy: tracks.map(() => true), width, height, pixelAspect };
  }
  const size = { width: even(width * pixelAspect), height: even(height) };
  const mayCopy = tracks.map((track) => isEncodable(track) && isPlainH264(track.info, size));
  return { encoder: 'libx264', mayCopy, ...size, pixelAspect: 1 };
}

/**
 * Sound of one format is copied. Otherwise, and where silence has to fill in for sound that is not
 * AAC, everything becomes AAC with the rate of the first piece that has sound.
 */
export function chooseAudioFormat(
  tracks: readonly (DescribedTrack<AudioInfo> | undefined)[],
): AudioFormat | undefined {
  const present = tracks.filter((track) => track !== undefined);
  const [first] = present;
  if (!first) return undefined;
  const { sampleRateHz, channelCount, codec, profile } = first.info;
  const isAacLc = codec === 'aac' && profile === 'LC';
  const isSame = present.every(
    (track) =>
      track.isCopyable &&
      track.info.codec === codec &&
      track.info.profile === profile &&
      track.info.sampleRateHz === sampleRateHz &&
      track.info.channelCount === channelCount &&
      // Two descriptions of the same AAC-LC may differ in what they leave out.
      (isAacLc || track.entry.equals(first.entry)),
  );
  const needsSilence = present.length < tracks.length;
  const maySilence = !needsSilence || (isAacLc && channelCount <= MAX_CHANNELS);
  if (isSame && COPIED_SOUND.has(codec) && maySilence) {
    return { mode: 'copy', sampleRateHz, channelCount };
  }
  return {
    mode: 'aac',
    sampleRateHz: nearestRate(sampleRateHz),
    channelCount: Math.min(channelCount, MAX_CHANNELS),
  };
}

function hasSamePictures(one: VideoInfo, other: VideoInfo): boolean {
  return (
    one.codec === other.codec &&
    one.width === other.width &&
    one.height === other.height &&
    one.pixelFormat === other.pixelFormat &&
    one.pixelAspect === other.pixelAspect
  );
}

/** Whether pictures that we encode can stand beside those of the track. */
function isEncodable(track: VideoTrackFile): boolean {
  const { config } = track;
  return track.isCopyable && config?.lengthBytes === NAL_LENGTH_BYTES && config.sets.length >= 2;
}

function hasSameEntry(track: VideoTrackFile, first: VideoTrackFile): boolean {
  return track.isCopyable && track.entry.equals(first.entry);
}

function isPlainH264(info: VideoInfo, size: { width: number; height: number }): boolean {
  const isPlain = info.codec === 'h264' && /^yuvj?420p$/u.test(info.pixelFormat);
  const isSize = info.width === size.width && info.height === size.height;
  return isPlain && isSize && info.pixelAspect === 1;
}

function even(length: number): number {
  return Math.max(2, Math.round(length / 2) * 2);
}

function nearestRate(rateHz: number): number {
  let best = 48000;
  for (const rate of AAC_RATES_HZ) {
    if (Math.abs(rate - rateHz) < Math.abs(best - rateHz)) best = rate;
  }
  return best;
}
