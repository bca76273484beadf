// Tests of NutFrameReader with what ffmpeg wrote, in pieces of any size, and with hostile bytes.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import { NutFrameReader } from '../../../pro/snapshot/nut-frame-reader.ts';

/** Three pictures of 2x1 pixels, one per second, as ffmpeg 5.1 writes them. */
const STREAM = Buffer.from(
  'bnV0L211bHRpbWVkaWEgY29udGFpbmVyAE5NelYfXwStSgMBgf9/AQGD9ADAAAYAAAAAAAGgAAIBASgBACkAIQGY' +
    'ACACmACBecAABgAAAAAAAQYDAAABBAAAAbYC//oC//sC//wC//3JXTuPTlMRQFvy+dsYAAAEUkdCGAAOg/QAAAAA' +
    'AgEAAAAK1uwVTkmraLWWungJAAAAAAAAAAAATkmraLWWungyAQAAAAIHZW5jb2RlcgINTGF2YyByYXd2aWRlbwxy' +
    'X2ZyYW1lX3JhdGUCAzEvMWvR4IJOS+St7spFaQYAAAAAAAADAAb/AAAA/wADhPQABgECAwQFBgOI6AAGBwgJCgsM',
  'base64',
);

function read(chunks: readonly Buffer[], maxFrameBytes = 6): string[] {
  const frames: string[] = [];
  const reader = new NutFrameReader(maxFrameBytes, ({ timeMs, data }) => {
    frames.push(`${timeMs}: ${data.toString('hex')}`);
  });
  for (const chunk of chunks) reader.push(chunk);
  return frames;
}

const FRAMES = ['0: ff000000ff00', '1000: 010203040506', '2000: 0708090a0b0c'];

describe('NutFrameReader', () => {
  it('reads the frames and times of a stream', () => {
    assert.deepEqual(read([STREAM]), FRAMES);
  });

  it('reads them in pieces of any size', () => {
    for (const size of [1, 2, 3, 7, 50]) {
      const chunks: Buffer[] = [];
      for (let start = 0; start < STREAM.length; start += size) {
        chunks.push(STREAM.subarray(start, start + size));
      }
      assert.deepEqual(read(chunks), FRAMES, `${size} bytes`);
    }
  });

  it('refuses a frame that is larger than announced', () => {
    assert.throws(() => read([STREAM], 5), { code: 'decoder-output-broken' });
  });

  it('ends with a MediaError at what is no NUT', () => {
    assert.throws(() => read([Buffer.alloc(100, 0x41)]), { code: 'decoder-output-broken' });
  });

  it('survives damage anywhere', () => {
    fc.assert(
      fc.property(fc.nat(STREAM.length - 1), fc.nat(255), fc.boolean(), (place, value, isCut) => {
        const damaged = Buffer.from(STREAM);
        damaged[place] = value;
        try {
          read([isCut ? damaged.subarray(0, place) : damaged]);
        } catch (thrown) {
          assert.ok(thrown instanceof MediaError, String(thrown));
        }
      }),
      { numRuns: 3000 },
    );
  });
});
