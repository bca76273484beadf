// What ffprobe and ffmpeg say about a recorded file.
import { z } from 'zod';
import { ChildProgram } from './child-program.ts';

const probeSchema = z.object({
  packets: z
    .array(
      z.object({
        codec_type: z.string(),
        pts_time: z.string().optional(),
        dts_time: z.string().optional(),
        flags: z.string(),
      }),
    )
    .default([]),
  streams: z.array(z.object({ codec_name: z.string().optional(), codec_type: z.string() })),
  format: z.object({ duration: z.string().optional() }),
});

/** A file as players see it. */
export interface FileReport {
  readonly codecs: readonly string[];
  readonly durationSeconds: number;
  readonly videoFrames: number;
  /** Smallest showing time of each kind of track, in seconds. */
  readonly firstTimes: ReadonlyMap<string, number>;
  /** Flags of the first video packet; `K` is a key frame. */
  readonly firstVideoFlags: string;
  /** Pictures that come out of the decoder. */
  readonly decodedFrames: number;
  /** What the decoder complains about. */
  readonly decodeWarnings: string;
}

const TIMEOUT_MS = 30_000;

/** @throws Error with ffprobe's output when the file can't be opened. */
export async function probeFile(file: string): Promise<FileReport> {
  const args = ['-v', 'error', '-of', 'json', '-show_streams', '-show_packets', '-show_format'];
  const probed = await run('ffprobe', [...args, file]);
  const { packets, streams, format } = probeSchema.parse(JSON.parse(probed.stdout));
  const firstTimes = new Map<string, number>();
  for (const { codec_type: kind, pts_time: time } of packets) {
    if (time === undefined) continue;
    firstTimes.set(kind, Math.min(firstTimes.get(kind) ?? Infinity, Number(time)));
  }
  const video = packets.filter(({ codec_type: kind }) => kind === 'video');
  const decoded = await run('ffmpeg', [
    ...['-hide_banner', '-v', 'warning', '-nostats', '-progress', 'pipe:1'],
    ...['-i', file, '-fps_mode', 'passthrough', '-f', 'null', '-'],
  ]);
  return {
    codecs: streams.map(({ codec_name: name = '' }) => name),
    durationSeconds: Number(format.duration ?? 0),
    videoFrames: video.length,
    firstTimes,
    firstVideoFlags: video[0]?.flags ?? '',
    decodedFrames: Number([...decoded.stdout.matchAll(/^frame=(\d+)/gmu)].at(-1)?.[1] ?? 0),
    decodeWarnings: decoded.stderr.replace(/^Guessed Channel Layout.*$/gmu, '').trim(),
  };
}

async function run(command: string, args: readonly string[]): Promise<ChildProgram> {
  const program = new ChildProgram({ name: command, command, args });
  const { code } = await program.waitForExit(TIMEOUT_MS);
  if (code !== 0) throw program.failure('failed');
  return program;
}
