// Tests of AV1 numbers, OBUs and the sequence header.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { joinAv1Obus, splitAv1Obus } from '../../../core/codec/av1-obu.ts';
import { parseAv1SequenceHeader } from '../../../core/codec/av1-sequence-header.ts';
import { leb128Length, readLeb128, writeLeb128 } from '../../../core/codec/leb128.ts';

/** libaom, Main profile, level 2.0, 322x178: temporal delimiter, sequence header, cut frame. */
const LIBAOM = Buffer.from('12000a0b000000043d06c4daf900403203140014', 'hex');
const SEQUENCE_HEADER = LIBAOM.subarray(2, 15);

describe('readLeb128()', () => {
  it('undoes writeLeb128()', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
        const bytes = new Uint8Array(8);
        const length = writeLeb128(bytes, 1, value);
        assert.equal(leb128Length(bytes, 1, 8), length);
        assert.equal(readLeb128(bytes, 1, 1 + length), value);
      }),
    );
  });

  it('accepts padded numbers', () => {
    assert.equal(readLeb128(Uint8Array.of(0x85, 0x80, 0), 0, 3), 5);
  });

  it('rejects numbers without end and above 32 bits', () => {
    assert.equal(readLeb128(Uint8Array.of(0x80, 0x80), 0, 2), -1);
    assert.equal(readLeb128(new Uint8Array(9).fill(0x80), 0, 9), -1);
    assert.equal(readLeb128(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x1f), 0, 5), -1);
    assert.equal(readLeb128(Uint8Array.of(1), 1, 1), -1);
  });
});

describe('splitAv1Obus()', () => {
  it('cuts what libaom wrote', () => {
    const obus = splitAv1Obus(LIBAOM);
    assert.deepEqual(
      obus?.map((obu) => obu.length),
      [2, 13, 5],
    );
  });

  it('lets an OBU without size reach to the end, and joinAv1Obus() adds one', () => {
    const bare = Uint8Array.of(0x30, 1, 2, 3);
    assert.deepEqual(splitAv1Obus(bare), [bare]);
    assert.deepEqual(joinAv1Obus([bare]), Uint8Array.of(0x32, 3, 1, 2, 3));
  });

  it('rejects sizes past the end', () => {
    assert.equal(splitAv1Obus(Uint8Array.of(0x32, 9, 1)), undefined);
    assert.equal(splitAv1Obus(Uint8Array.of(0x32)), undefined);
    assert.equal(splitAv1Obus(Uint8Array.of(0x34)), undefined);
  });

  it('undoes joinAv1Obus(), and never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }), (payloads) => {
        const obus = payloads.map((payload) => Uint8Array.of(0x30, ...payload));
        const stream = joinAv1Obus(obus);
        const parts = splitAv1Obus(stream) ?? [];
        assert.equal(parts.length, obus.length);
        assert.deepEqual(joinAv1Obus(parts), stream);
        for (const payload of payloads) splitAv1Obus(payload);
      }),
    );
  });
});

describe('parseAv1SequenceHeader()', () => {
  it('reads what libaom wrote', () => {
    assert.deepEqual(parseAv1SequenceHeader(SEQUENCE_HEADER), {
      profile: 0,
      levelIdx: 0,
      tier: 0,
      widthPixels: 322,
      heightPixels: 178,
    });
  });

  it('reads it without size field', () => {
    const bare = Buffer.concat([Uint8Array.of(0x08), SEQUENCE_HEADER.subarray(2)]);
    assert.equal(parseAv1SequenceHeader(bare)?.widthPixels, 322);
  });

  it('rejects other OBUs and cut ones', () => {
    assert.equal(parseAv1SequenceHeader(Uint8Array.of(0x12, 0)), undefined);
    assert.equal(parseAv1SequenceHeader(SEQUENCE_HEADER.subarray(0, 6)), undefined);
    assert.equal(parseAv1SequenceHeader(new Uint8Array(0)), undefined);
  });

  it('never throws on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (body) => {
        const parsed = parseAv1SequenceHeader(Uint8Array.of(0x08, ...body));
        if (parsed !== undefined) assert.ok(parsed.widthPixels > 0 && parsed.profile <= 2);
      }),
      { numRuns: 3000 },
    );
  });
});
