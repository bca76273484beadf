// The arguments of a long-lived ffmpeg that makes numbered pictures of numbered key frames.
import type { PictureSize } from './key-frame.ts';
import type { WrappedCodecName } from './matroska-frame-writer.ts';

/** Which pictures come out. */
export interface DecoderOutput extends PictureSize {
  /** Averaging for small pictures, else what keeps every pixel. */
  readonly isSmall: boolean;
}

const DECODERS: Readonly<Record<WrappedCodecName, readonly string[]>> = {
  H264: ['-c:v', 'h264'],
  H265: ['-c:v', 'hevc'],
  VP8: ['-c:v', 'vp8'],
  VP9: ['-c:v', 'vp9'],
  // Which of several AV1 decoders is built in differs: ffmpeg chooses.
  AV1: [],
};
/** No single block of memory above this: a hostile parameter set can't ask for more. */
const MAX_ALLOCATION_BYTES = 512 * 1024 * 1024;

/**
 * One thread and low delay, since frame threads keep pictures back; only the pipe may be opened;
 * error concealment would mix in what other pictures left behind.
 */
export function decoderArguments(
  codecName: WrappedCodecName,
  output: DecoderOutput,
  maxPixels: number,
): string[] {
  const { widthPixels, heightPixels, isSmall } = output;
  const flags = isSmall ? 'area' : 'bicubic+accurate_rnd+full_chroma_int';
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error'],
    ...['-max_alloc', `${MAX_ALLOCATION_BYTES}`],
    ...['-probesize', '32', '-analyzeduration', '0', '-protocol_whitelist', 'pipe'],
    ...['-threads', '1', '-flags', 'low_delay', '-ec', '0', '-max_pixels', `${maxPixels}`],
    // Averages look the same without deblocking, which is a fifth of the work.
    ...(isSmall ? ['-skip_loop_filter', 'all'] : []),
    ...DECODERS[codecName],
    ...['-f', 'matroska', '-i', 'pipe:0', '-map', '0:v:0', '-an', '-sn', '-dn'],
    ...['-copyts', '-fps_mode', 'passthrough', '-enc_time_base', '1:1000'],
    ...['-filter_threads', '1', '-vf', `scale=${widthPixels}:${heightPixels}:flags=${flags}`],
    ...['-pix_fmt', 'rgb24', '-c:v', 'rawvideo', '-threads', '1'],
    ...['-f', 'nut', '-write_index', '0', '-flush_packets', '1', 'pipe:1'],
  ];
}
