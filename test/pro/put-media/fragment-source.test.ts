// Tests of FragmentSource: where fragments begin and end, what is in them, and which headers they need.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import { MAIN_SPS } from '../../core/record/camera-feed.ts';
import {
  AAC,
  AUDIO_TRACK,
  blocksOf,
  FragmentRig,
  H264,
  OPUS,
  payloads,
  SOUND,
  VIDEO_TRACK,
} from './fragment-rig.ts';

const VP8 = {
  kind: 'video',
  codec: { name: 'VP8', clockRateHz: 90000 },
  payloadType: 96,
} as const;

function gaps(values: readonly number[]): number[] {
  return values.slice(1).map((value, index) => value - (values[index] ?? 0));
}

describe('FragmentSource', () => {
  it('makes a fragment of each second, in the order of decoding, both tracks in it', () => {
    const rig = new FragmentRig();
    rig.open();
    rig.play(0, 3200);
    assert.equal(rig.fragments.length, 3);
    for (const fragment of rig.fragments) {
      const video = blocksOf(fragment, VIDEO_TRACK);
      const audio = blocksOf(fragment, AUDIO_TRACK);
      assert.deepEqual([fragment.durationMs, video.length], [1000, 25]);
      assert.ok(audio.length === 46 || audio.length === 47, `${audio.length}`);
      assert.deepEqual(new Set(payloads(audio)), new Set([SOUND]));
      assert.deepEqual(
        video.map(({ isKeyFrame }) => isKeyFrame),
        [true, ...Array<boolean>(24).fill(false)],
      );
      const [first] = blocksOf(fragment);
      assert.deepEqual([first?.track, first?.relativeMs], [VIDEO_TRACK, 0]);
      assert.deepEqual(new Set(gaps(video.map(({ relativeMs }) => relativeMs))), new Set([40]));
      assert.equal(fragment.header, rig.fragments[0]?.header);
    }
    assert.deepEqual(rig.skipped, []);
  });

  it('gives fragments the wall time at which they came, one after the other', () => {
    const rig = new FragmentRig();
    rig.open();
    const startAt = rig.clock.nowMs();
    rig.play(0, 4200);
    assert.deepEqual(
      rig.fragments.map(({ timecodeMs }) => timecodeMs - startAt),
      [0, 1000, 2000, 3000],
    );
  });

  it('writes the size it tells, for whatever timestamp', () => {
    const rig = new FragmentRig();
    rig.open({ tags: { site: 'gate' } });
    rig.play(0, 1200);
    const [fragment] = rig.fragments;
    for (const timestampMs of [0, 127, 2 ** 41]) {
      const bytes = Buffer.concat(fragment?.cluster(timestampMs) ?? []);
      assert.equal(bytes.length, fragment?.sizeBytes);
    }
  });

  it('begins no fragment at key frames less than a second apart', () => {
    const rig = new FragmentRig([H264]);
    rig.open();
    rig.play(0, 4500, { gopMs: 400 });
    assert.deepEqual(
      rig.fragments.map(({ durationMs }) => durationMs),
      [1200, 1200, 1200],
    );
  });

  it('cuts at each second though the timestamps of a camera jitter', () => {
    const rig = new FragmentRig([H264]);
    rig.open();
    for (let index = 0; index <= 125; index++) {
      const jitterMs = index % 25 === 0 ? 0 : (index * 7) % 15;
      rig.feed.picture((index * 40 + jitterMs) * 90, { isKey: index % 25 === 0 });
      rig.clock.advance(40);
    }
    assert.deepEqual(
      rig.fragments.map(({ durationMs }) => durationMs),
      Array<number>(5).fill(1000),
    );
  });

  it('forwards cameras with a picture a second', () => {
    const rig = new FragmentRig([H264]);
    const source = rig.open();
    for (let atMs = 0; atMs < 12_000; atMs += 1000) {
      rig.feed.picture(atMs * 90, { isKey: true });
      rig.clock.advance(1000);
    }
    assert.ok(rig.fragments.length >= 5);
    assert.equal(source.stats.droppedPictures, 0);
  });

  it('ends a fragment before 20 s and leaves out what has no key frame, saying so once', () => {
    const rig = new FragmentRig([H264]);
    const source = rig.open();
    rig.play(0, 50_000, { gopMs: 25_000 });
    assert.equal(rig.fragments.length, 2);
    for (const { durationMs } of rig.fragments) {
      assert.ok(durationMs > 19_000 && durationMs < 20_000, `${durationMs}`);
    }
    assert.ok(source.stats.droppedPictures > 250);
    const warnings = rig.logger.lines.filter(({ level }) => level === 'warn');
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]?.message ?? '', /no key frame came in time.*'cam'/u);
  });

  it('ends a fragment that is too large, and goes on at the next key frame', () => {
    const rig = new FragmentRig([H264]);
    rig.open({ maxFragmentBytes: 40_000 });
    rig.play(0, 6200, { gopMs: 3000, data: 'ab'.repeat(1000) });
    assert.equal(rig.fragments.length, 2);
    for (const { sizeBytes } of rig.fragments) assert.ok(sizeBytes <= 40_000, `${sizeBytes}`);
    assert.equal(gaps(rig.fragments.map(({ timecodeMs }) => timecodeMs))[0], 3000);
  });

  it('asks for a key frame when none came for 2 s, once a second at most', () => {
    const rig = new FragmentRig([H264]);
    rig.open();
    rig.play(0, 1960, { gopMs: 100_000 });
    assert.deepEqual(rig.keyFrameRequestsMs, [0]);
    rig.play(1960, 3040, { gopMs: 100_000 });
    const count = rig.keyFrameRequestsMs.length;
    assert.ok(count >= 3 && count <= 5, `${count}`);
    assert.ok(gaps(rig.keyFrameRequestsMs).every((gapMs) => gapMs >= 1000));
  });

  it('starts another header when the parameter sets change', () => {
    const rig = new FragmentRig();
    rig.open();
    rig.play(0, 2000);
    rig.play(2000, 2200, { sps: MAIN_SPS });
    const headers = rig.fragments.map(({ header }) => header.id);
    assert.deepEqual(headers, [1, 1, 2, 2]);
    assert.ok(
      !Buffer.from(rig.fragments[2]?.header.bytes ?? []).equals(
        Buffer.from(rig.fragments[1]?.header.bytes ?? []),
      ),
    );
  });

  it('fills with silence when the sound stops, and takes the sound again when it is back', () => {
    const rig = new FragmentRig();
    const source = rig.open();
    rig.play(0, 2000);
    rig.play(2000, 5000, { hasSound: false });
    rig.play(7000, 4000);
    assert.ok(rig.fragments.length >= 8);
    const kinds = rig.fragments.map((fragment) => {
      const audio = payloads(blocksOf(fragment, AUDIO_TRACK));
      assert.ok(audio.length >= 45, `${audio.length} frames`);
      return new Set(audio);
    });
    assert.deepEqual(kinds[0], new Set([SOUND]));
    for (const kind of kinds.slice(3, 6)) assert.ok(!kind.has(SOUND) && kind.size === 1);
    assert.deepEqual(kinds[8], new Set([SOUND]));
    assert.deepEqual(new Set(rig.fragments.map(({ header }) => header.id)), new Set([1]));
    assert.ok(source.stats.lateAudioFrames < 3);
  });

  it('has sound without holes and with growing times under all that', () => {
    const rig = new FragmentRig();
    rig.open();
    rig.play(0, 2000);
    rig.play(2000, 3000, { hasSound: false });
    rig.play(5000, 4000);
    const times = rig.fragments.flatMap((fragment) =>
      blocksOf(fragment, AUDIO_TRACK).map(({ relativeMs }) => fragment.timecodeMs + relativeMs),
    );
    for (const gapMs of gaps(times)) assert.ok(gapMs >= 1 && gapMs <= 85, `${gapMs}`);
  });

  it('waits 3 s for the first sound, then begins without it', () => {
    const rig = new FragmentRig();
    rig.open();
    rig.play(0, 2960, { hasSound: false });
    const early = rig.fragments.length;
    assert.equal(early, 0);
    rig.play(2960, 1240, { hasSound: false });
    assert.ok(rig.fragments.length >= 3);
    assert.equal(rig.fragments[0]?.header.mediaType, 'video/h264');
    assert.equal(rig.fragments[0].header.hasAudio, false);
  });

  it('begins with both tracks when the sound comes within the 3 s', () => {
    const rig = new FragmentRig();
    rig.open();
    rig.play(0, 1520, { hasSound: false });
    rig.play(1520, 2680);
    assert.deepEqual(
      rig.fragments.map(({ header }) => header.mediaType),
      Array<string>(4).fill('video/h264,audio/aac'),
    );
    assert.ok(blocksOf(rig.fragments[0], AUDIO_TRACK).length >= 45);
    assert.ok(!payloads(blocksOf(rig.fragments[0], AUDIO_TRACK)).includes(SOUND));
  });

  it('takes sound that comes later under another header', () => {
    const rig = new FragmentRig();
    rig.open();
    rig.play(0, 5000, { hasSound: false });
    rig.play(5000, 3200);
    const types = rig.fragments.map(({ header }) => header.hasAudio);
    assert.deepEqual(new Set(types.slice(0, 4)), new Set([false]));
    assert.equal(types.at(-1), true);
    assert.deepEqual(new Set(rig.fragments.map(({ header }) => header.id)), new Set([1, 2]));
  });

  it('gives up no picture when sound begins between close key frames', () => {
    const rig = new FragmentRig();
    const source = rig.open();
    rig.play(0, 5000, { hasSound: false, gopMs: 400 });
    rig.play(5000, 4000, { gopMs: 400 });
    assert.equal(source.stats.droppedPictures, 0);
    assert.deepEqual(new Set(rig.fragments.map(({ durationMs }) => durationMs)), new Set([1200]));
    assert.equal(rig.fragments.at(-1)?.header.hasAudio, true);
  });

  it('goes without sound when ffmpeg is missing, at once and saying so once', async () => {
    const rig = new FragmentRig([H264, OPUS]);
    rig.open();
    await rig.settle();
    rig.play(0, 2200);
    assert.equal(rig.fragments.length, 2);
    assert.equal(rig.fragments[0]?.header.hasAudio, false);
    assert.equal(rig.skipped.length, 1);
    assert.match(rig.skipped[0] ?? '', /^audio: .*no ffmpeg/u);
  });

  it('takes no sound when none is wanted', () => {
    const rig = new FragmentRig();
    rig.open({ audio: 'none' });
    rig.play(0, 1200);
    assert.equal(rig.fragments[0]?.header.mediaType, 'video/h264');
    assert.deepEqual(rig.skipped, []);
  });

  it('makes no fragments of sound alone, and drops the end of one too short', () => {
    const rig = new FragmentRig();
    rig.open();
    rig.play(0, 1520);
    rig.play(1520, 30_000, { hasPicture: false });
    assert.equal(rig.fragments.length, 1);
  });

  it('goes on at the next key frame after a stall', () => {
    const rig = new FragmentRig();
    rig.open();
    rig.play(0, 3520);
    rig.play(3520, 15_480, { hasPicture: false });
    rig.play(19_000, 2200);
    const times = rig.fragments.map(
      ({ timecodeMs }) => timecodeMs - (rig.fragments[0]?.timecodeMs ?? 0),
    );
    assert.deepEqual(times.slice(0, 3), [0, 1000, 2000]);
    assert.ok((times[3] ?? 0) >= 18_900, times.join());
    assert.ok(gaps(times).every((gapMs) => gapMs >= 1000));
  });

  it('keeps wall times growing when the source restarts its timestamps', () => {
    const rig = new FragmentRig([H264]);
    rig.open();
    rig.play(1_000_000, 3200);
    rig.play(5000, 3200);
    const times = rig.fragments.map(({ timecodeMs }) => timecodeMs);
    assert.ok(times.length >= 5);
    assert.ok(
      gaps(times).every((gapMs) => gapMs >= 1000 && gapMs < 2000),
      gaps(times).join(),
    );
  });

  it('survives the wrap of the timestamps', () => {
    const rig = new FragmentRig([H264]);
    rig.open();
    rig.play(47_720_000, 4200);
    assert.deepEqual(gaps(rig.fragments.map(({ timecodeMs }) => timecodeMs)), [1000, 1000, 1000]);
  });

  it('hands out what is complete when the stream ends', () => {
    const rig = new FragmentRig();
    rig.open();
    rig.play(0, 2200);
    rig.play(2200, 1000, { gopMs: 100_000 });
    rig.stream.close(new MediaError('unavailable', 'stream-ended', 'gone'));
    assert.equal(rig.fragments.length, 3);
    assert.equal(rig.fragments[2]?.durationMs, 1200);
    assert.deepEqual(rig.ends, [undefined]);
  });

  it('says nothing after close, and leaves no timer', async () => {
    const rig = new FragmentRig();
    const source = rig.open();
    rig.play(0, 1200);
    await source.close();
    rig.play(1200, 3000);
    assert.equal(rig.fragments.length, 1);
    assert.deepEqual(rig.ends, []);
    assert.equal(rig.stream.readerCount, 0);
    assert.equal(rig.clock.pendingTimers, 0);
  });

  it('gives up when no key frame comes within a minute', () => {
    const rig = new FragmentRig([H264]);
    rig.open();
    rig.play(40, 61_000, { isKey: false });
    assert.equal(rig.ends[0]?.code, 'no-key-frame');
    assert.ok(rig.keyFrameRequestsMs.length > 30);
  });

  it('refuses streams without H264 and H265, naming what there is', () => {
    const failure = (
      ...tracks: ConstructorParameters<typeof FragmentRig>
    ): MediaError | undefined => {
      try {
        new FragmentRig(...tracks).open();
      } catch (thrown) {
        return thrown instanceof MediaError ? thrown : undefined;
      }
      return undefined;
    };
    assert.match(failure([VP8])?.message ?? '', /'cam' has VP8 video.*H264 or H265/u);
    assert.match(failure([AAC])?.message ?? '', /'cam' has no video/u);
    assert.equal(failure([VP8])?.kind, 'unsupported');
  });

  it('names tracks that are left out', () => {
    const rig = new FragmentRig([H264, AAC, VP8]);
    rig.open();
    assert.deepEqual(rig.skipped, ['video: track 3 (VP8): one video track is forwarded']);
  });

  it('gives pictures their showing times, in decoding order', () => {
    const rig = new FragmentRig([H264]);
    rig.open();
    const shown = [0, 600, 200, 400, 1200, 800, 1000];
    for (const [index, atMs] of shown.entries()) {
      const isB = [2, 3, 5, 6].includes(index);
      rig.feed.picture((atMs + 1000) * 90, { isKey: index === 0, isB, sps: MAIN_SPS });
      rig.clock.advance(200);
    }
    rig.feed.picture(2400 * 90, { isKey: true, sps: MAIN_SPS });
    assert.deepEqual(
      blocksOf(rig.fragments[0], VIDEO_TRACK).map(({ relativeMs }) => relativeMs),
      shown,
    );
  });
});
