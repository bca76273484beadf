// MPEG-TS files of our writer, counted by ffprobe and decoded by ffmpeg after each write.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TsWriter } from '../../core/mux/ts-writer.ts';
import {
  encodeAac,
  encodeH264,
  encodeH265,
  encodeOpus,
  interleave,
  type EncodedTrack,
} from './support/encoded-media.ts';
import { recordStates, type FileState } from './support/file-image.ts';
import { decodeErrors, probeFile, type FileProbe } from './support/probe-file.ts';

const CASES = [
  { title: 'H264 with B-frames and AAC', encode: () => [encodeH264(), encodeAac()] },
  { title: 'H265 and Opus', encode: () => [encodeH265(), encodeOpus()] },
] as const;

describe('an MPEG-TS file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mux-ts-e2e-'));
  after(() => rmSync(folder, { recursive: true }));

  function play(bytes: Uint8Array, step: string): FileProbe {
    const file = join(folder, 'probed.ts');
    writeFileSync(file, bytes);
    assert.equal(decodeErrors(file), '', step);
    const probe = probeFile(file);
    assert.equal(probe.warnings, '', step);
    return probe;
  }

  for (const { title, encode } of CASES) {
    it(`plays after each write: ${title}`, () => {
      const tracks = encode();
      for (const { bytes, counts, step } of record(tracks)) {
        if (step.startsWith('begin')) continue;
        const { streams, packetCounts, frameCounts } = play(bytes, step);
        assert.deepEqual(packetCounts, counts, step);
        assert.equal(frameCounts[0], counts[0], step);
        const [video, audio] = streams.map((stream) => stream.start_time ?? 0);
        const expected = firstSeconds(tracks[0]) - firstSeconds(tracks[1]);
        assert.ok(Math.abs((video ?? 0) - (audio ?? 0) - expected) < 0.001, step);
      }
    });
  }

  it('plays over the wrap of its clock', () => {
    const [video, audio] = CASES[0].encode();
    assert.ok(video && audio);
    // The clock wraps after 2^33 ticks of 90 kHz, 1.5 s into the file.
    const seconds = 2 ** 33 / 90_000 - 2.5;
    const tracks = [video, audio].map((track) => withDelay(track, seconds));
    const last = record(tracks).at(-1);
    assert.ok(last);
    const { packetCounts, format } = play(last.bytes, 'wrap');
    assert.deepEqual(packetCounts, last.counts);
    assert.ok(Math.abs((format.duration ?? 0) - 3) < 0.1, `${format.duration ?? 0} s`);
  });
});

function record(tracks: readonly EncodedTrack[]): FileState[] {
  const clockRatesHz = tracks.map(({ codec }) => codec.clockRateHz);
  return recordStates(new TsWriter(tracks), interleave(tracks), { clockRatesHz });
}

function firstSeconds(track: EncodedTrack | undefined): number {
  return (track?.samples[0]?.ptsTicks ?? 0) / (track?.codec.clockRateHz ?? 1);
}

function withDelay(track: EncodedTrack, seconds: number): EncodedTrack {
  const ticks = Math.round(seconds * track.codec.clockRateHz);
  const samples = track.samples.map((sample) => ({
    ...sample,
    dtsTicks: sample.dtsTicks + ticks,
    ptsTicks: sample.ptsTicks + ticks,
  }));
  return { ...track, samples };
}
