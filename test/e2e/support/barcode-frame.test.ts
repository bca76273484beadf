// The clock in the picture reads back as it was painted.
import assert from 'node:assert/strict';
import { frameBytes, paintBarcode, readBarcode } from './barcode-frame.ts';

describe('barcode frame', () => {
  const size = { width: 640, height: 360 };

  it('reads back what was painted', () => {
    const frame = new Uint8Array(frameBytes(size));
    for (const stampMs of [0, 1, 0x8000_0000, 0xffff_ffff, 0x1234_5678, 1_795_000_000_123]) {
      paintBarcode(frame, size, { stampMs, frameNumber: 7 });
      assert.equal(readBarcode(frame, size), stampMs % 2 ** 32);
    }
  });

  it('refuses a picture without a clock', () => {
    assert.equal(readBarcode(new Uint8Array(frameBytes(size)), size), undefined);
  });
});
