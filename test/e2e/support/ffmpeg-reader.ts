// Reads a stream with ffprobe or ffmpeg over RTSP and tells what arrived.
import { z } from 'zod';
import { ChildProgram } from './child-program.ts';

/** What to read. */
export interface FfmpegReaderOptions {
  readonly url: string;
  readonly transport?: 'tcp' | 'udp';
  /** How much media to read, in seconds; 2 by default. */
  readonly durationSeconds?: number;
  /** Bound of the whole run; 20 s by default. */
  readonly timeoutMs?: number;
}

const packetSchema = z.object({
  codec_type: z.string(),
  stream_index: z.number(),
  pts: z.number().optional(),
  pts_time: z.string().optional(),
  size: z.coerce.number().optional(),
  flags: z.string().optional(),
});

const streamSchema = z.object({
  index: z.number(),
  codec_name: z.string().optional(),
  codec_type: z.string(),
  profile: z.string().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  sample_rate: z.string().optional(),
  channels: z.number().optional(),
});

const probeSchema = z.object({
  packets: z.array(packetSchema).default([]),
  streams: z.array(streamSchema).default([]),
});

/** ffprobe's view of a stream, its own JSON names kept. */
export type ProbeReport = z.infer<typeof probeSchema> & {
  /** What ffprobe complained about. */
  readonly warnings: string;
};

/** Decoded amount and complaints of a run of ffmpeg. */
export interface DecodeReport {
  readonly videoFrames: number;
  /** Media time of the output in seconds. */
  readonly outputSeconds: number;
  /** Lines that ffmpeg wrote at level warning. */
  readonly warnings: string;
}

const DEFAULT_TIMEOUT_MS = 20_000;

/** Reads packets with ffprobe. @throws Error with ffprobe's output when it fails. */
export async function probeWithFfprobe(options: FfmpegReaderOptions): Promise<ProbeReport> {
  const args = [
    ...['-v', 'warning', '-of', 'json', '-show_streams', '-show_packets'],
    ...['-rtsp_transport', options.transport ?? 'tcp'],
    ...['-read_intervals', `%+${options.durationSeconds ?? 2}`, options.url],
  ];
  const report = await runToEnd('ffprobe', args, options.timeoutMs);
  return { ...probeSchema.parse(JSON.parse(report.stdout)), warnings: report.stderr };
}

/** Decodes everything with ffmpeg. @throws Error with ffmpeg's output when it fails. */
export async function decodeWithFfmpeg(options: FfmpegReaderOptions): Promise<DecodeReport> {
  const args = [
    ...['-hide_banner', '-v', 'warning', '-nostats', '-progress', 'pipe:1'],
    ...['-rtsp_transport', options.transport ?? 'tcp', '-i', options.url],
    ...['-t', String(options.durationSeconds ?? 2), '-f', 'null', '-'],
  ];
  const { stdout, stderr } = await runToEnd('ffmpeg', args, options.timeoutMs);
  return {
    videoFrames: lastNumber(stdout, /^frame=(\d+)/gmu),
    outputSeconds: lastNumber(stdout, /^out_time_us=(\d+)/gmu) / 1e6,
    warnings: stderr,
  };
}

async function runToEnd(
  command: string,
  args: readonly string[],
  timeoutMs = DEFAULT_TIMEOUT_MS,
): Promise<ChildProgram> {
  const program = new ChildProgram({ name: command, command, args });
  const { code } = await program.waitForExit(timeoutMs);
  if (code !== 0) throw program.failure('failed');
  return program;
}

function lastNumber(text: string, pattern: RegExp): number {
  return Number([...text.matchAll(pattern)].at(-1)?.[1] ?? 0);
}
