// Key frames of real encoders become pictures: every codec, live from ffmpeg, hostile ones beside good ones.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { systemClock } from '../../core/base/clock.ts';
import { silentLogger } from '../../core/base/logger.ts';
import { joinAnnexB, splitAnnexB } from '../../core/codec/annex-b.ts';
import { FfmpegInstallation } from '../../pro/ffmpeg/ffmpeg-program.ts';
import { KeyFrameDecoderPool } from '../../pro/snapshot/key-frame-decoder-pool.ts';
import { KeyFrameGrabber } from '../../pro/snapshot/key-frame-grabber.ts';
import { makeKeyFrame, type KeyFrame } from '../../pro/snapshot/key-frame.ts';
import { PathStreams } from '../../pro/snapshot/path-streams.ts';
import { PictureSource } from '../../pro/snapshot/picture-source.ts';
import { SnapshotService } from '../../pro/snapshot/snapshot-service.ts';
import { defaultColorRule, scoreColor } from '../../pro/smart/color-score.ts';
import { SmartReplay } from '../../pro/smart/smart-replay.ts';
import { RtspFixture } from '../support/rtsp-fixture.ts';
import { ChildProgram } from './support/child-program.ts';
import {
  encodeH264,
  encodeH265,
  encodeWithIvf,
  type EncodedTrack,
} from './support/encoded-media.ts';
import { ffmpegPublisherArgs, type PublishedVideo } from './support/ffmpeg-publisher.ts';

const SMALL = { widthPixels: 100, heightPixels: 100 };
const SIZE = { widthPixels: 320, heightPixels: 240 };
const ffmpeg = new FfmpegInstallation(systemClock, { searchPath: '/usr/local/bin:/usr/bin:/bin' });

function openPool(
  options: ConstructorParameters<typeof KeyFrameDecoderPool>[1],
): KeyFrameDecoderPool {
  return new KeyFrameDecoderPool({ clock: systemClock, logger: silentLogger, ffmpeg }, options);
}

function keyFramesOf({ codec, samples }: EncodedTrack): KeyFrame[] {
  return samples
    .filter(({ isKeyFrame }) => isKeyFrame)
    .map(({ units }) => makeKeyFrame(codec, units));
}

/** One key frame of H264 or H265 in four slices. */
function encodeSlices(encoder: 'libx264' | 'libx265', source: string): KeyFrame {
  const isH265 = encoder === 'libx265';
  const params = isH265
    ? ['-x265-params', 'slices=4:log-level=none']
    : ['-x264-params', 'slices=4'];
  const { stdout } = spawnSync(
    'ffmpeg',
    [
      ...['-v', 'error', '-f', 'lavfi', '-i', `${source}:size=320x240`, '-frames:v', '1'],
      ...['-pix_fmt', 'yuv420p', '-c:v', encoder, ...params],
      ...['-f', isH265 ? 'hevc' : 'h264', 'pipe:1'],
    ],
    { maxBuffer: 1 << 24 },
  );
  const codec = isH265
    ? ({ name: 'H265', clockRateHz: 90000 } as const)
    : ({ name: 'H264', clockRateHz: 90000, packetizationMode: 1 } as const);
  return makeKeyFrame(codec, splitAnnexB(stdout));
}

/** Colors in the lowest quarter of a picture. */
function lowestColors(rgb: Buffer): Set<string> {
  const colors = new Set<string>();
  for (let offset = (rgb.length / 4) * 3; offset < rgb.length; offset += 3) {
    colors.add(rgb.subarray(offset, offset + 3).toString('hex'));
  }
  return colors;
}

describe('pictures of key frames', () => {
  const encoders: readonly (readonly [string, () => EncodedTrack])[] = [
    ['H264 with B-frames', () => encodeH264()],
    ['H265 with B-frames', () => encodeH265()],
    ['VP8', () => encodeWithIvf('VP8')],
    ['VP9', () => encodeWithIvf('VP9')],
    ['AV1', () => encodeWithIvf('AV1')],
  ];
  for (const [name, encode] of encoders) {
    it(`are decoded one by one: ${name}`, async () => {
      const keyFrames = keyFramesOf(encode());
      await using pool = openPool({ maxBusy: 1 });
      const shares: number[] = [];
      for (const keyFrame of [...keyFrames, ...keyFrames]) {
        assert.deepEqual([keyFrame.widthPixels, keyFrame.heightPixels], [320, 240]);
        const full = await pool.decode({ keyFrame, owner: 'a' });
        assert.equal(full.rgb.length, 320 * 240 * 3);
        const small = await pool.decode({ keyFrame, owner: 'a', scaledTo: SMALL });
        shares.push(scoreColor(small, defaultColorRule).score);
      }
      for (const share of shares) assert.ok(share > 40, `colored: ${shares.join()}`);
      assert.equal(pool.processCount, 2);
    });
  }

  it('come from one decoder whatever their sizes are', async () => {
    const large = keyFramesOf(encodeH264(['-s', '640x352']));
    const small = keyFramesOf(encodeH264());
    await using pool = openPool({ maxBusy: 1 });
    for (let round = 0; round < 4; round++) {
      for (const [index, keyFrame] of [large[0], small[0], small.at(-1)].entries()) {
        assert.ok(keyFrame);
        const request = { keyFrame, owner: `cam${index}`, scaledTo: SMALL };
        assert.ok(scoreColor(await pool.decode(request), defaultColorRule).score > 40);
      }
    }
    assert.equal(pool.processCount, 1);
  });
});

describe('hostile key frames', () => {
  const [good] = keyFramesOf(encodeH264());
  assert.ok(good);
  const { codecName, bytes } = good;
  const nals = splitAnnexB(bytes);
  const withSlices = (change: (slice: Uint8Array) => Uint8Array): KeyFrame => {
    const changed = nals.map((nal) => (((nal[0] ?? 0) & 31) === 5 ? change(nal) : nal));
    return { ...good, bytes: joinAnnexB(changed) };
  };
  const cases: Readonly<Record<string, KeyFrame>> = {
    'without slices': { ...good, bytes: joinAnnexB(nals.slice(0, 2)) },
    empty: { ...good, bytes: new Uint8Array(0) },
    'random bytes': { ...good, bytes: Buffer.alloc(100_000, 'no video') },
    'a container inside': {
      ...good,
      bytes: Buffer.from('1a45dfa3a34286810142f7810142f281', 'hex'),
    },
    'slices cut off': withSlices((slice) => slice.subarray(0, 3)),
    'slices of noise': withSlices((slice) =>
      slice.map((byte, index) => (index < 5 ? byte : index)),
    ),
    'two pictures in one': { ...good, bytes: Buffer.concat([bytes, bytes]) },
  };
  for (const [name, keyFrame] of Object.entries(cases)) {
    it(`harm nobody else: ${name}`, async () => {
      await using pool = openPool({ maxBusy: 1, timeoutMs: 5000 });
      const request = { keyFrame: good, owner: 'good', scaledTo: SMALL };
      const expected = await pool.decode(request);
      const startedMs = performance.now();
      const hostile = pool.decode({ keyFrame, owner: 'hostile', scaledTo: SMALL });
      const [answer, next] = await Promise.allSettled([hostile, pool.decode(request)]);
      assert.ok(performance.now() - startedMs < 4000, 'a fence tells within some 100 ms');
      if (answer.status === 'rejected') {
        assert.equal(String(answer.reason), 'MediaError: no picture came out of the key frame');
      }
      assert.ok(next.status === 'fulfilled');
      assert.ok(next.value.rgb.equals(expected.rgb), 'the next answer belongs to the next request');
      assert.equal(pool.processCount, 1);
    });
  }

  it('are refused when their picture would be too large', async () => {
    await using pool = openPool({ maxPixels: 320 * 240 - 1 });
    await assert.rejects(pool.decode({ keyFrame: good, owner: '' }), { code: 'picture-too-large' });
    // It lies about its size: ffmpeg has the same limit.
    const lying = { codecName, bytes, widthPixels: 10, heightPixels: 10 };
    await assert.rejects(pool.decode({ keyFrame: lying, owner: '' }), {
      code: 'key-frame-undecodable',
    });
  });

  for (const encoder of ['libx264', 'libx265'] as const) {
    it(`show nothing of another camera where slices are missing: ${encoder}`, async () => {
      const secret = encodeSlices(encoder, 'testsrc2=rate=25');
      const gray = encodeSlices(encoder, 'color=gray');
      const cut = { ...gray, bytes: joinAnnexB(splitAnnexB(gray.bytes).slice(0, -2)) };
      await using pool = openPool({ maxBusy: 1 });
      for (let round = 0; round < 4; round++) {
        await pool.decode({ keyFrame: secret, owner: 'secret' });
        const [answer] = await Promise.allSettled([
          pool.decode({ keyFrame: cut, owner: 'hostile' }),
        ]);
        if (answer.status === 'rejected') assert.match(String(answer.reason), /no picture came/u);
        else assert.equal(lowestColors(answer.value.rgb).size, 1, 'one color: empty memory');
      }
      assert.equal(pool.processCount, 1);
    });
  }
});

describe('snapshots of live streams', () => {
  const videos: readonly (PublishedVideo | 'mjpeg')[] = ['h264', 'h265', 'vp8', 'vp9', 'mjpeg'];
  for (const video of videos) {
    it(`are JPEGs of the right size and colors: ${video}`, async () => {
      await using fixture = await RtspFixture.start();
      await using pool = openPool({});
      const streams = new PathStreams(fixture.pathManager);
      const grabber = new KeyFrameGrabber(systemClock);
      const pictures = new PictureSource({ streams, grabber, decoders: pool });
      const store = { save: () => Promise.reject(new Error('nothing is saved here')) };
      const snapshots = new SnapshotService({
        ...{ clock: systemClock, logger: silentLogger, streams, pictures, store },
      });
      await assert.rejects(snapshots.take({ name: 'x' }), { message: "path 'x' not found" });
      const online = Promise.withResolvers<undefined>();
      fixture.pathManager.observe({
        onPathTransition: (_, transition) => {
          if (transition === 'online') online.resolve(undefined);
        },
      });
      const url = fixture.url('cam');
      const isMjpeg = video === 'mjpeg';
      const args = ffmpegPublisherArgs({ url, video: isMjpeg ? 'h264' : video, bFrames: 2 });
      const publisher = new ChildProgram({
        ...{ name: 'ffmpeg publisher', command: 'ffmpeg' },
        args: isMjpeg ? mjpegArguments(url) : args,
      });
      try {
        await online.promise;
        assert.ok(streams.isOnline('cam'));
        const jpeg = await snapshots.take({ name: 'cam' });
        const { width, height, format } = await sharp(jpeg).metadata();
        assert.deepEqual([width, height, format], [SIZE.widthPixels, SIZE.heightPixels, 'jpeg']);
        const small = await pictures.smallPicture('cam', SMALL);
        assert.ok(scoreColor(small, defaultColorRule).score > 40);
      } finally {
        await publisher.stop('SIGKILL');
      }
    });
  }
});

function mjpegArguments(url: string): string[] {
  return [
    ...['-v', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=10'],
    ...['-c:v', 'mjpeg', '-huffman', 'default', '-force_duplicated_matrix', '1'],
    ...['-pix_fmt', 'yuvj420p', '-q:v', '5', '-f', 'rtsp', '-rtsp_transport', 'tcp', url],
  ];
}

describe('the dry run of smart recording', () => {
  let folder = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'replay-'));
    const sources = [
      'color=black:size=320x240:rate=10:duration=20',
      'testsrc2=size=320x240:rate=10:duration=30',
      'color=blue:size=320x240:rate=10:duration=10',
    ];
    spawnSync('ffmpeg', [
      ...['-v', 'error', ...sources.flatMap((source) => ['-f', 'lavfi', '-i', source])],
      ...['-filter_complex', 'concat=n=3', '-pix_fmt', 'yuv420p', '-c:v', 'libx264'],
      ...['-preset', 'ultrafast', '-g', '20', join(folder, 'a.mp4')],
    ]);
  });

  after(() => rm(folder, { recursive: true, force: true }));

  const request = { threshold: 60, rule: defaultColorRule };

  it('tells the scores and when it would have recorded', async () => {
    const replay = new SmartReplay({ clock: systemClock, ffmpeg });
    const progress: (number | undefined)[] = [];
    const result = await replay.run({
      ...{ ...request, threshold: 200, filePath: join(folder, 'a.mp4') },
      onProgress: (share) => void progress.push(share),
    });
    assert.equal(result.durationMs, 60_000);
    assert.deepEqual(
      result.scores.map(({ score }) => (score > 40 ? 'color' : score)),
      [0, 0, 0, 0, ...Array.from({ length: 6 }, () => 'color'), 0, 0, 0],
    );
    assert.deepEqual(result.recordings, [{ fromMs: 30_000, toMs: 60_000 }]);
    assert.equal(progress.length, 30);
    assert.ok((progress.at(-1) ?? 0) > 0.9);
  });

  it('ends a recording after its time and begins to check anew', async () => {
    const replay = new SmartReplay({ clock: systemClock, ffmpeg });
    const filePath = join(folder, 'a.mp4');
    const result = await replay.run({ ...request, filePath, recordingMs: 5000, intervalMs: 2000 });
    const lengths = result.recordings.map(({ fromMs, toMs }) => toMs - fromMs);
    assert.ok(lengths.length >= 2 && lengths.every((length) => length === 5000), lengths.join());
  });

  it('refuses files that are no recordings, and two runs at a time', async () => {
    const replay = new SmartReplay({ clock: systemClock, ffmpeg });
    const playlist = join(folder, 'evil.mp4');
    await writeFile(playlist, '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n');
    await assert.rejects(replay.run({ ...request, filePath: playlist }), {
      code: 'recording-unreadable',
    });
    const running = replay.run({ ...request, filePath: join(folder, 'a.mp4') });
    await assert.rejects(replay.run({ ...request, filePath: playlist }), { code: 'replay-busy' });
    await running;
  });

  it('can be canceled', async () => {
    const replay = new SmartReplay({ clock: systemClock, ffmpeg });
    const abort = new AbortController();
    const filePath = join(folder, 'a.mp4');
    const onProgress = (): void => abort.abort();
    const running = replay.run({ ...request, filePath, onProgress, signal: abort.signal });
    await assert.rejects(running, { code: 'ffmpeg-canceled' });
  });
});
