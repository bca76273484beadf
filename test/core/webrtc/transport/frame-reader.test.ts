// Tests of RFC 4571 framing.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FrameReader } from '../../../../core/webrtc/transport/frame-reader.ts';

function frame(bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(2);
  header.writeUInt16BE(bytes.length);
  return Buffer.concat([header, bytes]);
}

describe('FrameReader', () => {
  it('reads frames split at every byte', () => {
    const payloads = [Buffer.from('first'), Buffer.from('x'), Buffer.from('third frame')];
    const stream = Buffer.concat(payloads.map(frame));
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const frames: string[] = [];
        const reader = new FrameReader(100, (bytes) => frames.push(Buffer.from(bytes).toString()));
        const parts = [
          stream.subarray(0, first),
          stream.subarray(first, second),
          stream.subarray(second),
        ];
        for (const part of parts) assert.ok(reader.push(part));
        assert.deepEqual(frames, ['first', 'x', 'third frame']);
      }
    }
  });

  it('reads a stream that comes byte by byte', () => {
    const frames: number[] = [];
    const reader = new FrameReader(300, (bytes) => frames.push(bytes.length));
    for (const byte of Buffer.concat([frame(Buffer.alloc(300)), frame(Buffer.alloc(7))])) {
      assert.ok(reader.push(Uint8Array.of(byte)));
    }
    assert.deepEqual(frames, [300, 7]);
  });

  it('skips empty frames', () => {
    let count = 0;
    const reader = new FrameReader(100, () => count++);
    assert.ok(reader.push(Buffer.concat([frame(Buffer.alloc(0)), frame(Buffer.alloc(3))])));
    assert.equal(count, 1);
  });

  it('refuses a frame longer than the limit, also when its header is split', () => {
    const reader = new FrameReader(100, () => assert.fail('no frame expected'));
    assert.ok(!reader.push(Buffer.from([0, 101, 1])));
    const split = new FrameReader(100, () => assert.fail('no frame expected'));
    assert.ok(split.push(Buffer.from([1])));
    assert.ok(!split.push(Buffer.from([0])));
  });

  it('gives back what was framed, whatever the cuts', () => {
    const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
    const cuts = fc.array(fc.nat(400), { maxLength: 12 });
    fc.assert(
      fc.property(payloads, cuts, (sent, positions) => {
        const stream = Buffer.concat(sent.map(frame));
        const received: number[][] = [];
        const reader = new FrameReader(40, (bytes) => received.push([...bytes]));
        let start = 0;
        for (const position of [...positions, stream.length].sort((a, b) => a - b)) {
          const end = Math.min(position, stream.length);
          assert.ok(reader.push(stream.subarray(start, end)));
          start = end;
        }
        assert.deepEqual(
          received,
          sent.map((bytes) => [...bytes]),
        );
      }),
      { numRuns: 500 },
    );
  });
});
