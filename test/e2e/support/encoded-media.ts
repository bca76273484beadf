// Lets ffmpeg encode a few seconds and hands them out as samples, with the times that ffmpeg gave them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { buildAudioSpecificConfig } from '../../../core/codec/audio-specific-config.ts';
import { splitAv1Obus } from '../../../core/codec/av1-obu.ts';
import type { Codec } from '../../../core/codec/codec.ts';
import { h264NalType, H264NalType } from '../../../core/codec/h264-nal-unit.ts';
import { h265NalType, H265NalType } from '../../../core/codec/h265-nal-unit.ts';
import { splitLengthPrefixed } from '../../../core/codec/length-prefixed.ts';
import type { MuxSample } from '../../../core/mux/container-writer.ts';

/** Samples of one track in decoding order. */
export interface EncodedTrack {
  readonly codec: Codec;
  readonly samples: readonly Omit<MuxSample, 'trackIndex'>[];
}

const SECONDS = '3';
const PROBE_PROGRAM = 'ffprobe';
const TIMEOUT_MS = 60_000;
const FRAMES_PER_SECOND = 25;
const PICTURE = `testsrc2=size=320x240:rate=${FRAMES_PER_SECOND}`;
const TONE = 'sine=frequency=440:sample_rate=48000';
const GOP = ['-g', '25', '-keyint_min', '25'];
/** Decoding times in a file of ffmpeg begin below 0 when there are B-frames. */
const SHIFT_SECONDS = 1;

const packetSchema = z.object({
  pts: z.number(),
  dts: z.number(),
  pos: z.coerce.number(),
  size: z.coerce.number(),
  flags: z.string(),
});
const packetsSchema = z.object({ packets: z.array(packetSchema) });

/** H.264 with two B-frames between others, parameter sets before each key frame. */
export function encodeH264(extra: readonly string[] = []): EncodedTrack {
  const args = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-bf',
    '2',
    '-sc_threshold',
    '0',
    ...GOP,
  ];
  const params = ['-x264-params', 'repeat-headers=1:aud=1:scenecut=0'];
  const samples = encodeNals([...args, ...params, ...extra]);
  const [sps, pps] = [H264NalType.sps, H264NalType.pps].map((type) =>
    firstUnit(samples, (first) => h264NalType(first) === type),
  );
  return {
    codec: {
      name: 'H264',
      clockRateHz: 90000,
      packetizationMode: 1,
      ...(sps && { sps }),
      ...(pps && { pps }),
    },
    samples,
  };
}

/** H.265 with B-frames. */
export function encodeH265(): EncodedTrack {
  const params =
    'repeat-headers=1:aud=1:bframes=2:keyint=25:min-keyint=25:scenecut=0:log-level=none';
  const args = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', params];
  const samples = encodeNals(args);
  const [vps, sps, pps] = [H265NalType.vps, H265NalType.sps, H265NalType.pps].map((type) =>
    firstUnit(samples, (first) => h265NalType(first) === type),
  );
  return {
    codec: {
      name: 'H265',
      clockRateHz: 90000,
      ...(vps && { vps }),
      ...(sps && { sps }),
      ...(pps && { pps }),
    },
    samples,
  };
}

/** VP8, VP9 or AV1. */
export function encodeWithIvf(name: 'VP8' | 'VP9' | 'AV1'): EncodedTrack {
  const codecArgs = {
    VP8: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8'],
    VP9: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8'],
    AV1: ['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8'],
  }[name];
  const input = ['-f', 'lavfi', '-i', PICTURE, '-t', SECONDS, '-pix_fmt', 'yuv420p'];
  const ivf = runFfmpeg([...input, ...codecArgs, ...GOP, '-f', 'ivf', 'pipe:1']);
  const samples: EncodedTrack['samples'][number][] = [];
  let position = 32;
  while (position < ivf.length) {
    const size = ivf.readUInt32LE(position);
    const frame = ivf.subarray(position + 12, position + 12 + size);
    const time = Number(ivf.readBigUInt64LE(position + 4));
    const ticks = Math.round((time * 90_000) / FRAMES_PER_SECOND);
    position += 12 + size;
    samples.push({
      units: name === 'AV1' ? (splitAv1Obus(frame) ?? []) : [frame],
      dtsTicks: ticks,
      ptsTicks: ticks,
      isKeyFrame: samples.length % 25 === 0,
    });
  }
  return { codec: { name, clockRateHz: 90000 }, samples };
}

/** AAC-LC, stereo, 48 kHz. */
export function encodeAac(): EncodedTrack {
  const config = buildAudioSpecificConfig({
    objectType: 2,
    sampleRateHz: 48000,
    channelConfig: 2,
    hasParametricStereo: false,
  });
  const framing = { type: 'generic', sizeLength: 13, indexLength: 3, indexDeltaLength: 3 } as const;
  return {
    codec: {
      name: 'MPEG-4 Audio',
      clockRateHz: 48000,
      sampleRateHz: 48000,
      channelCount: 2,
      config,
      framing,
    },
    samples: encodeInMp4(['-f', 'lavfi', '-i', TONE, '-ac', '2', '-c:a', 'aac'], 48_000),
  };
}

/** Opus, stereo, frames of 20 ms. */
export function encodeOpus(): EncodedTrack {
  return {
    codec: { name: 'Opus', clockRateHz: 48000, channelCount: 2 },
    samples: encodeInMp4(['-f', 'lavfi', '-i', TONE, '-ac', '2', '-c:a', 'libopus'], 48_000),
  };
}

/** PCM as RTP carries it, blocks of 20 ms. */
export function encodeLpcm(bitDepth: 16 | 24): EncodedTrack {
  const format = `s${bitDepth}be`;
  const input = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=8000', '-t', SECONDS];
  const bytes = runFfmpeg([...input, '-ac', '1', '-f', format, 'pipe:1']);
  const blockBytes = (160 * bitDepth) / 8;
  const samples = Array.from({ length: bytes.length / blockBytes }, (_, index) => ({
    units: [bytes.subarray(index * blockBytes, (index + 1) * blockBytes)],
    dtsTicks: index * 160,
    ptsTicks: index * 160,
    isKeyFrame: true,
  }));
  return { codec: { name: 'LPCM', clockRateHz: 8000, bitDepth, channelCount: 1 }, samples };
}

/** All samples in the order of their decoding times, as a live source delivers them. */
export function interleave(tracks: readonly EncodedTrack[]): MuxSample[] {
  const samples = tracks.flatMap(({ codec, samples: list }, trackIndex) =>
    list.map((sample) => ({
      sample: { ...sample, trackIndex },
      seconds: sample.dtsTicks / codec.clockRateHz,
    })),
  );
  return samples.toSorted((a, b) => a.seconds - b.seconds).map(({ sample }) => sample);
}

function encodeNals(args: readonly string[]): EncodedTrack['samples'] {
  const input = ['-f', 'lavfi', '-i', PICTURE, '-pix_fmt', 'yuv420p'];
  const timescale = ['-video_track_timescale', '90000'];
  const samples = encodeInMp4([...input, ...args, ...timescale], 90_000);
  return samples.map((sample) => ({
    ...sample,
    units: sample.units.flatMap((unit) => splitLengthPrefixed(unit) ?? []),
  }));
}

function encodeInMp4(args: readonly string[], timescale: number): EncodedTrack['samples'] {
  const folder = mkdtempSync(join(tmpdir(), 'mux-media-'));
  try {
    const file = join(folder, 'media.mp4');
    runFfmpeg([...args, '-t', SECONDS, file]);
    const bytes = readFileSync(file);
    const probe = spawnSync(
      PROBE_PROGRAM,
      ['-v', 'error', '-ignore_editlist', '1', '-show_packets', '-of', 'json', file],
      { timeout: TIMEOUT_MS, maxBuffer: 64 << 20 },
    );
    const { packets } = packetsSchema.parse(JSON.parse(probe.stdout.toString()));
    const shift = SHIFT_SECONDS * timescale - (packets[0]?.pts ?? 0);
    return packets.map(({ pts, dts, pos, size, flags }) => ({
      units: [bytes.subarray(pos, pos + size)],
      dtsTicks: dts + shift,
      ptsTicks: pts + shift,
      isKeyFrame: flags.startsWith('K'),
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function firstUnit(
  samples: EncodedTrack['samples'],
  isWanted: (firstByte: number) => boolean,
): Uint8Array | undefined {
  return samples.flatMap(({ units }) => units).find((unit) => isWanted(unit[0] ?? 0));
}

function runFfmpeg(args: readonly string[]): Buffer {
  const { stdout, stderr, status, error } = spawnSync(
    'ffmpeg',
    ['-hide_banner', '-loglevel', 'error', '-threads', '1', ...args],
    { timeout: TIMEOUT_MS, maxBuffer: 64 << 20 },
  );
  if (status === 0) return stdout;
  throw new Error(`ffmpeg: ${error?.message ?? stderr.toString()}`);
}
