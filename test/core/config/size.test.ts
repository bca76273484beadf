// Sizes: units, powers of 1024, and the way there and back.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatSize, parseSize } from '../../../core/config/size.ts';

describe('parseSize()', () => {
  const cases: [text: string, sizeBytes: number][] = [
    ['50M', 52_428_800],
    ['50MB', 52_428_800],
    ['50MiB', 52_428_800],
    ['512k', 524_288],
    ['1.5G', 1_610_612_736],
    ['2T', 2_199_023_255_552],
    ['100B', 100],
    ['100', 100],
    ['0', 0],
  ];
  for (const [text, sizeBytes] of cases) {
    it(`reads '${text}' as ${sizeBytes} bytes`, () => assert.equal(parseSize(text), sizeBytes));
  }

  for (const text of ['', 'M', '-1M', '1X', '1 000K', '9P9', '9999999999P', '1e3M']) {
    it(`refuses '${text}'`, () =>
      assert.throws(() => parseSize(text), { code: 'config-invalid-size' }));
  }
});

describe('formatSize()', () => {
  it('uses the largest unit that keeps the number whole', () => {
    assert.equal(formatSize(52_428_800), '50M');
    assert.equal(formatSize(1_610_612_736), '1536M');
    assert.equal(formatSize(100), '100B');
    assert.equal(formatSize(0), '0B');
  });

  it('writes what parseSize() reads as the same number of bytes', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (sizeBytes) => {
        assert.equal(parseSize(formatSize(sizeBytes)), sizeBytes);
      }),
      { numRuns: 5000 },
    );
  });
});
