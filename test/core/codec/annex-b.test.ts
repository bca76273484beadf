// Tests of start codes and length prefixes.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { findStartCode, joinAnnexB, splitAnnexB } from '../../../core/codec/annex-b.ts';
import { joinLengthPrefixed, splitLengthPrefixed } from '../../../core/codec/length-prefixed.ts';

/** NAL units as encoders write them: no start code inside, no zero at the end. */
const nal = fc
  .uint8Array({ minLength: 1, maxLength: 60 })
  .map((bytes) => bytes.map((byte) => (byte === 0 ? 3 : byte)));

describe('splitAnnexB()', () => {
  it('cuts at start codes of three and four bytes', () => {
    const bytes = Uint8Array.of(0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 0, 0, 0, 0, 1, 0x65);
    assert.deepEqual(
      splitAnnexB(bytes).map((unit) => [...unit]),
      [[0x67, 1], [0x68], [0x65]],
    );
  });

  it('gives back a bare NAL unit', () => {
    assert.deepEqual(splitAnnexB(Uint8Array.of(0x67, 0, 0, 3, 1)), [
      Uint8Array.of(0x67, 0, 0, 3, 1),
    ]);
  });

  it('finds nothing in nothing, zeros and start codes', () => {
    assert.deepEqual(splitAnnexB(new Uint8Array(0)), []);
    assert.deepEqual(splitAnnexB(new Uint8Array(9)), []);
    assert.deepEqual(splitAnnexB(Uint8Array.of(0, 0, 1, 0, 0, 1)), []);
  });

  it('undoes joinAnnexB()', () => {
    fc.assert(
      fc.property(fc.array(nal, { maxLength: 6 }), (nals) => {
        assert.deepEqual(splitAnnexB(joinAnnexB(nals)), nals);
      }),
    );
  });

  it('takes a megabyte of zeros in linear time', () => {
    assert.deepEqual(splitAnnexB(new Uint8Array(1 << 20)), []);
  });
});

describe('findStartCode()', () => {
  it('finds what a plain search finds', () => {
    const fewValues = fc.array(fc.constantFrom(0, 0, 1, 2), { maxLength: 24 });
    fc.assert(
      fc.property(fewValues, fc.nat(4), (values, start) => {
        const bytes = Uint8Array.from(values);
        const plain = Buffer.from(bytes).indexOf(Uint8Array.of(0, 0, 1), start);
        const expected = plain < 0 ? bytes.length : plain;
        assert.equal(findStartCode(bytes, start, bytes.length), expected);
      }),
    );
  });
});

describe('splitLengthPrefixed()', () => {
  it('undoes joinLengthPrefixed()', () => {
    fc.assert(
      fc.property(fc.array(nal, { maxLength: 6 }), (nals) => {
        assert.deepEqual(splitLengthPrefixed(joinLengthPrefixed(nals)), nals);
      }),
    );
  });

  it('reads lengths of two bytes', () => {
    assert.deepEqual(splitLengthPrefixed(Uint8Array.of(0, 2, 7, 8, 0, 0), 2), [
      Uint8Array.of(7, 8),
    ]);
  });

  it('rejects a length that points past the end, and a cut length', () => {
    assert.equal(splitLengthPrefixed(Uint8Array.of(0, 0, 0, 3, 1, 2)), undefined);
    assert.equal(splitLengthPrefixed(Uint8Array.of(0, 0, 0)), undefined);
    assert.equal(splitLengthPrefixed(Uint8Array.of(255, 255, 255, 255, 1)), undefined);
  });
});
