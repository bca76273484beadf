// Tests of slates: generated ones in every format, and files.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { delay, systemClock, type Clock } from '../../../core/base/clock.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import { definePath } from '../../../core/config/define-path.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { slateFactory } from '../../../core/offline/create-slate.ts';
import { Stream } from '../../../core/stream/stream.ts';
import type { Track } from '../../../core/stream/track.ts';

const DEMO = fileURLToPath(new URL('../../../core/assets/demo.mp4', import.meta.url));
/** Turns 20 ms of real time into a second. */
const SPEED = 50;
const WANTED_S = 3;
const MAX_POLLS = 200;

const fastClock: Clock = {
  nowMs: () => systemClock.nowMs() * SPEED,
  monotonicMs: () => systemClock.monotonicMs() * SPEED,
  after: (delayMs, action) => systemClock.after(delayMs / SPEED, action),
  every: (periodMs, action) => systemClock.every(periodMs / SPEED, action),
};

interface Values {
  readonly alwaysAvailableTracks?: readonly Readonly<Record<string, string | number | boolean>>[];
  readonly alwaysAvailableFile?: string;
}

/** What was played, and how long that took in the slate's own time. */
interface Played {
  readonly stream: Stream;
  readonly elapsedS: number;
}

/** Plays a slate until each track is three seconds long. */
async function play(values: Values): Promise<Played> {
  const base = loadConfig({ text: '', env: {} });
  const { config } = definePath(base, {
    name: 'cam',
    values: { alwaysAvailable: true, ...values },
  });
  const slate = slateFactory(fastClock, undefined)(config, silentLogger);
  const tracks = await slate.describe();
  const stream = new Stream(tracks, { clock: fastClock, minHistoryMs: 60_000 });
  const stop = new AbortController();
  const startMs = fastClock.monotonicMs();
  const playing = slate.play(stream.attach(tracks), stop.signal);
  for (let poll = 0; poll < MAX_POLLS; poll++) {
    if (stream.tracks.every((track) => lengthS(track) >= WANTED_S)) break;
    await delay(fastClock, 500);
  }
  const elapsedS = (fastClock.monotonicMs() - startMs) / 1000;
  stop.abort();
  await playing;
  return { stream, elapsedS };
}

/** From the first packet to the last, in seconds. */
function lengthS({ ring, clockRateHz }: Track): number {
  const ticks = (sequence: number): number => ring.timestamps[ring.slotOf(sequence)] ?? 0;
  if (ring.newestPacket < 0) return 0;
  return ((ticks(ring.newestPacket) - ticks(ring.tail)) >>> 0) / clockRateHz;
}

/** A track runs as fast as time does: it is long enough, and not ahead by more than a block. */
function assertInTime(track: Track, elapsedS: number): void {
  const length = `${track.codec.name}: ${lengthS(track)} s in ${elapsedS} s`;
  assert.ok(lengthS(track) >= WANTED_S && lengthS(track) <= elapsedS + 1, length);
}

describe('a generated slate', () => {
  it('shows a picture in every codec, from a key frame on, without a hole', async () => {
    const codecs = ['H264', 'H265', 'VP9', 'AV1'] as const;
    const { stream, elapsedS } = await play({
      alwaysAvailableTracks: codecs.map((codec) => ({ codec })),
    });
    const { tracks } = stream;
    assert.deepEqual(
      tracks.map(({ codec, payloadType }) => [codec.name, payloadType]),
      codecs.map((codec, index) => [codec, 96 + index]),
    );
    for (const track of tracks) {
      const { name } = track.codec;
      assert.ok(track.ring.newestKeyFrame > track.ring.tail, name);
      assert.deepEqual(
        [track.stats.packetsInError, track.stats.packetsLost, track.stats.packetsLate],
        [0, 0, 0],
        name,
      );
      assertInTime(track, elapsedS);
    }
  });

  it('is silent in every format, in time', async () => {
    const { stream, elapsedS } = await play({
      alwaysAvailableTracks: [
        { codec: 'Opus' },
        { codec: 'MPEG4Audio', sampleRate: 44_100, channelCount: 2 },
        { codec: 'G711', sampleRate: 8000, channelCount: 1, muLaw: true },
        { codec: 'LPCM', sampleRate: 48_000, channelCount: 2 },
      ],
    });
    const { tracks } = stream;
    assert.deepEqual(
      tracks.map(({ codec }) => [codec.name, codec.clockRateHz]),
      [
        ['Opus', 48_000],
        ['MPEG-4 Audio', 44_100],
        ['G711', 8000],
        ['LPCM', 48_000],
      ],
    );
    for (const track of tracks) {
      const { name } = track.codec;
      assert.equal(track.stats.packetsInError, 0, name);
      assertInTime(track, elapsedS);
    }
    const last = tracks[2]?.ring;
    assert.ok(last);
    const at = last.offsets[last.slotOf(last.newestPacket)] ?? 0;
    assert.equal(last.bytes[at + 12], 0xff);
  });

  it('begins anew each time', async () => {
    const base = loadConfig({ text: '', env: {} });
    const values = { alwaysAvailable: true, alwaysAvailableTracks: [{ codec: 'H264' }] };
    const { config } = definePath(base, { name: 'cam', values });
    const slate = slateFactory(fastClock, undefined)(config, silentLogger);
    const tracks = await slate.describe();
    const stream = new Stream(tracks, { clock: fastClock });
    for (let round = 0; round < 2; round++) {
      const before = stream.tracks[0]?.ring.newestKeyFrame;
      const stop = new AbortController();
      const writer = stream.attach(tracks);
      const playing = slate.play(writer, stop.signal);
      assert.notEqual(stream.tracks[0]?.ring.newestKeyFrame, before);
      writer.close();
      stop.abort();
      await playing;
    }
  });
});

describe('a slate from a file', () => {
  it('plays the file, video and sound', async () => {
    const { stream, elapsedS } = await play({ alwaysAvailableFile: DEMO });
    const { tracks } = stream;
    assert.deepEqual(
      tracks.map(({ codec }) => codec.name),
      ['H264', 'Opus'],
    );
    for (const track of tracks) assertInTime(track, elapsedS);
  });

  it('says which file is missing', async () => {
    await assert.rejects(play({ alwaysAvailableFile: './nothing.mp4' }), {
      code: 'file-source-unreadable',
      message: /nothing\.mp4/u,
    });
  });
});
