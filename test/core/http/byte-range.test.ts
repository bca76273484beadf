// Range and If-Range as RFC 9110 has them, and as strangers write them.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  contentRange,
  httpDate,
  isRangeCurrent,
  selectBytes,
  type ByteSelection,
} from '../../../core/http/byte-range.ts';

const part = (start: number, end: number): ByteSelection => ({ type: 'part', start, end });
const whole: ByteSelection = { type: 'whole' };
const unsatisfiable: ByteSelection = { type: 'unsatisfiable' };

describe('selectBytes()', () => {
  const cases: readonly (readonly [string | undefined, number, ByteSelection])[] = [
    // The examples of RFC 9110 section 14.1.2.
    ['bytes=0-499', 10_000, part(0, 499)],
    ['bytes=500-999', 10_000, part(500, 999)],
    ['bytes=-500', 10_000, part(9500, 9999)],
    ['bytes=9500-', 10_000, part(9500, 9999)],
    ['bytes=0-0,-1', 10_000, whole],
    ['bytes=0-', 10_000, part(0, 9999)],
    ['bytes=0-99999', 100, part(0, 99)],
    ['bytes=-99999', 100, part(0, 99)],
    ['bytes=99-99', 100, part(99, 99)],
    ['bytes=100-', 100, unsatisfiable],
    ['bytes=100-200', 100, unsatisfiable],
    ['bytes=-0', 100, unsatisfiable],
    ['bytes=0-', 0, unsatisfiable],
    ['bytes=-5', 0, whole],
    ['BYTES = 1 - 2 ', 100, part(1, 2)],
    ['bytes=,1-2, ,', 100, part(1, 2)],
    ['bytes=99999999999999999999999999-', 100, unsatisfiable],
    ['bytes=1-99999999999999999999999999', 100, part(1, 99)],
    [undefined, 100, whole],
    ['', 100, whole],
    ['bytes=', 100, whole],
    ['bytes=-', 100, whole],
    ['bytes=2-1', 100, whole],
    ['bytes=a-b', 100, whole],
    ['bytes=1', 100, whole],
    ['bytes=1-2-3', 100, whole],
    ['bytes=+1-2', 100, whole],
    ['bytes=0x1-2', 100, whole],
    ['items=1-2', 100, whole],
    ['1-2', 100, whole],
    [`bytes=${'0-1,'.repeat(100_000)}`, 100, whole],
  ];
  for (const [header, size, expected] of cases) {
    it(`takes ${String(header).slice(0, 40)} of ${size} bytes for ${expected.type}`, () =>
      assert.deepEqual(selectBytes(header, size), expected));
  }

  it('stays inside the resource, whatever is asked', () => {
    const text = fc.oneof(
      fc
        .tuple(fc.option(fc.nat()), fc.option(fc.nat()))
        .map(([a, b]) => `bytes=${a ?? ''}-${b ?? ''}`),
      fc.string({ maxLength: 20 }).map((set) => `bytes=${set}`),
      fc.string(),
    );
    fc.assert(
      fc.property(text, fc.nat(5000), (header, size) => {
        const selection = selectBytes(header, size);
        if (selection.type !== 'part') return;
        const { start, end } = selection;
        assert(Number.isSafeInteger(start) && 0 <= start && start <= end && end < size);
      }),
    );
  });

  it('gives back the range that was written', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(1e6), (start, length) => {
        const header = `bytes=${start}-${start + length}`;
        assert.deepEqual(selectBytes(header, 3e6), part(start, start + length));
      }),
    );
  });
});

describe('isRangeCurrent()', () => {
  const validators = { etag: '"abc"', modifiedAt: Date.UTC(2025, 0, 16, 12, 30, 5, 700) };
  const cases: readonly (readonly [string | undefined, boolean])[] = [
    [undefined, true],
    ['"abc"', true],
    ['Thu, 16 Jan 2025 12:30:05 GMT', true],
    ['"abd"', false],
    ['W/"abc"', false],
    ['Thu, 16 Jan 2025 12:30:06 GMT', false],
    ['Thu, 16 Jan 2025 12:30:04 GMT', false],
    ['', false],
    ['abc', false],
  ];
  for (const [ifRange, expected] of cases) {
    it(`${expected ? 'accepts' : 'refuses'} ${String(ifRange)}`, () =>
      assert.equal(isRangeCurrent(ifRange, validators), expected));
  }

  it('never trusts a weak tag', () =>
    assert(!isRangeCurrent('W/"abc"', { ...validators, etag: 'W/"abc"' })));
});

describe('contentRange() and httpDate()', () => {
  it('write headers', () => {
    assert.equal(contentRange(part(5, 9), 10), 'bytes 5-9/10');
    assert.equal(contentRange(unsatisfiable, 10), 'bytes */10');
    assert.equal(httpDate(784_111_777_999), 'Sun, 06 Nov 1994 08:49:37 GMT');
  });
});
