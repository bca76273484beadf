// What ffprobe says about a file, as far as an export needs it: one video and one audio stream.
import { z } from 'zod';
import { MediaError } from '../../core/base/media-error.ts';

/** What both sorts of streams have. */
interface StreamInfo {
  readonly index: number;
  /** Track id in the file (MP4) or PID (MPEG-TS). */
  readonly trackId: number;
  /** As ffmpeg names it: `h264`, `hevc`, `aac`... */
  readonly codec: string;
  /** As ffmpeg names it; empty when it has none. */
  readonly profile: string;
  /** Seconds of one tick. */
  readonly tickS: number;
}

/** The video stream. */
export interface VideoInfo extends StreamInfo {
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: string;
  /** Width of a pixel divided by its height. */
  readonly pixelAspect: number;
}

/** The audio stream. */
export interface AudioInfo extends StreamInfo {
  readonly sampleRateHz: number;
  readonly channelCount: number;
}

/** One file. */
export interface MediaInfo {
  /** File time of the first packet, seconds. */
  readonly startS: number;
  /** Seconds. */
  readonly durationS: number;
  readonly video: VideoInfo | undefined;
  readonly audio: AudioInfo | undefined;
}

/** Largest side of a picture; 8K and some. */
const MAX_SIDE = 8704;
const MAX_RATE_HZ = 384_000;

const numeric = z.coerce.number();
const streamSchema = z.object({
  index: z.number(),
  id: z.string().default('0'),
  codec_type: z.string().default(''),
  codec_name: z.string().default(''),
  profile: z.union([z.string(), z.number()]).default(''),
  width: z.number().default(0),
  height: z.number().default(0),
  pix_fmt: z.string().default(''),
  sample_aspect_ratio: z.string().default('1:1'),
  sample_rate: numeric.default(0),
  channels: z.number().default(0),
  time_base: z.string().default(''),
  disposition: z.object({ attached_pic: z.number().default(0) }).default({ attached_pic: 0 }),
});
const schema = z.object({
  streams: z.array(streamSchema).max(1000).default([]),
  format: z.object({ duration: numeric.optional(), start_time: numeric.optional() }).default({}),
});
type ProbedStream = z.infer<typeof streamSchema>;

/**
 * Reads the JSON of ffprobe.
 * @throws MediaError `unsupported` `export-not-a-recording` with `place`, when it shows no stream that can be exported.
 */
export function readMediaInfo(json: string, place: string): MediaInfo {
  const probed = schema.safeParse(parseJson(json));
  if (!probed.success) throw unsupported(`'${place}' is not understood by ffprobe`);
  const { streams, format } = probed.data;
  const video = streams.find((stream) => stream.codec_type === 'video' && !isCover(stream));
  const audio = streams.find((stream) => stream.codec_type === 'audio' && stream.sample_rate > 0);
  if (!video && !audio) throw unsupported(`'${place}' has neither pictures nor sound`);
  return {
    startS: finite(format.start_time),
    durationS: Math.max(0, finite(format.duration)),
    video: video && videoInfo(video, place),
    audio: audio && audioInfo(audio, place),
  };
}

function videoInfo(stream: ProbedStream, place: string): VideoInfo {
  const { width, height } = stream;
  if (!isBetween(width, 1, MAX_SIDE) || !isBetween(height, 1, MAX_SIDE)) {
    throw unsupported(`'${place}' has pictures of ${width}x${height}`);
  }
  return {
    ...streamInfo(stream, place),
    width,
    height,
    pixelFormat: stream.pix_fmt,
    pixelAspect: ratio(stream.sample_aspect_ratio, ':') || 1,
  };
}

function audioInfo(stream: ProbedStream, place: string): AudioInfo {
  const { sample_rate: sampleRateHz, channels: channelCount } = stream;
  if (!isBetween(sampleRateHz, 1, MAX_RATE_HZ) || !isBetween(channelCount, 1, 64)) {
    throw unsupported(`'${place}' has sound of ${sampleRateHz} Hz, ${channelCount} channels`);
  }
  return { ...streamInfo(stream, place), sampleRateHz, channelCount };
}

function streamInfo(stream: ProbedStream, place: string): StreamInfo {
  const tickS = ratio(stream.time_base, '/');
  if (!(tickS > 0)) throw unsupported(`'${place}' has the time base '${stream.time_base}'`);
  return {
    index: stream.index,
    trackId: Number(stream.id) || 0,
    codec: stream.codec_name,
    profile: String(stream.profile),
    tickS,
  };
}

/** A picture of the album is a video stream too. */
function isCover(stream: ProbedStream): boolean {
  return stream.disposition.attached_pic === 1;
}

function ratio(text: string, separator: string): number {
  const [above = '', below = ''] = text.split(separator);
  const value = Number(above) / Number(below);
  return Number.isFinite(value) ? value : 0;
}

function isBetween(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}

function finite(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? value : 0;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unsupported(why: string): MediaError {
  return new MediaError('unsupported', 'export-not-a-recording', `export: ${why}`);
}
