// Tests of the bit cursor, with BitWriter as its counterpart.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BitReader } from '../../../core/codec/bit-reader.ts';
import { BitWriter } from '../../../core/codec/bit-writer.ts';

function readerOf(bytes: readonly number[], skipsEmulationPrevention = false): BitReader {
  const reader = new BitReader({ skipsEmulationPrevention });
  reader.reset(Uint8Array.from(bytes));
  return reader;
}

describe('BitReader', () => {
  it('reads bits from the most significant on', () => {
    const reader = readerOf([0b1010_0101, 0b1100_0000]);
    assert.equal(reader.readBits(3), 0b101);
    assert.equal(reader.readFlag(), false);
    assert.equal(reader.readBits(6), 0b0101_11);
    assert.equal(reader.bitsLeft, 6);
  });

  it('reads Exp-Golomb codes', () => {
    // 1 | 010 | 011 | 00100 | 00101
    const reader = readerOf([0b1010_0110, 0b0100_0010, 0b1000_0000]);
    assert.deepEqual([reader.readUe(), reader.readUe(), reader.readUe()], [0, 1, 2]);
    assert.deepEqual([reader.readSe(), reader.readSe()], [2, -2]);
    assert.equal(reader.isOverrun, false);
  });

  it('reads the longest Exp-Golomb code', () => {
    const writer = new BitWriter();
    writer.writeBits(0, 31);
    writer.writeBits(1, 1);
    writer.writeBits(0x7fffffff, 31);
    const reader = new BitReader({ skipsEmulationPrevention: false });
    reader.reset(writer.toBytes());
    assert.equal(reader.readUe(), 2 ** 32 - 2);
  });

  it('gives up an Exp-Golomb code of zeros only', () => {
    const reader = readerOf(new Array<number>(1000).fill(0));
    assert.equal(reader.readUe(), 0);
    assert.equal(reader.isOverrun, true);
  });

  it('leaves emulation prevention bytes out when asked to', () => {
    assert.equal(readerOf([0, 0, 3, 1], true).readBits(24), 1);
    assert.equal(readerOf([0, 0, 3, 1], false).readBits(24), 3);
    assert.equal(readerOf([0, 0, 3, 0, 0, 3, 7], true).readBits(40), 7);
  });

  it('yields zeros past the end and says so', () => {
    const reader = readerOf([0xff]);
    assert.equal(reader.readBits(12), 0xff0);
    assert.equal(reader.isOverrun, true);
  });

  it('reads nothing outside of its range', () => {
    const reader = new BitReader({ skipsEmulationPrevention: true });
    reader.reset(Uint8Array.of(0xff, 0x81, 0xff), 1, 2);
    assert.equal(reader.readBits(8), 0x81);
    assert.equal(reader.readBit(), 0);
    assert.equal(reader.isOverrun, true);
  });

  it('reads back what BitWriter wrote', () => {
    const field = fc
      .integer({ min: 1, max: 32 })
      .chain((count) => fc.tuple(fc.constant(count), fc.integer({ min: 0, max: 2 ** count - 1 })));
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
        const writer = new BitWriter();
        for (const [count, value] of fields) writer.writeBits(value, count);
        const reader = new BitReader({ skipsEmulationPrevention: false });
        reader.reset(writer.toBytes());
        for (const [count, value] of fields) assert.equal(reader.readBits(count), value);
        assert.equal(reader.isOverrun, false);
      }),
    );
  });
});
