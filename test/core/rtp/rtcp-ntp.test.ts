// Tests of the NTP conversions: exact fraction, eras, round trip.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  ntpFractionOf,
  ntpMiddle,
  ntpSecondsOf,
  roundTripMs,
  unixMsFromNtp,
} from '../../../core/rtp/rtcp-ntp.ts';

const ERA_1_MS = Date.UTC(2036, 1, 7, 6, 28, 16);

describe('NTP conversion', () => {
  it('puts the second into units of 2^-32', () => {
    assert.equal(ntpSecondsOf(0), 2208988800);
    assert.equal(ntpFractionOf(500), 0x80000000);
    assert.equal(ntpFractionOf(250), 0x40000000);
    assert.equal(ntpFractionOf(1), 4294967);
    assert.equal(ntpFractionOf(999), 4290672329);
  });

  it('carries a fraction that rounds up into the seconds', () => {
    const almost = 999.99999999999;
    assert.equal(ntpFractionOf(almost), 0);
    assert.equal(ntpSecondsOf(almost), 2208988801);
  });

  it('goes on through the end of era 0 in 2036', () => {
    assert.equal(ntpSecondsOf(ERA_1_MS - 1000), 0xffffffff);
    assert.equal(ntpSecondsOf(ERA_1_MS), 0);
    assert.equal(unixMsFromNtp(0, 0), ERA_1_MS);
    assert.equal(unixMsFromNtp(0xffffffff, 0), ERA_1_MS - 1000);
  });

  it('gives every time from 1970 to 2100 back within a microsecond', () => {
    const times = fc.double({ min: 0, max: Date.UTC(2100, 0), noNaN: true });
    fc.assert(
      fc.property(times, (unixMs) => {
        const back = unixMsFromNtp(ntpSecondsOf(unixMs), ntpFractionOf(unixMs));
        assert.ok(Math.abs(back - unixMs) < 0.001, `${unixMs} came back as ${back}`);
      }),
      { numRuns: 5000 },
    );
  });

  it('takes the middle 32 bits', () => {
    assert.equal(ntpMiddle(0xb705b705, 0x20000000), 0xb7052000);
  });
});

describe('roundTripMs()', () => {
  it('computes the example of RFC 3550 figure 2', () => {
    // A = 0xb710:8000 (46864.500 s), LSR = 0xb705:2000, DLSR = 5.250 s.
    assert.equal(roundTripMs(0xb7108000, 0xb7052000, 0x00054000), 6125);
  });

  it('knows nothing without a sender report', () => {
    assert.equal(roundTripMs(0xb7108000, 0, 0), undefined);
  });

  it('takes a slightly negative time for zero and refuses nonsense', () => {
    assert.equal(roundTripMs(0x00010000, 0x00010001, 0), 0);
    assert.equal(roundTripMs(0x70000000, 0x00000001, 0), undefined);
  });

  it('counts across the wrap of 16-bit seconds', () => {
    assert.equal(roundTripMs(0x00004000, 0xffffc000, 0), 500);
  });
});
