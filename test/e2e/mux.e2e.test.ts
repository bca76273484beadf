// MP4 files of our writer, counted by ffprobe and decoded by ffmpeg at every stage of their life.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mp4Writer } from '../../core/mux/mp4-writer.ts';
import { readMp4Summary } from '../../core/mux/read-mp4-summary.ts';
import { repairMp4 } from '../../core/mux/repair-mp4.ts';
import {
  encodeAac,
  encodeH264,
  encodeH265,
  encodeLpcm,
  encodeOpus,
  encodeWithIvf,
  interleave,
  type EncodedTrack,
} from './support/encoded-media.ts';
import { FileImage, recordStates, type FileState } from './support/file-image.ts';
import { decodeErrors, probeFile, type FileProbe } from './support/probe-file.ts';

interface CodecCase {
  readonly title: string;
  readonly tags: readonly string[];
  readonly encode: () => EncodedTrack[];
}

const CASES: readonly CodecCase[] = [
  {
    title: 'H264 with B-frames and AAC',
    tags: ['avc1', 'mp4a'],
    encode: () => [encodeH264(), encodeAac()],
  },
  { title: 'H265 and Opus', tags: ['hvc1', 'Opus'], encode: () => [encodeH265(), encodeOpus()] },
  {
    title: 'VP8 and PCM',
    tags: ['vp08', 'twos'],
    encode: () => [encodeWithIvf('VP8'), encodeLpcm(16)],
  },
  {
    title: 'VP9 and PCM of 24 bits',
    tags: ['vp09', 'in24'],
    encode: () => [encodeWithIvf('VP9'), encodeLpcm(24)],
  },
  { title: 'AV1', tags: ['av01'], encode: () => [encodeWithIvf('AV1')] },
];
const H264_AAC = 0;

describe('an MP4 file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mux-e2e-'));
  const media = new Map<number, EncodedTrack[]>();
  after(() => rmSync(folder, { recursive: true }));

  function mediaOf(index: number): EncodedTrack[] {
    const known = media.get(index);
    if (known !== undefined) return known;
    const tracks = CASES[index]?.encode() ?? [];
    media.set(index, tracks);
    return tracks;
  }

  function fileOf(bytes: Uint8Array): string {
    const file = join(folder, 'probed.mp4');
    writeFileSync(file, bytes);
    return file;
  }

  /** Asserts that nobody complains. */
  function play(bytes: Uint8Array, step: string): FileProbe {
    const file = fileOf(bytes);
    assert.equal(decodeErrors(file), '', step);
    const probe = probeFile(file);
    assert.equal(probe.warnings, '', step);
    return probe;
  }

  async function repair(bytes: Buffer): Promise<Buffer> {
    const found = await repairMp4(randomAccess(bytes));
    assert.equal(found.kind, 'growing');
    const image = new FileImage();
    image.write({ position: 0, chunks: [bytes.subarray(0, found.endPosition)] });
    for (const write of found.writes) image.write(write);
    return image.bytes;
  }

  for (const [index, { title, tags }] of CASES.entries()) {
    it(`plays after each write: ${title}`, () => {
      const tracks = mediaOf(index);
      for (const { bytes, counts, step } of record(tracks)) {
        if (step.startsWith('begin')) continue;
        const { streams, packetCounts, frameCounts } = play(bytes, step);
        assert.deepEqual(
          streams.map((stream) => stream.codec_tag_string),
          tags,
          step,
        );
        assert.deepEqual(packetCounts, counts, step);
        assert.equal(frameCounts[0], counts[0], step);
      }
    });

    it(`is closed with its index in front, its times kept: ${title}`, () => {
      const tracks = mediaOf(index);
      const closed = record(tracks).at(-1)?.bytes ?? Buffer.alloc(0);
      assert.deepEqual(boxTypes(closed), ['ftyp', 'free', 'moov', 'free', 'mdat']);
      const { streams, format } = play(closed, 'closed');
      const expected = expectedTimes(tracks);
      for (const [track, stream] of streams.entries()) {
        const { startSeconds, endSeconds } = expected[track] ?? {
          startSeconds: -1,
          endSeconds: -1,
        };
        assert.ok(Math.abs((stream.start_time ?? -9) - startSeconds) < 0.0005, `${track} start`);
        const end = (stream.start_time ?? 0) + (stream.duration ?? 0);
        assert.ok(Math.abs(end - endSeconds) < 0.045, `${track}: ${end} instead of ${endSeconds}`);
      }
      const longest = Math.max(...expected.map(({ endSeconds }) => endSeconds));
      assert.ok(Math.abs((format.duration ?? 0) - longest) < 0.045, `${format.duration ?? 0}`);
      assert.equal(decodeErrors(fileOf(closed), 1.5), '', 'after a seek');
    });

    it(`plays after a repair from any cut: ${title}`, async () => {
      const tracks = mediaOf(index);
      const states = record(tracks);
      const parts = states.filter(({ step }) => step.startsWith('part'));
      const last = parts.at(-1);
      const before = parts.at(-2);
      assert.ok(last && before);
      const grown = last.bytes.length - before.bytes.length;
      for (const share of [0, 0.001, 0.3, 0.9999]) {
        const cut = last.bytes.subarray(0, before.bytes.length + Math.floor(grown * share));
        const { packetCounts } = play(await repair(cut), `cut at ${share}`);
        assert.deepEqual(packetCounts, before.counts, `cut at ${share}`);
      }
      const closed = states.at(-1)?.bytes;
      assert.deepEqual(await repair(last.bytes).then(boxTypes), closed && boxTypes(closed));
    });
  }

  it('plays after each write when the index does not fit in front', async () => {
    const tracks = mediaOf(H264_AAC).map((track) => repeated(track, 8));
    const states = record(tracks, 0);
    for (const { bytes, counts, step } of states) {
      if (!step.startsWith('finish')) continue;
      assert.deepEqual(play(bytes, step).packetCounts, counts, step);
      const summary = await readMp4Summary(randomAccess(bytes));
      if (summary?.isClosed === true) continue;
      assert.deepEqual(play(await repair(bytes), `repaired ${step}`).packetCounts, counts, step);
    }
    const closed = states.at(-1)?.bytes ?? Buffer.alloc(0);
    assert.deepEqual(boxTypes(closed), ['ftyp', 'free', 'free', 'mdat', 'moov']);
  });

  it('keeps picture and sound in step when one begins later', () => {
    for (const delayed of [0, 1]) {
      const tracks = mediaOf(H264_AAC).map((track, index) =>
        index === delayed ? withDelay(track, 0.7) : track,
      );
      const { streams } = play(record(tracks).at(-1)?.bytes ?? Buffer.alloc(0), 'closed');
      const starts = streams.map((stream) => stream.start_time ?? -9);
      assert.ok(Math.abs((starts[delayed] ?? 0) - 0.7) < 0.0005, starts.join());
      assert.equal(starts[1 - delayed], 0);
    }
  });

  it('plays through a change of the parameter sets', () => {
    const track = mediaOf(H264_AAC)[0];
    const other = encodeH264(['-vf', 'scale=160:120']);
    assert.ok(track);
    const samples = [...track.samples, ...withDelay(other, 3).samples];
    const closed = record([{ codec: track.codec, samples }]).at(-1)?.bytes ?? Buffer.alloc(0);
    const { streams, frameCounts } = play(closed, 'closed');
    assert.equal(streams[0]?.codec_tag_string, 'avc3');
    assert.deepEqual(frameCounts, [samples.length]);
    assert.equal(decodeErrors(fileOf(closed), 4.5), '', 'after a seek');
  });

  it('shows title and creation time', async () => {
    const [track] = mediaOf(H264_AAC);
    assert.ok(track);
    const createdAt = Date.UTC(2026, 10, 21, 10, 0, 0);
    const writer = new Mp4Writer([track], { createdAt, title: 'Gallery – café' });
    const bytes = states(writer, [track]).at(-1)?.bytes ?? Buffer.alloc(0);
    const { tags } = play(bytes, 'closed').format;
    assert.equal(tags['title'], 'Gallery – café');
    assert.equal(tags['creation_time'], '2026-11-21T10:00:00.000000Z');
    const summary = await readMp4Summary(randomAccess(bytes));
    assert.equal(summary?.createdAt, createdAt);
    assert.equal(Math.round(summary.durationMs ?? 0), 3000);
  });
});

function record(
  tracks: readonly EncodedTrack[],
  expectedDurationMs = 10_000,
  partSeconds = 1,
): FileState[] {
  return states(new Mp4Writer(tracks, { expectedDurationMs }), tracks, partSeconds);
}

function states(writer: Mp4Writer, tracks: readonly EncodedTrack[], partSeconds = 1): FileState[] {
  const clockRatesHz = tracks.map(({ codec }) => codec.clockRateHz);
  return recordStates(writer, interleave(tracks), { clockRatesHz, partSeconds });
}

function withDelay(track: EncodedTrack, seconds: number): EncodedTrack {
  const ticks = seconds * track.codec.clockRateHz;
  const samples = track.samples.map((sample) => ({
    ...sample,
    dtsTicks: sample.dtsTicks + ticks,
    ptsTicks: sample.ptsTicks + ticks,
  }));
  return { ...track, samples };
}

/** The same media again and again, with pauses. */
function repeated(track: EncodedTrack, times: number): EncodedTrack {
  const samples = Array.from({ length: times }, (_, index) => withDelay(track, index * 4).samples);
  return { ...track, samples: samples.flat() };
}

/** When each track is shown, the earliest beginning at 0. */
function expectedTimes(
  tracks: readonly EncodedTrack[],
): { readonly startSeconds: number; readonly endSeconds: number }[] {
  const shown = tracks.map(({ codec, samples }) => {
    const seconds = samples
      .map((sample) => sample.ptsTicks / codec.clockRateHz)
      .sort((a, b) => a - b);
    const first = seconds[0] ?? 0;
    const last = seconds.at(-1) ?? 0;
    return { first, last: last + (last - first) / (seconds.length - 1) };
  });
  const origin = Math.min(...shown.map(({ first }) => first));
  return shown.map(({ first, last }) => ({
    startSeconds: first - origin,
    endSeconds: last - origin,
  }));
}

function boxTypes(bytes: Buffer): string[] {
  const types: string[] = [];
  let position = 0;
  while (position + 8 <= bytes.length) {
    const size = bytes.readUInt32BE(position);
    types.push(bytes.toString('latin1', position + 4, position + 8));
    position += size === 1 ? Number(bytes.readBigUInt64BE(position + 8)) : size;
  }
  assert.equal(position, bytes.length, 'the boxes fill the file');
  return types;
}

function randomAccess(bytes: Uint8Array): Parameters<typeof repairMp4>[0] {
  return {
    sizeBytes: bytes.length,
    read: (position, length) => bytes.subarray(position, position + length),
  };
}
