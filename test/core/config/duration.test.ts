// Durations: Go syntax with days, shortest form, zero, limits, and the way there and back.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../../core/config/duration.ts';

describe('parseDuration()', () => {
  const cases: [text: string, durationMs: number][] = [
    ['', 0],
    ['0', 0],
    ['0s', 0],
    ['-0s', 0],
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['200ms', 200],
    ['1d', 86_400_000],
    ['2d12h', 216_000_000],
    ['-1d', -86_400_000],
    ['+5s', 5000],
    ['100us', 0.1],
    ['100µs', 0.1],
    ['1ns', 1e-6],
  ];
  for (const [text, durationMs] of cases) {
    it(`reads '${text}' as ${durationMs} ms`, () => assert.equal(parseDuration(text), durationMs));
  }

  for (const text of [
    '10',
    's',
    '10 s',
    '10x',
    '1s-2s',
    '--1s',
    '1e3s',
    '1d ',
    'NaNs',
    '999999d',
  ]) {
    it(`refuses '${text}'`, () =>
      assert.throws(() => parseDuration(text), {
        name: 'MediaError',
        kind: 'invalid-argument',
        code: 'config-invalid-duration',
      }));
  }

  it('throws nothing but MediaError for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+]?[\d.nuµmshd]*$/u)), (text) => {
        try {
          assert.ok(Number.isFinite(parseDuration(text)));
        } catch (failure) {
          assert.equal(failure instanceof Error && failure.name, 'MediaError');
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('formatDuration()', () => {
  const cases: [durationMs: number, text: string][] = [
    [0, ''],
    [604_800_000, '7d'],
    [90_000, '1m30s'],
    [3_600_000, '1h'],
    [216_000_000, '2d12h'],
    [1500, '1.5s'],
    [200, '200ms'],
    [0.1, '100us'],
    [1e-6, '1ns'],
    [-90_000, '-1m30s'],
    [999.9999999, '1s'],
  ];
  for (const [durationMs, text] of cases) {
    it(`writes ${durationMs} ms as '${text}'`, () =>
      assert.equal(formatDuration(durationMs), text));
  }

  it('writes what parseDuration() reads as the same number of milliseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 43), max: 2 ** 43 }), (durationMs) => {
        assert.equal(parseDuration(formatDuration(durationMs)), durationMs);
      }),
      { numRuns: 5000 },
    );
  });

  it('keeps nanoseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e12 }), (nanoseconds) => {
        const again = parseDuration(formatDuration(nanoseconds / 1e6));
        assert.equal(Math.round(again * 1e6), nanoseconds);
      }),
      { numRuns: 5000 },
    );
  });
});
