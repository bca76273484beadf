// Tests of file sources: the shipped clip, in a loop and in time, and files that are none.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { delay, systemClock, type Clock } from '../../../core/base/clock.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { FileSourceFactory } from '../../../core/file/file-source.ts';
import { Stream } from '../../../core/stream/stream.ts';

const DEMO = fileURLToPath(new URL('../../../core/assets/demo.mp4', import.meta.url));
/** Turns 8 ms of real time into a second. */
const SPEED = 125;
const POLL_MS = 5;
const MAX_POLLS = 1600;
/** More than two rounds of the clip, whose video is 250 pictures long. */
const LOOP_PACKETS = 600;

const fastClock: Clock = {
  nowMs: () => systemClock.nowMs() * SPEED,
  monotonicMs: () => systemClock.monotonicMs() * SPEED,
  after: (delayMs, action) => systemClock.after(delayMs / SPEED, action),
  every: (periodMs, action) => systemClock.every(periodMs / SPEED, action),
};

interface Played {
  readonly tracks: readonly TrackDescription[];
  readonly stream: Stream;
}

/** Plays until every track has had so many packets. */
async function play(url: string, minPackets: number): Promise<Played> {
  const stop = new AbortController();
  const streams: Stream[] = [];
  let described: readonly TrackDescription[] = [];
  const running = new FileSourceFactory(fastClock, undefined).create().run({
    pathName: 'demo',
    config: loadConfig({ text: '', env: {} }).pathDefaults,
    url,
    logger: silentLogger,
    signal: stop.signal,
    publish: (tracks) => {
      described = tracks;
      const stream = new Stream(tracks, { clock: fastClock, minHistoryMs: 60_000 });
      streams.push(stream);
      return stream.attach(tracks);
    },
  });
  const isEnough = (): boolean =>
    streams[0]?.tracks.every(({ stats }) => stats.packetsReceived >= minPackets) ?? false;
  const enough = async (): Promise<void> => {
    for (let polls = 0; polls < MAX_POLLS && !isEnough(); polls++)
      await delay(systemClock, POLL_MS);
  };
  await Promise.race([running, enough()]);
  stop.abort();
  await running;
  const [stream] = streams;
  assert.ok(stream);
  return { tracks: described, stream };
}

describe('FileSource', () => {
  it('plays the shipped clip with video and audio that a browser takes', async () => {
    const { tracks, stream } = await play(`file://${DEMO}`, 60);
    assert.deepEqual(
      tracks.map((track) => track.codec.name),
      ['H264', 'Opus'],
    );
    assert.ok(stream.hasParameterSets);
    const [video, audio] = stream.tracks;
    assert.ok((video?.stats.packetsReceived ?? 0) > 30);
    assert.ok((audio?.stats.packetsReceived ?? 0) > 50);
    assert.equal(video?.stats.packetsInError, 0);
    assert.equal(video.normalizer.hasReorderedFrames, false);
    assert.ok(video.ring.newestKeyFrame >= 0);
  });

  it('loops with timestamps that go on', async () => {
    const { stream } = await play(`file://${DEMO}`, LOOP_PACKETS);
    for (const track of stream.tracks) {
      const { ring } = track;
      let previous: number | undefined;
      let longestGap = 0;
      for (let sequence = ring.tail; sequence < ring.head; sequence++) {
        const slot = ring.slotOf(sequence);
        assert.notEqual(ring.lengths[slot], 0, 'a hole');
        const ticks = ring.timestamps[slot] ?? 0;
        if (previous !== undefined) {
          const step = (ticks - previous) | 0;
          assert.ok(step >= 0, 'time goes back');
          longestGap = Math.max(longestGap, step);
        }
        previous = ticks;
      }
      assert.ok(longestGap / track.clockRateHz < 0.15, `gap of ${longestGap} ticks`);
    }
  });

  it('names the file and the reason when it can not be played', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'file-source-'));
    try {
      const garbage = join(folder, 'garbage.mp4');
      await writeFile(garbage, Buffer.alloc(5000, 0x41));
      for (const name of [garbage, join(folder, 'missing.mp4'), folder]) {
        await assert.rejects(play(`file://${name}`, 1), (error: unknown) => {
          assert.ok(error instanceof Error && 'code' in error);
          assert.equal(error.code, 'file-source-unreadable');
          return error.message.includes(name);
        });
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
