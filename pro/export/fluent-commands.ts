// The argument lists of every ffmpeg and ffprobe run of exports. The only file that knows fluent-ffmpeg.
//
// fluent-ffmpeg is archived upstream. It composes the arguments here and starts nothing: its own
// launcher hands the server's environment to the child, keeps the path of the program in a global,
// and starts an unbounded ffprobe on its own; pro/ffmpeg starts the process instead.
import ffmpeg from 'fluent-ffmpeg';
import { isAbsolute } from 'node:path';
import { MediaError } from '../../core/base/media-error.ts';
import type { Container } from './sniff-container.ts';

/** A file to read, with the demuxer that is forced on it. */
export interface CommandInput {
  /** Absolute name. */
  readonly fullPath: string;
  readonly container: Container;
}

/** Frames of one video stream to encode anew. */
export interface EncodeVideo {
  readonly input: CommandInput;
  readonly streamIndex: number;
  /** Where decoding may begin: at or before a key frame; file time, seconds. */
  readonly seekS: number | undefined;
  /** File time of the first frame, and of the first frame that is not wanted; seconds. */
  readonly fromS: number;
  readonly untilS: number;
  readonly frameCount: number;
  readonly encoder: 'libx264' | 'libx265';
  /** x264 profile, when the decoder of the rest should not meet another one. */
  readonly profile: string | undefined;
  /** Number of the parameter sets, so that they stand beside those of the camera; x264 only. */
  readonly parameterSetId: number;
  /** Letterboxes into this size, 8 bit 4:2:0; without it picture size and format stay. */
  readonly letterbox: { readonly width: number; readonly height: number } | undefined;
  /** Whether this ffmpeg knows `-fps_mode` (5.1 and newer). */
  readonly hasFpsMode: boolean;
}

/** Sound of one stream to encode anew, as AAC. */
export interface EncodeAudio {
  readonly input: CommandInput;
  readonly streamIndex: number;
  /** File time, seconds. */
  readonly fromS: number;
  readonly untilS: number;
  readonly sampleRateHz: number;
  readonly channelCount: number;
}

const THREADS = '2';
/** More than any camera's picture; a bomb is refused before memory is taken. */
const MAX_PIXELS = '67108864';
const QUIET = ['-hide_banner', '-nostdin', '-v', 'error'] as const;
const AUDIO_BITRATE_PER_CHANNEL = 96_000;
/** Frames are told apart by this much; 2000 frames a second are none of ours. */
const HALF_MILLISECOND_S = 0.0005;
/** Sound decoded before the cut, so that the decoder is warm. */
const AUDIO_LEAD_S = 1;

/** Streams and duration as JSON. */
export function probeStreamsArgs(input: CommandInput): string[] {
  const entries =
    'format=duration,start_time:stream=index,id,codec_type,codec_name,profile,width,height,' +
    'pix_fmt,sample_aspect_ratio,sample_rate,channels,time_base,start_time,duration:' +
    'stream_disposition=attached_pic';
  return [...probeHead(input), '-show_entries', entries, '-of', 'json', fileUrl(input.fullPath)];
}

/** One CSV line for each packet: stream, pts, dts, duration, size, position, flags. */
export function probePacketsArgs(input: CommandInput, range?: TimeRange): string[] {
  const entries = 'packet=stream_index,pts,dts,duration,size,pos,flags';
  const interval = range ? ['-read_intervals', `${time(range.fromS)}%${time(range.untilS)}`] : [];
  const output = ['-show_entries', entries, '-of', 'csv=p=0'];
  return [...probeHead(input), ...interval, ...output, fileUrl(input.fullPath)];
}

/** File time, seconds. */
export interface TimeRange {
  readonly fromS: number;
  readonly untilS: number;
}

/** MPEG-TS into MP4 without touching the pictures. */
export function remuxArgs(input: CommandInput, outputFile: string, maxBytes: number): string[] {
  const command = start(input, [])
    .outputOptions('-map', '0:v:0?', '-map', '0:a:0?')
    .outputOptions('-c', 'copy', '-sn', '-dn', '-map_metadata', '-1')
    .outputOptions('-fs', String(Math.floor(maxBytes)))
    .outputOptions('-f', 'mp4')
    .output(fileUrl(outputFile));
  return command._getArguments();
}

/** Fragmented MP4 on standard output, so that the process dies with its reader. */
export function encodeVideoArgs(encode: EncodeVideo): string[] {
  const from = time(encode.fromS - HALF_MILLISECOND_S);
  const until = time(encode.untilS - HALF_MILLISECOND_S);
  const filters = [`select=gte(t\\,${from})*lt(t\\,${until})`, ...letterbox(encode)];
  const command = startDecoder(encode.input, seek(encode.seekS))
    .outputOptions('-map', `0:${encode.streamIndex}`, '-an', '-sn', '-dn', '-map_metadata', '-1')
    .videoFilters(filters.join(','))
    .outputOptions('-frames:v', String(encode.frameCount))
    .outputOptions(...(encode.hasFpsMode ? ['-fps_mode', 'passthrough'] : ['-vsync', '0']))
    .outputOptions('-enc_time_base', '1:90000')
    .outputOptions('-c:v', encode.encoder, '-preset', 'veryfast', '-crf', '18', '-bf', '0')
    .outputOptions(...encoderOptions(encode));
  return toStandardOutput(command);
}

/** Fragmented MP4 on standard output; the sound begins at 0, gaps are silent, the length is exact. */
export function encodeAudioArgs(encode: EncodeAudio): string[] {
  const { fromS, untilS, sampleRateHz, channelCount } = encode;
  const lengthS = time(untilS - fromS);
  const filters = [
    `atrim=start=${time(fromS)}:end=${time(untilS)}`,
    `asetpts=PTS-${time(fromS)}/TB`,
    `aresample=${sampleRateHz}:async=1:first_pts=0`,
    `apad=whole_dur=${lengthS}`,
    `atrim=end=${lengthS}`,
  ];
  const command = startDecoder(encode.input, seek(Math.max(0, fromS - AUDIO_LEAD_S)))
    .outputOptions('-map', `0:${encode.streamIndex}`, '-vn', '-sn', '-dn', '-map_metadata', '-1')
    .audioFilters(filters.join(','));
  return toStandardOutput(aac(command, channelCount));
}

/** A third of a second of silence as AAC in fragmented MP4 on standard output. */
export function silenceArgs(sampleRateHz: number, channelCount: number): string[] {
  const layout = channelCount === 1 ? 'mono' : 'stereo';
  const command = ffmpeg()
    .input(`anullsrc=r=${sampleRateHz}:cl=${layout}`)
    .inputOptions(...QUIET, '-f', 'lavfi')
    .outputOptions('-t', '0.3');
  return toStandardOutput(aac(command, channelCount));
}

function start(input: CommandInput, options: readonly string[]): ffmpeg.FfmpegCommand {
  return ffmpeg()
    .input(fileUrl(input.fullPath))
    .inputOptions(...QUIET, ...options, ...onlyFile(input));
}

function startDecoder(input: CommandInput, position: readonly string[]): ffmpeg.FfmpegCommand {
  return start(input, [...position, '-threads', THREADS, '-max_pixels', MAX_PIXELS]);
}

/** Opens no other file and no address, and guesses no format. */
function onlyFile(input: CommandInput): string[] {
  return ['-protocol_whitelist', 'file', '-f', input.container];
}

function seek(seekS: number | undefined): string[] {
  const keepTimes = ['-copyts', '-noautorotate'];
  if (seekS === undefined || seekS <= 0) return keepTimes;
  const position = time(seekS + HALF_MILLISECOND_S);
  return [...keepTimes, '-seek_timestamp', '1', '-noaccurate_seek', '-ss', position];
}

function letterbox({ letterbox: size }: EncodeVideo): string[] {
  if (!size) return [];
  const { width, height } = size;
  return [
    `scale=w=iw*max(sar\\,0.01):h=ih`,
    `scale=w=${width}:h=${height}:force_original_aspect_ratio=decrease:force_divisible_by=2`,
    `pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2`,
    'setsar=1',
    'format=yuv420p',
  ];
}

function encoderOptions(encode: EncodeVideo): string[] {
  if (encode.encoder === 'libx265') {
    return ['-x265-params', 'log-level=none:repeat-headers=1:open-gop=0', '-tag:v', 'hvc1'];
  }
  const profile = encode.profile === undefined ? [] : ['-profile:v', encode.profile];
  return [...profile, '-x264-params', `sps-id=${encode.parameterSetId}`];
}

function aac(command: ffmpeg.FfmpegCommand, channelCount: number): ffmpeg.FfmpegCommand {
  const bitrate = String(AUDIO_BITRATE_PER_CHANNEL * channelCount);
  return command.outputOptions('-ac', String(channelCount), '-c:a', 'aac', '-b:a', bitrate);
}

function toStandardOutput(command: ffmpeg.FfmpegCommand): string[] {
  return command
    .outputOptions('-threads', THREADS, '-frag_duration', '500000')
    .outputOptions('-movflags', 'delay_moov+default_base_moof')
    .outputOptions('-f', 'mp4')
    .output('pipe:1')
    ._getArguments();
}

function probeHead(input: CommandInput): string[] {
  return ['-hide_banner', '-v', 'error', ...onlyFile(input)];
}

/** With protocol and slash in front, no name is taken for an option, another protocol or a pattern. */
function fileUrl(fullPath: string): string {
  if (isAbsolute(fullPath) && !fullPath.includes('\0')) return `file:${fullPath}`;
  const text = `export: '${fullPath}' is not an absolute file name`;
  throw new MediaError('invalid-argument', 'export-path-not-absolute', text);
}

/** Seconds as ffmpeg reads them everywhere: plain digits, microseconds. */
function time(seconds: number): string {
  if (Number.isFinite(seconds) && Math.abs(seconds) < 1e9) return seconds.toFixed(6);
  const text = `export: ${seconds} is not a time in seconds`;
  throw new MediaError('invalid-argument', 'export-time-invalid', text);
}
