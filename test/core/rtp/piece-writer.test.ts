// Tests of how runs of bytes are cut into packets.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PayloadWriter } from '../../../core/rtp/payload-writer.ts';
import { PieceWriter } from '../../../core/rtp/piece-writer.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import { countingBytes } from './rtp-packets.ts';

const MAX_BYTES = 20;

function setUp(): { pieces: PieceWriter; sink: CollectingSink } {
  const sink = new CollectingSink();
  const writer = new PayloadWriter();
  writer.attach(sink);
  const pieces = new PieceWriter(writer, 1, MAX_BYTES);
  pieces.prefix.set([0xaa, 0, 0xcc, 0xdd]);
  pieces.firstBits = 0x80;
  pieces.lastBits = 0x40;
  return { pieces, sink };
}

describe('PieceWriter', () => {
  it('marks the first and the last packet', () => {
    const { pieces, sink } = setUp();
    pieces.begin(2, 2);
    pieces.finish(countingBytes(40), 0, 40);
    assert.deepEqual(
      sink.packets.map(({ payload }) => [payload[0], payload[1], payload.length]),
      [
        [0xaa, 0x80, 20],
        [0xaa, 0, 20],
        [0xaa, 0x40, 6],
      ],
    );
  });

  it('repeats only a part of the prefix', () => {
    const { pieces, sink } = setUp();
    pieces.begin(4, 2);
    pieces.finish(countingBytes(30), 0, 30);
    assert.deepEqual(
      sink.packets.map(({ payload }) => [...payload.subarray(0, 5)]),
      [
        [0xaa, 0x80, 0xcc, 0xdd, 0],
        [0xaa, 0x40, 16, 17, 18],
      ],
    );
  });

  it('passes pieces that fit at once', () => {
    const { pieces, sink } = setUp();
    pieces.begin(2, 2);
    pieces.append(countingBytes(18), 0, 18);
    assert.equal(sink.packets.length, 1);
    assert.equal(pieces.hasCarry, false);
    pieces.append(countingBytes(19), 0, 19);
    assert.equal(pieces.hasCarry, true);
    pieces.discard();
    assert.deepEqual([sink.packets.length, pieces.isOpen], [2, false]);
  });

  it('writes what waits on flush, without the bits of the last packet', () => {
    const { pieces, sink } = setUp();
    pieces.begin(2, 2);
    pieces.append(countingBytes(25), 0, 25);
    pieces.flush();
    pieces.flush();
    assert.deepEqual(
      sink.packets.map(({ payload }) => payload[1]),
      [0x80, 0],
    );
  });

  it('keeps all bytes and never exceeds the limit', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(sizes, (lengths) => {
        const { pieces, sink } = setUp();
        pieces.begin(2, 2);
        lengths.forEach((length, index) => {
          const bytes = countingBytes(length, index * 50);
          if (index === lengths.length - 1) pieces.finish(bytes, 0, length);
          else pieces.append(bytes, 0, length);
        });
        const sent = lengths.flatMap((length, index) => [...countingBytes(length, index * 50)]);
        assert.deepEqual(
          sink.packets.flatMap(({ payload }) => [...payload.subarray(2)]),
          sent,
        );
        assert.ok(sink.packets.every(({ payload }) => payload.length > 2 && payload.length <= 20));
        const marks = sink.packets.map(({ payload }) => payload[1] ?? 0);
        assert.equal(marks.filter((mark) => (mark & 0x80) !== 0).length, 1);
        assert.equal(marks.filter((mark) => (mark & 0x40) !== 0).length, 1);
      }),
    );
  });
});
