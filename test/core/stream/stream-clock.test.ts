// Tests of the clock: tracks stay in step however unevenly their packets arrive.
import assert from 'node:assert/strict';
import { StreamClock } from '../../../core/stream/stream-clock.ts';

const VIDEO = { kind: 'video', codec: { name: 'VP8', clockRateHz: 90000 } } as const;
const AUDIO = {
  kind: 'audio',
  codec: { name: 'Opus', clockRateHz: 48000, channelCount: 2 },
} as const;

describe('StreamClock', () => {
  it('knows nothing before the first packet', () => {
    const clock = new StreamClock([VIDEO]);
    assert.equal(clock.ticksAt(0, 1000), undefined);
    assert.equal(clock.ticksAt(5, 1000), undefined);
  });

  it('extrapolates from arrivals and believes the earliest', () => {
    const clock = new StreamClock([VIDEO]);
    clock.noteArrival(0, 90_000, 1000);
    clock.noteArrival(0, 180_000, 2040);
    clock.noteArrival(0, 270_000, 2995);
    assert.equal(clock.ticksAt(0, 2995), 270_000);
    assert.equal(clock.ticksAt(0, 3995), 360_000);
  });

  it('wraps at 32 bits', () => {
    const clock = new StreamClock([VIDEO]);
    clock.noteArrival(0, 0xffffffff, 0);
    assert.equal(clock.ticksAt(0, 1000), 89_999);
  });

  it('keeps two tracks in step by the source clock although one arrives late', () => {
    const clock = new StreamClock([VIDEO, AUDIO]);
    clock.noteArrival(0, 500_000, 1000);
    clock.noteArrival(1, 70_000, 1300);
    clock.noteSenderReport(0, { ntpMs: 50_000, timestampTicks: 500_000, arrivalMs: 1010 });
    assert.equal(clock.usesSourceClock, false);
    clock.noteSenderReport(1, { ntpMs: 50_000, timestampTicks: 70_000, arrivalMs: 1310 });
    assert.equal(clock.usesSourceClock, true);
    const video = (clock.ticksAt(0, 5000) ?? 0) - 500_000;
    const audio = (clock.ticksAt(1, 5000) ?? 0) - 70_000;
    assert.ok(Math.abs(video / 90_000 - audio / 48_000) < 0.0001);
  });

  it('forgets reports when the source restarts', () => {
    const clock = new StreamClock([VIDEO]);
    clock.noteSenderReport(0, { ntpMs: 0, timestampTicks: 5, arrivalMs: 0 });
    clock.restart();
    assert.equal(clock.ticksAt(0, 10), undefined);
  });

  it('starts over after a jump of the arrivals', () => {
    const clock = new StreamClock([VIDEO]);
    clock.noteArrival(0, 0, 0);
    clock.noteArrival(0, 90_000, 60_000);
    assert.equal(clock.ticksAt(0, 60_000), 90_000);
  });

  it('compares no reports from before and after the source set its wall clock', () => {
    const clock = new StreamClock([VIDEO, AUDIO]);
    const note = (atMs: number): void => {
      clock.noteArrival(0, (atMs - 1000) * 90, atMs);
      clock.noteArrival(1, (atMs - 1000) * 48, atMs);
    };
    const report = (track: number, ntpMs: number, atMs: number): void => {
      const timestampTicks = (atMs - 1000) * (track === 0 ? 90 : 48);
      clock.noteSenderReport(track, { ntpMs, timestampTicks, arrivalMs: atMs });
    };
    note(1000);
    report(0, 50_000, 1000);
    report(1, 50_000, 1000);
    note(6000);
    // One hour further.
    report(0, 55_000 + 3_600_000, 6000);
    assert.equal(clock.usesSourceClock, false);
    assert.deepEqual([clock.ticksAt(0, 7000), clock.ticksAt(1, 7000)], [6000 * 90, 6000 * 48]);
    report(1, 55_500 + 3_600_000, 6500);
    assert.equal(clock.usesSourceClock, true);
    assert.deepEqual([clock.ticksAt(0, 7000), clock.ticksAt(1, 7000)], [6000 * 90, 6000 * 48]);
  });

  it('believes no report that contradicts the media', () => {
    const clock = new StreamClock([VIDEO]);
    clock.noteArrival(0, 0xfffffff0, 1000);
    // The source begins a new timeline, and its report comes before its first packet.
    clock.noteSenderReport(0, { ntpMs: 50_000, timestampTicks: 2_000_000_000, arrivalMs: 2000 });
    assert.equal(clock.ticksAt(0, 2000), (0xfffffff0 + 90_000) >>> 0);
    clock.noteSenderReport(0, { ntpMs: 51_000, timestampTicks: 270_000, arrivalMs: 3000 });
    assert.equal(clock.ticksAt(0, 3000), 270_000);
  });

  it('believes an old report no longer when the media jumped away from it', () => {
    const clock = new StreamClock([VIDEO]);
    clock.noteArrival(0, 90_000, 1000);
    clock.noteSenderReport(0, { ntpMs: 50_000, timestampTicks: 90_000, arrivalMs: 1000 });
    clock.noteArrival(0, 3_000_000_000, 2000);
    assert.equal(clock.ticksAt(0, 3000), 3_000_090_000);
  });

  it('goes on with its reports when the network stood still, and after a long silence', () => {
    const clock = new StreamClock([VIDEO]);
    clock.noteArrival(0, 0, 1000);
    clock.noteSenderReport(0, { ntpMs: 50_000, timestampTicks: 0, arrivalMs: 1000 });
    // Sent at 2000, held up for five seconds.
    clock.noteArrival(0, 90_000, 7000);
    assert.equal(clock.ticksAt(0, 7000), 6 * 90_000);
    const days = 3 * 24 * 3_600_000;
    clock.noteArrival(0, (90 * days) >>> 0, 1000 + days);
    clock.noteSenderReport(0, {
      ...{ ntpMs: 50_000 + days, timestampTicks: (90 * days) >>> 0 },
      arrivalMs: 1000 + days,
    });
    assert.equal(clock.ticksAt(0, 1000 + days), (90 * days) >>> 0);
  });
});
