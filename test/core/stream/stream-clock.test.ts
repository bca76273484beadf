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
});
