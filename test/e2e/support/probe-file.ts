// What ffprobe counts in a file and whether ffmpeg decodes it without a word.
import { spawnSync } from 'node:child_process';
import { z } from 'zod';

const streamSchema = z.object({
  codec_name: z.string(),
  codec_tag_string: z.string(),
  nb_read_packets: z.coerce.number().default(0),
  nb_read_frames: z.coerce.number().default(0),
  start_time: z.coerce.number().optional(),
  duration: z.coerce.number().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  sample_rate: z.coerce.number().optional(),
  channels: z.number().optional(),
});
const tagsSchema = z.record(z.string(), z.string());
const probeSchema = z.object({
  streams: z.array(streamSchema).default([]),
  format: z.object({ duration: z.coerce.number().optional(), tags: tagsSchema.default({}) }),
});

/** ffprobe's view of a file, its own JSON names kept. */
export type FileProbe = z.infer<typeof probeSchema> & {
  /** Packets of each stream, in the order of the streams. */
  readonly packetCounts: readonly number[];
  /** Decoded frames of each stream. */
  readonly frameCounts: readonly number[];
  /** What ffprobe said from level warning on. */
  readonly warnings: string;
};

const PROBE_PROGRAM = 'ffprobe';
const TIMEOUT_MS = 30_000;

/** Reads the whole file, decoding it. */
export function probeFile(file: string): FileProbe {
  const counts = ['-count_frames', '-count_packets', '-show_streams', '-show_format'];
  const { stdout, stderr } = spawnSync(
    PROBE_PROGRAM,
    ['-v', 'warning', ...counts, '-of', 'json', file],
    {
      timeout: TIMEOUT_MS,
    },
  );
  const probe = probeSchema.parse(JSON.parse(stdout.toString() || '{"format":{}}'));
  return {
    ...probe,
    packetCounts: probe.streams.map((stream) => stream.nb_read_packets),
    frameCounts: probe.streams.map((stream) => stream.nb_read_frames),
    warnings: stderr.toString(),
  };
}

/** What ffmpeg says at level error while it decodes the whole file; empty when all is well. */
export function decodeErrors(file: string, startSeconds = 0): string {
  const seek = startSeconds > 0 ? ['-ss', String(startSeconds)] : [];
  const args = ['-v', 'error', '-xerror', ...seek, '-i', file, '-f', 'null', '-'];
  const { stderr, status } = spawnSync('ffmpeg', args, { timeout: TIMEOUT_MS });
  return status === 0 ? stderr.toString() : `exit ${String(status)}: ${stderr.toString()}`;
}
