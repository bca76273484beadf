// Matroska by ffmpeg and by GStreamer's matroskamux, which owe nothing to our own writer.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What ffmpeg shall make. */
export interface KvsFilmOptions {
  readonly seconds?: number;
  /** Frames between key frames, at 25 per second. */
  readonly gop?: number;
  /** Arguments for the codecs and the container, behind those for H.264 and AAC. */
  readonly args?: readonly string[];
  /** matroska by default */
  readonly format?: string;
  /** Video alone by default: ffmpeg begins a Cluster with an audio frame. */
  readonly hasAudio?: boolean;
}

const TIMEOUT_MS = 60_000;
const PICTURE = 'testsrc2=size=320x240:rate=25';
const TONE = 'sine=frequency=440:sample_rate=48000';

/** One Cluster per key frame, however long. */
const CLUSTERS = ['-cluster_time_limit', '32000', '-cluster_size_limit', '40000000'];

/** Unbounded: one track may end long before the other. */
const QUEUE = ['queue', 'max-size-buffers=0', 'max-size-bytes=0', 'max-size-time=0'];

/** A file of ffmpeg as it leaves a pipe: no duration, no index. */
export function makeFilm(options: KvsFilmOptions = {}): Buffer {
  const { seconds = 6, gop = 50, args = [], hasAudio = false, format = 'matroska' } = options;
  return run('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', PICTURE],
    // Sound begins after the picture, so that the first Cluster does not begin with it.
    ...(hasAudio ? ['-itsoffset', '0.1', '-f', 'lavfi', '-i', TONE, '-c:a', 'aac'] : []),
    ...['-t', String(seconds), '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0'],
    ...['-g', String(gop), '-keyint_min', String(gop), '-sc_threshold', '0'],
    ...[...args, ...CLUSTERS, '-f', format, 'pipe:1'],
  ]);
}

/** The same through matroskamux, whose Clusters begin with the video. */
export async function makeGstreamerFilm(options: KvsFilmOptions = {}): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'kvs-film-'));
  try {
    const [source, target] = [join(folder, 'source.mkv'), join(folder, 'target.mkv')];
    await writeFile(source, makeFilm({ ...options, hasAudio: true }));
    run('gst-launch-1.0', [
      ...['-q', 'filesrc', `location=${source}`, '!', 'matroskademux', 'name=d'],
      ...['d.video_0', '!', ...QUEUE, '!', 'h264parse', '!'],
      ...['video/x-h264,stream-format=avc,alignment=au', '!', 'm.video_0'],
      ...['d.audio_0', '!', ...QUEUE, '!', 'aacparse', '!', 'm.audio_0'],
      ...['matroskamux', 'name=m', 'streamable=true', '!', 'filesink', `location=${target}`],
    ]);
    return await readFile(target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What mkvinfo prints of a file. */
export function describeMkv(file: string): string {
  return run('mkvinfo', ['-v', '-v', file]).toString();
}

function run(command: string, args: readonly string[]): Buffer {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    timeout: TIMEOUT_MS,
    maxBuffer: 64 << 20,
  });
  if (status !== 0) throw new Error(`${command}: ${error?.message ?? ''}${stderr.toString()}`);
  return stdout;
}
