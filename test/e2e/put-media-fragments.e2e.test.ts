// Fragments for Kinesis Video Streams, read by ffprobe, ffmpeg and mkvinfo.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../core/base/clock.ts';
import { AdtsHeaderWriter } from '../../core/codec/aac-adts.ts';
import { parseAudioSpecificConfig } from '../../core/codec/audio-specific-config.ts';
import type { Codec } from '../../core/codec/codec.ts';
import { OggOpusReader } from '../../core/transcode/ogg-opus-reader.ts';
import { FfmpegInstallation, type FfmpegProvider } from '../../pro/ffmpeg/ffmpeg-program.ts';
import { FragmentSource } from '../../pro/put-media/fragment-source.ts';
import type { MediaFragment } from '../../pro/put-media/media-fragment.ts';
import { silentAacFor } from '../../pro/put-media/silent-aac.ts';
import { EncodedFeed } from './support/encoded-feed.ts';
import { encodeAac, encodeH264, encodeH265, type EncodedTrack } from './support/encoded-media.ts';
import { decodeErrors, probeFile } from './support/probe-file.ts';

const INSTALLED = new FfmpegInstallation(systemClock, {
  searchPath: '/usr/local/bin:/usr/bin:/bin',
});
const INFO_PROGRAM = 'mkvinfo';
const BEEPS =
  "aevalsrc='if(between(mod(t,1),0.5,0.6),0.8*sin(2*PI*1000*t),0)':s=48000:d=3:c=stereo";
const OPUS: Codec = { name: 'Opus', clockRateHz: 48000, channelCount: 2 };
const PCMU: Codec = { name: 'G711', clockRateHz: 8000, channelCount: 1, isMuLaw: true };
/** The first sample of each track of the feed. */
const START_SECONDS = 1;

/** Sound with a beep in the middle of each second. */
function beeps(codec: Codec): EncodedTrack {
  const isOpus = codec.name === 'Opus';
  const encoder = isOpus
    ? ['-c:a', 'libopus', '-f', 'ogg']
    : ['-ar', '8000', '-ac', '1', '-c:a', 'pcm_mulaw', '-f', 'mulaw'];
  const args = ['-v', 'error', '-f', 'lavfi', '-i', BEEPS, ...encoder, 'pipe:1'];
  const { stdout } = spawnSync('ffmpeg', args, { maxBuffer: 16 << 20 });
  const packets: Uint8Array[] = [];
  if (isOpus) new OggOpusReader((packet) => packets.push(packet.slice())).push(stdout);
  else for (let at = 0; at < stdout.length; at += 160) packets.push(stdout.subarray(at, at + 160));
  const step = codec.clockRateHz / 50;
  const samples = packets.map((packet, index) => {
    const ticks = START_SECONDS * codec.clockRateHz + index * step;
    return { units: [packet], dtsTicks: ticks, ptsTicks: ticks, isKeyFrame: true };
  });
  return { codec, samples };
}

/** Fragments of everything that comes, after the stream ended. */
async function fragmentsOf(
  tracks: readonly EncodedTrack[],
  ffmpeg: FfmpegProvider = INSTALLED,
): Promise<MediaFragment[]> {
  const fragments: MediaFragment[] = [];
  const feed = new EncodedFeed(systemClock, tracks);
  await using source = new FragmentSource(
    {
      stream: feed.stream,
      ffmpeg,
      listener: {
        fragment: (fragment) => void fragments.push(fragment),
        skipped: (kind, message) => assert.fail(`${kind}: ${message}`),
        ended: (failure) => assert.equal(failure, undefined),
      },
    },
    { pathName: 'cam', audio: 'aac', tags: { path: 'cam' } },
  );
  source.start();
  await feed.play();
  await new Promise((resolve) => setTimeout(resolve, 300));
  source.onStreamClosed();
  return fragments;
}

function matroskaOf(fragments: readonly MediaFragment[]): Buffer {
  const first = fragments[0]?.timecodeMs ?? 0;
  const header = fragments[0]?.header.bytes ?? new Uint8Array(0);
  return Buffer.concat([
    header,
    ...fragments.flatMap((fragment) => fragment.cluster(fragment.timecodeMs - first)),
  ]);
}

/** Seconds at which beeps begin. */
function beepTimes(file: string): number[] {
  const args = ['-v', 'error', '-i', file, '-af', 'aresample=async=1:first_pts=0', '-ac', '1'];
  const { stdout } = spawnSync('ffmpeg', [...args, '-f', 's16le', '-ar', '48000', 'pipe:1'], {
    maxBuffer: 64 << 20,
  });
  const times: number[] = [];
  let quiet = 48_000;
  for (let index = 0; index * 2 < stdout.length; index++) {
    if (Math.abs(stdout.readInt16LE(index * 2)) < 4000) quiet++;
    else {
      if (quiet > 12_000) times.push(index / 48_000);
      quiet = 0;
    }
  }
  return times;
}

describe('fragments for Kinesis Video Streams', function () {
  this.timeout(30_000);
  const folder = mkdtempSync(join(tmpdir(), 'fragments-e2e-'));
  let encoded: EncodedTrack | undefined;
  const video = (): EncodedTrack => (encoded ??= encodeH264());
  after(() => rmSync(folder, { recursive: true }));

  function check(name: string, fragments: readonly MediaFragment[], codecs: string[]): string {
    const file = join(folder, `${name}.mkv`);
    writeFileSync(file, matroskaOf(fragments));
    assert.equal(decodeErrors(file), '', name);
    const probe = probeFile(file);
    assert.equal(probe.warnings, '', name);
    assert.deepEqual(
      probe.streams.map((stream) => stream.codec_name),
      codecs,
    );
    assert.equal(probe.frameCounts[0], 75, name);
    const info = spawnSync(INFO_PROGRAM, ['-v', file]);
    assert.equal(info.status, 0, info.stdout.toString());
    assert.doesNotMatch(info.stdout.toString(), /error|damaged|unknown element/iu);
    assert.equal(info.stdout.toString().match(/^\|\+ Cluster/gmu)?.length, fragments.length);
    for (const [index, fragment] of fragments.entries()) {
      const { timecodeMs, durationMs, header, sizeBytes } = fragment;
      assert.equal(header, fragments[0]?.header);
      const bytes = fragment.cluster(timecodeMs).reduce((sum, { length }) => sum + length, 0);
      assert.equal(bytes, sizeBytes);
      assert.ok(durationMs >= 1000 && durationMs < 1100, `${durationMs}`);
      const before = fragments[index - 1];
      if (before) assert.equal(timecodeMs, before.timecodeMs + before.durationMs);
    }
    return file;
  }

  it('hold video and AAC: as it comes, made of Opus, made of G711', async () => {
    const [aac, opus, pcmu] = await Promise.all([
      fragmentsOf([video(), encodeAac()]),
      fragmentsOf([encodeH265(), beeps(OPUS)]),
      fragmentsOf([video(), beeps(PCMU)]),
    ]);
    assert.equal(aac[0]?.header.mediaType, 'video/h264,audio/aac');
    check('aac', aac, ['h264', 'aac']);
    for (const [name, fragments] of Object.entries({ opus, pcmu })) {
      const file = check(name, fragments, [name === 'opus' ? 'hevc' : 'h264', 'aac']);
      const times = beepTimes(file);
      assert.deepEqual(times.map(Math.floor), [0, 1, 2], name);
      for (const time of times) {
        assert.ok(Math.abs((time % 1) - 0.5) < 0.04, `${name}: a beep at ${time} s`);
      }
    }
  });

  it('hold silence where sound of the camera stops, and decode without a word', async () => {
    const { codec, samples } = encodeAac();
    const sparse = samples.filter((_, index) => index % 47 < 20);
    const fragments = await fragmentsOf([video(), { codec, samples: sparse }]);
    const file = check('sparse', fragments, ['h264', 'aac']);
    assert.ok((probeFile(file).frameCounts[1] ?? 0) > 135);
  });

  it('go on with silence, then with sound, when the encoder is killed', async () => {
    const pids = join(folder, 'pids');
    const path = join(folder, 'encoder');
    const program = (await INSTALLED.get()).path;
    writeFileSync(path, `#!/bin/sh\necho $$ >> ${pids}\nexec ${program} "$@"\n`, { mode: 0o755 });
    const tracks = [video(), beeps(PCMU)];
    const kill = setTimeout(() => process.kill(Number(readFileSync(pids, 'utf8').trim())), 900);
    const fragments = await fragmentsOf(tracks, {
      get: () => Promise.resolve({ path, probePath: undefined, version: '' }),
    });
    clearTimeout(kill);
    assert.equal(readFileSync(pids, 'utf8').trim().split('\n').length, 2);
    const times = beepTimes(check('killed', fragments, ['h264', 'aac']));
    const last = times.at(-1) ?? 0;
    assert.ok(Math.abs(last - 2.5) < 0.04, times.join());
  });

  it('have silence that decoders take, for each number of channels', () => {
    for (const config of ['1188', '1190', '1198', '11a0', '11a8', '11b0', '11b8', '1588', '0990']) {
      const bytes = Buffer.from(config, 'hex');
      const parsed = parseAudioSpecificConfig(bytes);
      const silence = silentAacFor(bytes);
      assert.ok(parsed && silence, config);
      const frame = new Uint8Array(7 + silence.frame.length);
      new AdtsHeaderWriter(parsed).write(frame, 0, silence.frame.length);
      frame.set(silence.frame, 7);
      const args = ['-v', 'error', '-xerror', '-f', 'aac', '-i', 'pipe:0', '-f', 's16le', 'pipe:1'];
      const input = Buffer.concat(Array<Uint8Array>(20).fill(frame));
      const { stdout, stderr, status } = spawnSync('ffmpeg', args, { input });
      assert.deepEqual([status, stderr.toString()], [0, ''], config);
      assert.ok(stdout.length >= 19 * 2048 * parsed.channelCount, config);
      assert.ok(
        stdout.every((byte) => byte === 0),
        config,
      );
    }
  });
});
