// Tests of TranscodedInput: times of what comes out of an encoder, with a small program in its place.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { silentLogger } from '../../../core/base/logger.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { TrackInput } from '../../../core/record/track-input.ts';
import { Stream } from '../../../core/stream/stream.ts';
import type { FfmpegProvider } from '../../../pro/ffmpeg/ffmpeg-program.ts';
import { createEncoderFeed } from '../../../pro/put-media/encoder-feed.ts';
import { TranscodedInput } from '../../../pro/put-media/transcoded-input.ts';
import { CameraFeed } from '../../core/record/camera-feed.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const PCMU: TrackDescription = {
  kind: 'audio',
  codec: { name: 'G711', clockRateHz: 8000, channelCount: 1, isMuLaw: true },
  payloadType: 0,
};
const BLOCK_TICKS = 160;
const FRAME = '\\377\\361\\114\\200\\001\\037\\374\\007';
/** Three frames as soon as one block was read. */
const THREE_FRAMES = `head -c 320 > /dev/null; printf "${FRAME}${FRAME}${FRAME}"; exec cat > /dev/null`;
const MAX_TURNS = 500;

describe('TranscodedInput', () => {
  const folder = mkdtempSync(join(tmpdir(), 'transcoded-input-'));
  after(() => rmSync(folder, { recursive: true }));

  function program(script: string): FfmpegProvider {
    const path = join(folder, 'program');
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return { get: () => Promise.resolve({ path, probePath: undefined, version: '' }) };
  }

  function create(ffmpeg: FfmpegProvider): {
    readonly input: TranscodedInput;
    readonly feed: CameraFeed;
    readonly source: TrackInput;
    readonly failures: string[];
  } {
    const clock = new FakeClock();
    const stream = new Stream([PCMU], { clock });
    const feed = new CameraFeed(stream.attach([PCMU]), [PCMU]);
    const [track] = stream.tracks;
    const source = track && TrackInput.create(track, 10_000);
    const encoderFeed = source && createEncoderFeed(source.codec);
    assert.ok(source && encoderFeed);
    const failures: string[] = [];
    const input = new TranscodedInput(
      { clock, logger: silentLogger, ffmpeg },
      {
        source,
        feed: encoderFeed,
        onFrame: () => undefined,
        onFailed: (reason) => void failures.push(reason),
      },
    );
    return { input, feed, source, failures };
  }

  function send(feed: CameraFeed, ticks: number): void {
    feed.send(0, ticks, '7f'.repeat(BLOCK_TICKS), false);
  }

  async function until(isDone: () => boolean): Promise<void> {
    for (let turns = 0; !isDone(); turns++) {
      assert.ok(turns < MAX_TURNS, 'it takes too long');
      await wait(5);
    }
  }

  it('gives frames the times of the samples in them, without those of the encoder itself', async () => {
    const { input, feed } = create(program(THREE_FRAMES));
    await using running = input;
    send(feed, 4000);
    send(feed, 4000 + BLOCK_TICKS);
    assert.equal(running.isKnown, false);
    running.start();
    await until(() => running.newest !== undefined && running.newest !== running.first);
    const times = [running.shift(), running.shift()].map((sample) => sample?.ptsTicks ?? NaN);
    assert.ok(running.isKnown);
    assert.equal(running.first, undefined);
    assert.equal(Math.round(((times[1] ?? 0) - (times[0] ?? 0)) * 6), 1024);
    assert.equal(times[0], 4000);
  });

  it('leaves packets in the ring until the encoder runs', async () => {
    const { input, feed, source } = create(program(THREE_FRAMES));
    await using running = input;
    send(feed, 0);
    running.pull();
    assert.equal(source.stats.samples, 0);
    running.start();
    await until(() => source.stats.samples === 1);
  });

  it('keeps nothing when the encoder is gone for good', async () => {
    const { input, feed, source, failures } = create({
      get: () => Promise.reject(new Error('none')),
    });
    input.start();
    await until(() => failures.length > 0);
    assert.deepEqual(failures, ['none']);
    assert.ok(input.hasFailed);
    for (let index = 0; index < 10; index++) send(feed, index * BLOCK_TICKS);
    input.pull();
    assert.deepEqual([source.queueBytes, input.first], [0, undefined]);
  });

  it('is AAC-LC of 48 kHz with as many channels as the source', () => {
    const { codec } = create(program(THREE_FRAMES)).input;
    assert.deepEqual([codec.sampleRateHz, codec.channelCount], [48000, 1]);
    assert.equal(Buffer.from(codec.config).toString('hex'), '1188');
  });
});
