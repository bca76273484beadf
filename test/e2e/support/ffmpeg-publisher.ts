// Publishes a test picture and a test tone with ffmpeg over RTSP.
import { ChildProgram } from './child-program.ts';

/** Video encoders of the kit. */
export type PublishedVideo = 'h264' | 'h265' | 'vp8' | 'vp9' | 'none';
/** Audio encoders of the kit. */
export type PublishedAudio = 'aac' | 'opus' | 'pcma' | 'pcmu' | 'g722' | 'none';

/** What to publish. */
export interface FfmpegPublisherOptions {
  /** Full RTSP URL. */
  readonly url: string;
  readonly transport?: 'tcp' | 'udp';
  readonly video?: PublishedVideo;
  readonly audio?: PublishedAudio;
  /** Default 320x240. */
  readonly size?: string;
  readonly framesPerSecond?: number;
  /** Distance of key frames in frames; one second by default. */
  readonly gopFrames?: number;
  readonly bitrateKbps?: number;
  /** Consecutive B-frames of the H264 encoder; 0 by default. */
  readonly bFrames?: number;
  /** Arguments in front of the output, e.g. `-pkt_size 1200`. */
  readonly outputArgs?: readonly string[];
  /** Raw frames on standard input instead of the test picture, in yuv420p. */
  readonly isFedByTest?: boolean;
}

const START_TIMEOUT_MS = 20_000;
const FRAMES_BEFORE_READY = 3;

/** Starts ffmpeg and resolves when it sends. Whoever starts it stops it. */
export async function publishWithFfmpeg(options: FfmpegPublisherOptions): Promise<ChildProgram> {
  const publisher = startFfmpegPublisher(options);
  try {
    await waitUntilPublishing(publisher);
  } catch (error) {
    await publisher.stop('SIGKILL');
    throw error;
  }
  return publisher;
}

/** Starts ffmpeg without waiting, for tests in which publishing fails or has to be fed first. */
export function startFfmpegPublisher(options: FfmpegPublisherOptions): ChildProgram {
  return new ChildProgram({
    name: 'ffmpeg publisher',
    command: 'ffmpeg',
    args: ffmpegPublisherArgs(options),
    hasInput: options.isFedByTest === true,
  });
}

/** Resolves when ffmpeg reports frames that it has sent. */
export async function waitUntilPublishing(publisher: ChildProgram): Promise<void> {
  await publisher.waitForOutput(({ stdout }) => {
    const frames = Number(/^frame=(\d+)(?![\s\S]*^frame=)/mu.exec(stdout)?.[1] ?? 0);
    const sentUs = Number(/^out_time_us=(\d+)(?![\s\S]*^out_time_us=)/mu.exec(stdout)?.[1] ?? 0);
    return frames >= FRAMES_BEFORE_READY || sentUs > 0 ? true : undefined;
  }, START_TIMEOUT_MS);
}

/** The argument list; exported for benches that start ffmpeg by themselves. */
export function ffmpegPublisherArgs(options: FfmpegPublisherOptions): string[] {
  const video = options.video ?? 'h264';
  const audio = options.audio ?? 'none';
  return [
    ...['-hide_banner', '-loglevel', 'warning', '-nostats'],
    ...['-progress', 'pipe:1', '-stats_period', '0.1'],
    ...(video === 'none' ? [] : videoInput(options)),
    ...(audio === 'none'
      ? []
      : ['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000']),
    ...(video === 'none' ? [] : videoEncoder(video, options)),
    ...AUDIO_ENCODERS[audio],
    ...(options.outputArgs ?? []),
    ...['-f', 'rtsp', '-rtsp_transport', options.transport ?? 'tcp', options.url],
  ];
}

const AUDIO_ENCODERS: Readonly<Record<PublishedAudio, readonly string[]>> = {
  aac: ['-c:a', 'aac', '-b:a', '64k', '-ac', '2'],
  opus: ['-c:a', 'libopus', '-b:a', '48k', '-ac', '2'],
  pcma: ['-c:a', 'pcm_alaw', '-ar', '8000', '-ac', '1'],
  pcmu: ['-c:a', 'pcm_mulaw', '-ar', '8000', '-ac', '1'],
  g722: ['-c:a', 'g722', '-ar', '16000', '-ac', '1'],
  none: ['-an'],
};

function videoInput(options: FfmpegPublisherOptions): string[] {
  const size = options.size ?? '320x240';
  const rate = options.framesPerSecond ?? 25;
  if (options.isFedByTest === true) {
    const format = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', size];
    return [...format, '-framerate', String(rate), '-i', 'pipe:0'];
  }
  return ['-re', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}`];
}

function videoEncoder(
  video: Exclude<PublishedVideo, 'none'>,
  options: FfmpegPublisherOptions,
): string[] {
  const gop = String(options.gopFrames ?? options.framesPerSecond ?? 25);
  const bitrate = `${options.bitrateKbps ?? 500}k`;
  const rate = ['-b:v', bitrate, '-g', gop, '-pix_fmt', 'yuv420p'];
  switch (video) {
    case 'h264': {
      const bFrames = options.bFrames ?? 0;
      // `zerolatency` would switch B-frames off again.
      const tune = bFrames > 0 ? [] : ['-tune', 'zerolatency', '-profile:v', 'baseline'];
      const keyFrames = ['-keyint_min', gop, '-sc_threshold', '0', '-bf', String(bFrames)];
      return ['-c:v', 'libx264', '-preset', 'ultrafast', ...tune, ...rate, ...keyFrames];
    }
    case 'h265': {
      const x265 = `log-level=error:keyint=${gop}:min-keyint=${gop}:scenecut=0:bframes=0`;
      const speed = ['-preset', 'ultrafast', '-tune', 'zerolatency'];
      return ['-c:v', 'libx265', ...speed, '-x265-params', x265, ...rate];
    }
    case 'vp8':
      return ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', ...rate];
    case 'vp9':
      // ffmpeg 5 marks its VP9 packetiser experimental.
      return [
        ...['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-row-mt', '1'],
        ...[...rate, '-strict', 'experimental'],
      ];
  }
}
