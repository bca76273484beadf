// The WebAssembly loops against the same in plain TypeScript and Node's own hash.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { SrtpKernel } from '../../../core/egress/srtp-kernel.ts';

const INITIAL_STATE = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

describe('SrtpKernel', () => {
  const kernel = new SrtpKernel();

  it('xors any length from and to any offset, at most 15 bytes too far', () => {
    const area = kernel.allocate(2048);
    const memory = kernel.bytes.subarray(area, area + 2048);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 600 }),
        fc.nat(100),
        fc.nat(100),
        (length, targetAt, sourceAt) => {
          memory.set(randomBytes(2048));
          const before = Uint8Array.from(memory);
          const [target, source] = [targetAt, 1024 + sourceAt];
          kernel.xor(area + target, area + source, length);
          const written = Math.ceil(length / 16) * 16;
          for (let i = 0; i < 2048; i++) {
            const from = source + i - target;
            const isIn = i >= target && i < target + written;
            const expected = (before[i] ?? 0) ^ (isIn ? (before[from] ?? 0) : 0);
            if (memory[i] !== expected) assert.fail(`byte ${i}`);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('counts blocks in their last byte', () => {
    const area = kernel.allocate(257 * 16);
    for (const blocks of [1, 2, 75, 256]) {
      const memory = kernel.bytes.subarray(area, area + 257 * 16).fill(0xaa);
      const words = [0x01020304, -2, 0x7fffffff, 0x00d5c6b7] as const;
      kernel.count(area, blocks, ...words);
      const block = Buffer.from(Int32Array.from(words).buffer);
      for (let i = 0; i < blocks; i++) {
        block[15] = i;
        assert.deepEqual(memory.subarray(i * 16, i * 16 + 16), block, `block ${i}`);
      }
      assert.ok(memory.subarray(blocks * 16).every((byte) => byte === 0xaa));
    }
  });

  it('mixes blocks as SHA-1 does', () => {
    const state = kernel.allocate(20);
    const block = kernel.allocate(64);
    for (let length = 0; length < 56; length++) {
      const message = randomBytes(length);
      const padded = Buffer.concat([message, Buffer.of(0x80), Buffer.alloc(63 - length)]);
      padded.writeUInt32BE(length * 8, 60);
      for (const [i, word] of INITIAL_STATE.entries()) kernel.wordsAt(state, 5)[i] = word;
      for (let i = 0; i < 16; i++) kernel.wordsAt(block, 16)[i] = padded.readInt32BE(i * 4);
      kernel.compress(state, block);
      const digest = Buffer.alloc(20);
      kernel.wordsAt(state, 5).forEach((word, i) => digest.writeInt32BE(word, i * 4));
      assert.deepEqual(digest, createHash('sha1').update(message).digest(), `length ${length}`);
    }
  });

  it('gives each region out once, aligned, until none is left', () => {
    const own = new SrtpKernel();
    const regions: number[] = [];
    assert.throws(
      () => {
        for (;;) regions.push(own.allocate(100_001));
      },
      { name: 'MediaError', kind: 'internal' },
    );
    assert.ok(regions.length >= 5);
    for (const [i, start] of regions.entries()) {
      assert.equal(start % 16, 0);
      assert.ok(start >= (regions[i - 1] ?? -100_001) + 100_001);
    }
  });
});
