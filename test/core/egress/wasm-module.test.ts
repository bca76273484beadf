// The writer of WebAssembly modules: numbers as the specification writes them, modules that run.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { signed, unsigned } from '../../../core/egress/wasm-module.ts';

/** LEB128 read back, WebAssembly core specification section 5.2.2. */
function read(bytes: readonly number[], isSigned: boolean): number {
  let value = 0n;
  for (const [i, byte] of bytes.entries()) value |= BigInt(byte & 0x7f) << BigInt(7 * i);
  const bits = 7 * bytes.length;
  return Number(isSigned ? BigInt.asIntN(bits, value) : value);
}

function isWellFormed(bytes: readonly number[]): boolean {
  return bytes.every((byte, i) => byte > 0x7f === i < bytes.length - 1) && bytes.length <= 5;
}

describe('unsigned() and signed()', () => {
  it('write the examples of the LEB128 definition', () => {
    assert.deepEqual(unsigned(624485), [0xe5, 0x8e, 0x26]);
    assert.deepEqual(signed(-123456), [0xc0, 0xbb, 0x78]);
    assert.deepEqual([unsigned(0), unsigned(127), unsigned(128)], [[0], [127], [128, 1]]);
    assert.deepEqual([signed(63), signed(64), signed(-64)], [[63], [192, 0], [64]]);
  });

  it('write any number so that it can be read back', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(0xffffffff), (any, positive) => {
        assert.equal(read(signed(any), true), any);
        assert.equal(read(unsigned(positive), false), positive);
        assert.ok(isWellFormed(signed(any)) && isWellFormed(unsigned(positive)));
      }),
      { numRuns: 1000 },
    );
  });
});
