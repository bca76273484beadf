// Tests of BoxWriter.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BoxWriter } from '../../../core/mux/box-writer.ts';
import { Uint32Table } from '../../../core/mux/uint32-table.ts';

describe('BoxWriter', () => {
  it('gives boxes their sizes, nested ones included', () => {
    const writer = new BoxWriter(1);
    writer.open('moov').openFull('mvhd', 1, 0x020304).uint8(9).close().close();
    assert.equal(
      Buffer.from(writer.toBytes()).toString('hex'),
      '000000156d6f6f76' + '0000000d6d766864' + '0102030409',
    );
  });

  it('writes 64-bit numbers, also negative ones', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const bytes = new BoxWriter(4).uint64(value).toBytes();
        assert.equal(Buffer.from(bytes).readBigInt64BE(), BigInt(value));
      }),
    );
  });

  it('writes a table as it is and leaves zeros as zeros', () => {
    const table = new Uint32Table();
    for (let index = 0; index < 3000; index++) table.push(index);
    const bytes = Buffer.from(new BoxWriter(2).zeros(3).table(table).uint16(0xabcd).toBytes());
    assert.equal(bytes.length, 3 + 12_000 + 2);
    for (const index of [0, 1023, 1024, 2999]) {
      assert.equal(bytes.readUInt32BE(3 + index * 4), index);
    }
    assert.equal(bytes.readUInt16BE(12_003), 0xabcd);
  });
});

describe('Uint32Table', () => {
  it('counts what it has', () => {
    const table = new Uint32Table();
    assert.deepEqual([table.length, table.sizeBytes], [0, 0]);
    for (let count = 1; count <= 2049; count++) {
      table.push(-1);
      assert.equal(table.length, count);
    }
    const bytes = new Uint8Array(table.sizeBytes + 2);
    table.copyTo(bytes, 1);
    assert.deepEqual([bytes[0], bytes[1], bytes.at(-2), bytes.at(-1)], [0, 255, 255, 0]);
  });
});
