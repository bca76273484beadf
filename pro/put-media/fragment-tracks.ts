// Which tracks of a stream are forwarded into a Kinesis video stream, and what is made of them.
import { MediaError } from '../../core/base/media-error.ts';
import type { Mpeg4AudioCodec } from '../../core/codec/codec.ts';
import { describeCodec } from '../../core/codec/describe-codec.ts';
import { TrackInput } from '../../core/record/track-input.ts';
import type { Track } from '../../core/stream/track.ts';
import { createEncoderFeed, type EncoderFeed } from './encoder-feed.ts';
import { silentAacFor } from './silent-aac.ts';

/** A track that is left out. */
export interface SkippedMedia {
  readonly kind: 'video' | 'audio';
  /** Why. */
  readonly message: string;
}

/** A sound track: AAC that passes, or what an encoder is fed with. */
export type ChosenAudio =
  | { readonly input: TrackInput; readonly codec: Mpeg4AudioCodec }
  | { readonly input: TrackInput; readonly feed: EncoderFeed };

/** What is forwarded. */
export interface ChosenMedia {
  readonly video: TrackInput;
  readonly audio: ChosenAudio | undefined;
  readonly skipped: readonly SkippedMedia[];
}

/** What is looked at. */
export interface ChooseMediaOptions {
  readonly pathName: string;
  readonly audio: 'aac' | 'none';
  /** Timestamps that step over more cut the timeline. */
  readonly maxGapMs: number;
}

/** The first video and the first sound track that can be used. @throws MediaError `unsupported`. */
export function chooseMedia(tracks: readonly Track[], options: ChooseMediaOptions): ChosenMedia {
  const skipped: SkippedMedia[] = [];
  let video: TrackInput | undefined;
  let audio: ChosenAudio | undefined;
  for (const track of tracks) {
    if (track.kind === 'video') {
      const input = video ? undefined : videoInput(track, options);
      if (input) video = input;
      else skipped.push(skippedMedia(track, video !== undefined));
    } else if (track.kind === 'audio' && options.audio === 'aac') {
      const chosen = audio ? undefined : audioInput(track, options);
      if (chosen) audio = chosen;
      else skipped.push(skippedMedia(track, audio !== undefined));
    }
  }
  if (video === undefined) throw noVideo(tracks, options.pathName);
  return { video, audio, skipped };
}

function videoInput(track: Track, { maxGapMs }: ChooseMediaOptions): TrackInput | undefined {
  const { name } = track.codec;
  return name === 'H264' || name === 'H265' ? TrackInput.create(track, maxGapMs) : undefined;
}

function audioInput(track: Track, { maxGapMs }: ChooseMediaOptions): ChosenAudio | undefined {
  const input = TrackInput.create(track, maxGapMs);
  if (input === undefined) return undefined;
  const { codec } = input;
  if (codec.name === 'MPEG-4 Audio') {
    // Holes could not be filled, and Kinesis takes no fragment without sound.
    return silentAacFor(codec.config) ? { input, codec } : undefined;
  }
  const feed = createEncoderFeed(codec);
  return feed && { input, feed };
}

function skippedMedia(track: Track, isSecond: boolean): SkippedMedia {
  const kind = track.kind === 'video' ? 'video' : 'audio';
  const codec = describeCodec(track.codec).label;
  const where = `track ${track.index + 1} (${codec})`;
  if (isSecond) return { kind, message: `${where}: one ${kind} track is forwarded` };
  const advice = kind === 'video' ? 'H264 or H265' : 'AAC-LC, Opus, G711 or LPCM';
  return {
    kind,
    message: `${where}: Kinesis Video Streams can't take it; let the source send ${advice}`,
  };
}

function noVideo(tracks: readonly Track[], pathName: string): MediaError {
  const codecs = tracks
    .filter(({ kind }) => kind === 'video')
    .map(({ codec }) => describeCodec(codec).label)
    .join(', ');
  const what = codecs === '' ? 'has no video' : `has ${codecs} video`;
  return new MediaError(
    'unsupported',
    'no-forwardable-video',
    `path '${pathName}' ${what}, but Kinesis Video Streams takes H264 or H265: let the source send one of them`,
  );
}
