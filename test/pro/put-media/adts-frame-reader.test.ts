// Tests of AdtsFrameReader: frames come out as they went in, however the pipe cuts them.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AdtsHeaderWriter } from '../../../core/codec/aac-adts.ts';
import { AdtsFrameReader } from '../../../pro/put-media/adts-frame-reader.ts';

const HEADER = new AdtsHeaderWriter({
  objectType: 2,
  sampleRateHz: 48000,
  channelConfig: 2,
  channelCount: 2,
  hasParametricStereo: false,
  samplesPerFrame: 1024,
});

function adts(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(7 + frame.length);
  HEADER.write(bytes, 0, frame.length);
  bytes.set(frame, 7);
  return bytes;
}

function read(chunks: readonly Uint8Array[]): { frames: number[][]; skipped: number } {
  const frames: number[][] = [];
  const reader = new AdtsFrameReader((frame) => frames.push([...frame]));
  for (const chunk of chunks) reader.push(chunk);
  return { frames, skipped: reader.skippedBytes };
}

describe('AdtsFrameReader', () => {
  it('finds every frame, wherever the reads end', () => {
    const frame = fc.uint8Array({ minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.integer({ min: 1, max: 30 }),
        (frames, size) => {
          const bytes = Buffer.concat(frames.map(adts));
          const chunks: Uint8Array[] = [];
          for (let at = 0; at < bytes.length; at += size)
            chunks.push(bytes.subarray(at, at + size));
          assert.deepEqual(read(chunks), { frames: frames.map((bits) => [...bits]), skipped: 0 });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('leaves out what is no frame, and counts it', () => {
    const result = read([Uint8Array.of(1, 2, 3), adts(Uint8Array.of(9, 9))]);
    assert.deepEqual(result, { frames: [[9, 9]], skipped: 3 });
  });

  it('leaves out the checksum', () => {
    const frame = Uint8Array.of(0xff, 0xf0, 0x4c, 0x80, 0x01, 0x7f, 0xfc, 1, 2, 7, 8);
    assert.deepEqual(read([frame]).frames, [[7, 8]]);
  });

  it('survives anything', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (chunks) => {
        const total = chunks.reduce((sum, { length }) => sum + length, 0);
        const { frames, skipped } = read(chunks);
        const taken = frames.reduce((sum, { length }) => sum + length + 7, 0);
        assert.ok(taken + skipped <= total);
      }),
      { numRuns: 1000 },
    );
  });
});
