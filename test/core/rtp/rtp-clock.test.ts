// Tests of the mapping between RTP timestamps and wall time.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RtpClock } from '../../../core/rtp/rtp-clock.ts';

const NOW_MS = Date.UTC(2026, 5, 1);
const VIDEO_HZ = 90_000;

function assertNear(actual: number | undefined, expected: number, toleranceMs: number): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= toleranceMs, `${actual}`);
}

describe('RtpClock', () => {
  it('knows nothing at first', () => {
    const clock = new RtpClock(VIDEO_HZ);
    assert.equal(clock.basis, 'none');
    assert.equal(clock.ntpMsAt(0), undefined);
    assert.equal(clock.rtpTicksAt(NOW_MS), undefined);
  });

  it('maps by the sender report, forward, backward and across the wrap', () => {
    const clock = new RtpClock(VIDEO_HZ);
    assert.equal(clock.noteSenderReport(NOW_MS, 0xffffff00), true);
    assert.equal(clock.basis, 'sender-report');
    assert.equal(clock.ntpMsAt((0xffffff00 + 90_000) >>> 0), NOW_MS + 1000);
    assert.equal(clock.ntpMsAt(0xffffff00 - 45_000), NOW_MS - 500);
    assert.equal(clock.rtpTicksAt(NOW_MS + 1000), (0xffffff00 + 90_000) >>> 0);
    assert.equal(clock.rtpTicksAt(NOW_MS - 500), 0xffffff00 - 45_000);
  });

  it('gives each timestamp back from its wall time', () => {
    const uint32 = fc.integer({ min: 0, max: 0xffffffff });
    const rates = fc.constantFrom(8000, 44_100, 48_000, 90_000);
    fc.assert(
      fc.property(uint32, uint32, rates, (reportTicks, ticks, rateHz) => {
        const clock = new RtpClock(rateHz);
        clock.noteSenderReport(NOW_MS, reportTicks);
        const ntpMs = clock.ntpMsAt(ticks);
        assert.ok(ntpMs !== undefined);
        assert.equal(clock.rtpTicksAt(ntpMs), ticks);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes the newest of several reports', () => {
    const clock = new RtpClock(VIDEO_HZ);
    clock.noteSenderReport(NOW_MS, 1000);
    clock.noteSenderReport(NOW_MS + 5000, 1000 + 5 * VIDEO_HZ + 90);
    assert.equal(clock.ntpMsAt(1000 + 5 * VIDEO_HZ + 90), NOW_MS + 5000);
  });

  it('refuses a report of time zero and one that is far from the packets', () => {
    const clock = new RtpClock(VIDEO_HZ);
    assert.equal(clock.noteSenderReport(0, 5), false);
    assert.equal(clock.noteSenderReport(NaN, 5), false);
    clock.noteArrival(1_000_000, NOW_MS);
    assert.equal(clock.noteSenderReport(NOW_MS, 1_000_000 + 61 * VIDEO_HZ), false);
    assert.equal(clock.ignoredReportCount, 3);
    assert.equal(clock.basis, 'arrival');
    assert.equal(clock.noteSenderReport(NOW_MS, 1_000_000 + 59 * VIDEO_HZ), true);
  });

  it('takes reports again after the timestamps stepped back', () => {
    const clock = new RtpClock(VIDEO_HZ);
    clock.noteArrival(2_000_000_000, NOW_MS);
    clock.noteArrival(1000, NOW_MS + 40);
    assert.equal(clock.noteSenderReport(NOW_MS + 40, 1000), true);
  });

  it('stays right for days without a further report', () => {
    const clock = new RtpClock(VIDEO_HZ);
    clock.noteSenderReport(NOW_MS, 123);
    let ticks = 123;
    let elapsedMs = 0;
    for (let hour = 0; hour < 72; hour++) {
      ticks = (ticks + 3600 * VIDEO_HZ) >>> 0;
      elapsedMs += 3_600_000;
      clock.noteArrival(ticks, NOW_MS + elapsedMs + 50);
    }
    assertNear(clock.ntpMsAt(ticks), NOW_MS + elapsedMs, 0.01);
  });

  it('follows the fastest packets before the first report', () => {
    const clock = new RtpClock(VIDEO_HZ);
    // Every tenth packet travels 5 ms, the others up to 45 ms.
    for (let index = 0; index < 300; index++) {
      const delayMs = index % 10 === 7 ? 5 : 5 + ((index * 37) % 41);
      clock.noteArrival((4_294_900_000 + index * 3600) >>> 0, NOW_MS + index * 40 + delayMs);
    }
    assert.equal(clock.basis, 'arrival');
    const newest = (4_294_900_000 + 299 * 3600) >>> 0;
    assertNear(clock.ntpMsAt(newest), NOW_MS + 299 * 40 + 5, 1);
  });

  it('follows a camera clock that runs slow', () => {
    const clock = new RtpClock(VIDEO_HZ);
    // 200 ppm slow: 12 ms behind after a minute.
    for (let index = 0; index <= 1500; index++) {
      const arrivalMs = NOW_MS + index * 40;
      clock.noteArrival(Math.round(index * 3600 * 0.9998), arrivalMs);
    }
    assertNear(clock.ntpMsAt(Math.round(1500 * 3600 * 0.9998)), NOW_MS + 60_000, 3);
  });

  it('starts anew when arrivals leave the timestamps by more than a second', () => {
    const clock = new RtpClock(VIDEO_HZ);
    clock.noteArrival(1000, NOW_MS);
    clock.noteArrival(900_000, NOW_MS + 40);
    assert.equal(clock.ntpMsAt(900_000), NOW_MS + 40);
  });

  it('shifts with renumbered timestamps', () => {
    const clock = new RtpClock(VIDEO_HZ);
    clock.noteSenderReport(NOW_MS, 0xfffffff0);
    clock.shift(0x20);
    assert.equal(clock.ntpMsAt(0x10), NOW_MS);
    clock.shift(-0x20);
    assert.equal(clock.ntpMsAt(0xfffffff0), NOW_MS);
  });

  it('forgets at reset', () => {
    const clock = new RtpClock(VIDEO_HZ);
    clock.noteSenderReport(NOW_MS, 1);
    clock.reset();
    assert.equal(clock.ntpMsAt(1), undefined);
  });
});
