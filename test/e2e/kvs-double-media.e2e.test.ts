// The PutMedia sink of the Kinesis double, judged by Matroska that ffmpeg and GStreamer made.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KvsDouble } from '../support/kvs/kvs-double.ts';
import type { KvsStreamStore } from '../support/kvs/kvs-stream-store.ts';
import type { PutMediaReply } from '../support/kvs/put-media-call.ts';
import { putMedia } from '../support/kvs/put-media-call.ts';
import type { KvsFilmOptions } from './support/kvs-film.ts';
import { describeMkv, makeFilm, makeGstreamerFilm } from './support/kvs-film.ts';
import { probeFile } from './support/probe-file.ts';

describe('the PutMedia sink of the Kinesis double', () => {
  const opened = new AsyncDisposableStack();
  let double: KvsDouble;
  let folder: string;
  let serial = 0;
  let streamName = '';

  before(async () => {
    double = opened.use(await KvsDouble.start());
    folder = await mkdtemp(join(tmpdir(), 'kvs-sink-'));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
  });
  beforeEach(() => {
    serial += 1;
    streamName = `stream-${serial}`;
    double.catalog.addStream(streamName, { retentionHours: 1 });
  });
  after(() => opened.disposeAsync());

  const store = (): KvsStreamStore => double.media.stream(streamName);
  const put = async (film: Buffer): Promise<PutMediaReply> => {
    const reply = await putMedia({ double, streamName, body: [film] });
    await store().ended();
    return reply;
  };
  const save = async (): Promise<string> => {
    const file = join(folder, `${streamName}.mkv`);
    await writeFile(file, store().toMkv());
    return file;
  };

  it('accepts what GStreamer muxed and gives it back as a file', async () => {
    const reply = await put(await makeGstreamerFilm());
    assert.equal(reply.acks.length, 9, store().describe());
    const file = await save();
    const probe = probeFile(file);
    assert.deepEqual(
      probe.streams.map((stream) => stream.codec_name),
      ['h264', 'aac'],
    );
    assert.equal(probe.warnings, '');
    assert.equal(probe.frameCounts[0], 150);
    assert.equal(store().timeline(1).length, 150);
    assert.deepEqual(store().breaks(1, 41), []);
    assert.equal(describeMkv(file).match(/^\|\+ Cluster/gmu)?.length, 3);
  });

  const good: readonly [string, KvsFilmOptions][] = [
    ['H.264', {}],
    [
      'H.265',
      {
        args: [
          ...['-c:v', 'libx265', '-x265-params'],
          'keyint=50:min-keyint=50:scenecut=0:bframes=0:log-level=none',
        ],
      },
    ],
    ['B-frames', { args: ['-bf', '2'] }],
  ];
  for (const [what, options] of good) {
    it(`accepts ${what} of ffmpeg`, async () => {
      const reply = await put(makeFilm(options));
      assert.equal(reply.acks.length, 9, store().describe());
      const probe = probeFile(await save());
      assert.equal(probe.frameCounts[0], 150);
      assert.equal(probe.warnings, '');
    });
  }

  const broken: readonly [string, number, KvsFilmOptions][] = [
    ['fragments of 0.4 s', 0, { gop: 10 }],
    ['a fragment of 26 s', 4002, { gop: 1000, seconds: 26 }],
    ['Clusters that begin with audio', 4006, { hasAudio: true }],
    ['four tracks', 4012, { args: ['-map', '0', '-map', '0', '-map', '0', '-map', '0'] }],
    ['WebM', 4006, { args: ['-c:v', 'libvpx', '-deadline', 'realtime'], format: 'webm' }],
    ['MPEG-TS', 4006, { format: 'mpegts' }],
    ['a tag named AWS', 4009, { args: ['-metadata', 'AWS_X=v'] }],
    [
      'thirteen tags',
      4009,
      { args: Array.from({ length: 11 }, (_, index) => ['-metadata', `t${index}=v`]).flat() },
    ],
  ];
  for (const [what, errorId, options] of broken) {
    it(`refuses ${what} by ${errorId || 'a code without number'}`, async () => {
      const reply = await put(makeFilm(options));
      const { ErrorId = 0, ErrorCode = '' } = reply.acks.at(-1) ?? {};
      assert.equal(ErrorId, errorId, store().describe());
      if (errorId === 0) assert.equal(ErrorCode, 'MIN_FRAGMENT_DURATION_REACHED');
      // The first Cluster of ffmpeg may be good before sound begins.
      assert.ok(store().fragments.length <= (options.hasAudio === true ? 1 : 0));
    });
  }

  it('refuses an audio track that has ended by 4011', async () => {
    const args = ['-map', '0', '-map', '1', '-af', 'atrim=end=1'];
    const film = await makeGstreamerFilm({ args });
    const reply = await put(film);
    assert.equal(reply.acks.at(-1)?.ErrorId, 4011, store().describe());
  });

  it('holds fragments back above five in a second', async () => {
    const reply = await put(makeFilm({ seconds: 14, gop: 25 }));
    assert.equal(reply.acks.length, 42, store().describe());
    assert.ok((store().connections[0]?.throttledMs ?? 0) > 1500);
  });

  it('reads slowly when told to', async () => {
    double.media.inject(streamName, 0, { kind: 'slow', bytesPerSecond: 400_000 });
    const film = makeFilm();
    const startedAt = performance.now();
    await put(film);
    const expectedMs = ((film.length - 65_536) / 400_000) * 1000;
    assert.ok(performance.now() - startedAt > expectedMs * 0.9);
  });
});
