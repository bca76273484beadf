// What a recorder makes of a stream: where files begin and end, and what is in them.
import assert from 'node:assert/strict';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { BASELINE_SPS, H264, MAIN_SPS, OPUS } from './camera-feed.ts';
import { RecorderRig } from './recorder-rig.ts';

const G711: TrackDescription = {
  kind: 'audio',
  codec: { name: 'G711', clockRateHz: 8000, channelCount: 1, isMuLaw: true },
  payloadType: 0,
};
/** High profile that promises at most two pictures out of order. */
const REORDERING_SPS = '6764000dacd94141fb011000000300100000030320f1429960';
const VP8: TrackDescription = {
  kind: 'video',
  codec: { name: 'VP8', clockRateHz: 90000 },
  payloadType: 96,
};

describe('Recorder', () => {
  it('begins at the key frame before the request, with the sound that belongs to it', async () => {
    const rig = new RecorderRig();
    await rig.play(1480, 0);
    const recorder = rig.record();
    await rig.play(520, 1480);
    await recorder.close();
    const video = rig.lines(0, 0);
    const sound = rig.lines(0, 1);
    assert.equal(video.length, 25);
    assert.deepEqual(video[0], { track: 0, dts: 0, pts: 0, key: true, data: '65888400' });
    assert.deepEqual([sound[0]?.dts, sound.length], [0, 49]);
    const [closed] = rig.events.closedSegments;
    assert.equal(closed?.reason, 'stopped');
    assert.equal(closed.isFinished, true);
    assert.equal(closed.durationMs, 1000);
    assert.equal(closed.startAt, rig.clock.nowMs() - 1000);
    assert.deepEqual(closed.tracks, [
      { codec: 'H264', kind: 'video' },
      { codec: 'Opus', kind: 'audio' },
    ]);
  });

  it('goes back further than one key frame when asked to', async () => {
    const rig = new RecorderRig();
    await rig.play(4000, 0);
    await using recorder = rig.record({ preRollMs: 1500 });
    await recorder.close();
    assert.equal(rig.lines(0, 0).length, 50);
    assert.equal(rig.events.closedSegments[0]?.startAt, rig.clock.nowMs() - 2000);
  });

  it('asks for a key frame when none is cached, and begins with it', async () => {
    const rig = new RecorderRig();
    rig.feed.picture(0);
    await using recorder = rig.record();
    assert.deepEqual(rig.keyFrameRequests, [0]);
    rig.clock.advance(40);
    rig.feed.picture(3600);
    rig.feed.sound(1920);
    rig.clock.advance(40);
    rig.feed.picture(7200, { isKey: true });
    rig.feed.sound(3840);
    await recorder.close();
    assert.deepEqual(
      rig.lines().map(({ track, key }) => [track, key]),
      [
        [0, true],
        [1, true],
      ],
    );
  });

  it('gives up when no key frame comes in time', async () => {
    const rig = new RecorderRig();
    await using recorder = rig.record({ keyFrameTimeoutMs: 5000 });
    for (let atMs = 0; atMs < 6000; atMs += 500) {
      rig.feed.picture(atMs * 90);
      rig.clock.advance(500);
    }
    await rig.settle();
    assert.deepEqual(rig.events.ends, [{ reason: 'failed', code: 'no-key-frame' }]);
    assert.equal(rig.disk.files.size, 0);
    assert.equal(rig.stream.readerCount, 0);
    await recorder.close();
    assert.equal(rig.clock.pendingTimers, 0);
  });

  it('records what is cached of a stream whose source is away', async () => {
    const rig = new RecorderRig();
    await rig.play(1600, 0);
    rig.writer.close();
    await using recorder = rig.record({ maxGapMs: 4000 });
    await rig.pause(6000);
    const [closed] = rig.events.closedSegments;
    assert.equal(closed?.reason, 'streamLost');
    assert.equal(rig.lines(0, 0).length, 15);
    await recorder.close();
    assert.equal(rig.disk.files.size, 1);
  });

  it('changes files exactly at a key frame, losing nothing and writing nothing twice', async () => {
    const rig = new RecorderRig();
    await using recorder = rig.record({ maxDurationMs: 1500 });
    await rig.play(5000, 0);
    await recorder.close();
    assert.deepEqual(
      rig.events.closedSegments.map(({ reason, durationMs }) => [reason, durationMs]),
      [
        ['timeout', 2000],
        ['timeout', 2000],
        ['stopped', 1000],
      ],
    );
    const counts = [0, 1, 2].map((file) => rig.lines(file, 0).length);
    assert.deepEqual(counts, [50, 50, 25]);
    const sounds = [0, 1, 2].map((file) => rig.lines(file, 1).length);
    assert.deepEqual(sounds, [101, 100, 49], 'one of them from before the first picture');
    for (const file of [0, 1, 2]) {
      assert.deepEqual([rig.lines(file, 0)[0]?.key, rig.lines(file, 0)[0]?.dts], [true, 0]);
      assert.ok((rig.lines(file, 1)[0]?.dts ?? Infinity) < 960, 'the next sound, too');
    }
    const starts = rig.events.openedSegments.map(({ startAt }) => startAt);
    assert.deepEqual(starts, [starts[0], (starts[0] ?? 0) + 2000, (starts[0] ?? 0) + 4000]);
    assert.deepEqual(rig.events.gaps, []);
  });

  it('begins another file when the parameter sets change', async () => {
    const rig = new RecorderRig([H264]);
    await using recorder = rig.record();
    for (const [index, sps] of [BASELINE_SPS, BASELINE_SPS, MAIN_SPS, MAIN_SPS].entries()) {
      rig.feed.picture(index * 90_000, { isKey: true, sps });
      rig.feed.picture(index * 90_000 + 3600);
      rig.clock.advance(1000);
    }
    await recorder.close();
    const reasons = rig.events.closedSegments.map(({ reason }) => reason);
    assert.deepEqual(reasons, ['tracksChanged', 'stopped']);
    assert.deepEqual([rig.lines(0).length, rig.lines(1).length], [4, 4]);
  });

  it('keeps a short hole as time that passes', async () => {
    const rig = new RecorderRig();
    await using recorder = rig.record();
    await rig.play(1000, 0);
    await rig.pause(3000);
    await rig.play(1000, 4000);
    await recorder.close();
    const times = rig.lines(0, 0).map(({ dts }) => dts / 90);
    assert.deepEqual([times[24], times[25]], [960, 4000]);
    assert.equal(rig.events.closedSegments.length, 1);
  });

  it('ends the file after a long silence and tells the gap when the stream is back', async () => {
    const rig = new RecorderRig();
    await using recorder = rig.record({ maxGapMs: 5000 });
    await rig.play(1000, 0);
    await rig.pause(20_000);
    assert.equal(rig.events.closedSegments[0]?.reason, 'streamLost');
    await rig.play(1000, 21_000);
    await recorder.close();
    assert.equal(rig.lines(1, 0).length, 25);
    assert.equal(rig.lines(1, 1)[0]?.dts, 0);
    const startedAt = rig.clock.nowMs() - 22_000;
    assert.deepEqual(rig.events.gaps, [
      {
        pathName: 'cam',
        fromAt: startedAt + 1000,
        toAt: startedAt + 21_000,
        reason: 'streamLost',
      },
    ]);
  });

  it('goes on in the same file when the source restarts with other numbers', async () => {
    const rig = new RecorderRig();
    await using recorder = rig.record();
    await rig.play(1000, 0);
    await rig.pause(1000);
    rig.restartSource();
    await rig.play(1000, 700_000);
    await recorder.close();
    const times = rig.lines(0, 0).map(({ dts }) => dts / 90);
    assert.equal(times.length, 50);
    assert.equal(Math.round(times[25] ?? 0), 2000);
    assert.ok(rig.lines(0, 1).length >= 97);
  });

  it('ends a file with its last picture when a camera comes back with other parameter sets', async () => {
    const rig = new RecorderRig([H264]);
    await using recorder = rig.record();
    const send = (fromMs: number, sps: string): void => {
      for (const [index, place] of [0, 3, 1, 2, 6, 4, 5].entries()) {
        const isB = place % 3 !== 0;
        rig.feed.picture(fromMs * 90 + place * 3600, { isKey: index === 0, isB, sps });
        rig.clock.advance(40);
      }
    };
    send(0, MAIN_SPS);
    const lostAt = rig.clock.nowMs();
    await rig.pause(3000);
    rig.restartSource();
    const backAt = rig.clock.nowMs();
    send(700_000, REORDERING_SPS);
    await recorder.close();
    const [first, second] = rig.events.closedSegments;
    const [gap] = rig.events.gaps;
    assert.ok(first && second && gap);
    assert.deepEqual([first.reason, gap.reason], ['streamLost', 'streamLost']);
    assert.ok(Math.abs(first.durationMs - 280) <= 120, `${first.durationMs} ms`);
    assert.ok(Math.abs(gap.fromAt - lostAt) <= 200);
    assert.ok(Math.abs(second.startAt - backAt) <= 200, 'begins when it was back');
    assert.ok(Math.abs(second.durationMs - 280) <= 120, `${second.durationMs} ms`);
  });

  it('begins another file when timestamps step back', async () => {
    const rig = new RecorderRig();
    await using recorder = rig.record();
    await rig.play(2000, 100_000);
    await rig.play(2000, 40_000);
    await recorder.close();
    const reasons = rig.events.closedSegments.map(({ reason }) => reason);
    assert.deepEqual(reasons, ['clockStep', 'stopped']);
    assert.deepEqual([rig.lines(0, 0).length, rig.lines(1, 0).length], [50, 50]);
    assert.ok(Math.abs(rig.lines(1, 1).length - 100) <= 1);
    assert.equal(rig.lines(1, 0).at(-1)?.dts, 1960 * 90);
  });

  it('begins another file when somebody sets the clock of the machine', async () => {
    const rig = new RecorderRig([H264]);
    await using recorder = rig.record();
    await rig.play(1000, 0, { hasSound: false });
    const startedAt = rig.clock.nowMs() - rig.clock.monotonicMs();
    rig.clock.nowMs = () => startedAt + 3_600_000 + rig.clock.monotonicMs();
    await rig.play(2000, 1000, { hasSound: false });
    await recorder.close();
    const [first, second] = rig.events.closedSegments;
    assert.deepEqual([first?.reason, second?.reason], ['clockStep', 'stopped']);
    assert.equal((second?.startAt ?? 0) - (first?.startAt ?? 0), 3_601_000);
    assert.deepEqual([rig.lines(0).length, rig.lines(1).length], [25, 50]);
  });

  it('leaves damaged pictures out, counts them and keeps the others', async () => {
    const rig = new RecorderRig([H264]);
    await using recorder = rig.record();
    rig.feed.picture(0, { isKey: true });
    rig.feed.send(0, 3600, '419a01', false);
    rig.feed.lose(0);
    rig.feed.send(0, 3600, '419a02', true);
    rig.writer.publish();
    rig.feed.picture(7200, { data: '03' });
    rig.feed.picture(10_800, { data: '04' });
    await recorder.close();
    assert.equal(recorder.stats.damagedFrames > 0, true);
    assert.equal(rig.lines().at(-1)?.data, '419a04');
    assert.equal(rig.lines()[0]?.key, true);
  });

  it('survives the wrap of the timestamps', async () => {
    const rig = new RecorderRig([H264]);
    await using recorder = rig.record();
    await rig.play(4000, 47_720_000, { hasSound: false });
    await recorder.close();
    const times = rig.lines().map(({ dts }) => dts / 90);
    assert.deepEqual([times.length, times[0], times.at(-1)], [100, 0, 3960]);
    assert.equal(rig.events.closedSegments.length, 1);
  });

  it('puts B-frames in step: decoding times grow and never pass showing times', async () => {
    const rig = new RecorderRig([H264]);
    const order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8];
    const send = (base: number): void => {
      for (const place of order) {
        const isB = place % 3 !== 0;
        rig.feed.picture((base + place) * 3600, { isKey: place === 0, isB, sps: MAIN_SPS });
      }
    };
    send(0);
    await using recorder = rig.record();
    send(10);
    await recorder.close();
    const lines = rig.lines();
    const shown = lines.map(({ pts }) => pts / 3600);
    assert.deepEqual(
      shown.map((place) => Math.round(place - (shown[0] ?? 0))),
      [...order, ...order.map((place) => place + 10)],
    );
    for (const [index, { dts, pts }] of lines.entries()) {
      assert.ok(dts <= pts);
      assert.ok(index === 0 || dts > (lines[index - 1]?.dts ?? 0));
    }
    assert.equal(lines[0]?.dts, 0);
  });

  it('leaves out pictures that are shown before the first key frame', async () => {
    const rig = new RecorderRig([H264]);
    rig.feed.picture(0, { isKey: true });
    rig.clock.advance(1000);
    rig.feed.picture(36_000, { isKey: true });
    rig.feed.picture(32_400, { isB: true });
    rig.feed.picture(39_600);
    await using recorder = rig.record();
    await recorder.close();
    assert.deepEqual(
      rig.lines().map(({ data }) => data),
      ['65888400', '419a00'],
    );
  });

  it('keeps sound in step by sender reports, not by arrival', async () => {
    const rig = new RecorderRig();
    const report = (atMs: number): void => {
      rig.writer.writeSenderReport(0, 5_000_000 + atMs, atMs * 90);
      // The sound is sent 300 ms late.
      rig.writer.writeSenderReport(1, 5_000_000 + atMs, (atMs + 300) * 48);
    };
    await rig.play(1000, 0);
    report(1000);
    await using recorder = rig.record();
    await rig.play(1000, 1000);
    await recorder.close();
    // The first sound of the second second was taken 300 ms before the first picture.
    const first = rig.lines(0, 1)[0];
    assert.equal(first?.dts, 0);
    assert.equal(rig.lines(0, 1).length, rig.lines(0, 0).length * 2 - 15 - 1);
  });

  it('keeps sound where it is when sender reports are nonsense', async () => {
    const rig = new RecorderRig();
    await using recorder = rig.record();
    await rig.play(2000, 0);
    rig.writer.writeSenderReport(0, 5_002_000, 2000 * 90);
    rig.writer.writeSenderReport(1, 5_002_000, 3_000_000_000);
    await rig.play(2000, 2000);
    await recorder.close();
    const sounds = rig.lines(0, 1).map(({ dts }) => Math.round(dts / 48));
    assert.ok(sounds.length >= 197, `${sounds.length} sounds`);
    assert.ok((sounds.at(-1) ?? 0) <= 4000, `the last one at ${sounds.at(-1) ?? 0} ms`);
    assert.ok((rig.events.closedSegments[0]?.durationMs ?? 0) <= 4040);
  });

  it('is not held up by a sound track that never sends', async () => {
    const rig = new RecorderRig();
    await using recorder = rig.record();
    await rig.play(1500, 0, { hasSound: false });
    assert.equal(rig.lines(0, 0).length, 25, 'the first part is on the disk');
    await recorder.close();
    assert.equal(rig.lines(0, 0).length, 38);
  });

  it('names tracks that the file cannot hold, and refuses when none is left', () => {
    const rig = new RecorderRig([VP8, OPUS]);
    void rig.record().close();
    assert.deepEqual(rig.events.skippedCodecs, ['VP8']);
    assert.match(rig.logger.lines[0]?.message ?? '', /track 1 \(VP8\) is left out/u);
    assert.throws(() => new RecorderRig([VP8]).record(), {
      code: 'no-recordable-track',
      message: "no track of path 'cam' can be recorded as .txt (VP8)",
    });
  });

  it('records sound without pictures, G.711 as linear samples', async () => {
    const rig = new RecorderRig([G711]);
    await using recorder = rig.record({ maxDurationMs: 1000 });
    for (let block = 0; block < 75; block++) {
      rig.feed.send(0, block * 160, 'ff7f'.repeat(80), false);
      rig.writer.publish();
      rig.clock.advance(20);
    }
    await recorder.close();
    assert.match(rig.disk.text('/rec/0.txt'), /^begin LPCM\n/u);
    assert.deepEqual([rig.lines(0).length, rig.lines(1).length], [50, 25]);
    assert.deepEqual([rig.lines(0)[1]?.dts, rig.lines(1)[0]?.dts], [160, 0]);
  });

  it('ends with its stream, and tells when the file is complete', async () => {
    const rig = new RecorderRig();
    await using recorder = rig.record();
    await rig.play(1000, 0);
    rig.endStream();
    await rig.settle();
    assert.deepEqual(rig.events.ends, [{ reason: 'streamLost', code: undefined }]);
    assert.match(rig.disk.text('/rec/0.txt'), /part\nindex\nend\n$/u);
    await recorder.close();
    assert.equal(rig.events.closedSegments.length, 1);
    assert.equal(rig.clock.pendingTimers, 0);
  });

  it('writes a part each second', async () => {
    const rig = new RecorderRig();
    await using recorder = rig.record();
    await rig.play(3100, 0);
    assert.equal(rig.disk.text('/rec/0.txt').split('part\n').length - 1, 3);
    assert.equal(recorder.stats.files, 1);
  });
});
