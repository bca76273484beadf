// G.711 codes and the samples that ITU-T G.711 gives them.
import assert from 'node:assert/strict';
import { decodeG711 } from '../../../core/record/g711-decoder.ts';

function sampleOf(code: number, isMuLaw: boolean): number {
  const samples = decodeG711(new Uint8Array([code]), { start: 0, end: 1, isMuLaw });
  return Buffer.from(samples).readInt16BE(0);
}

describe('decodeG711()', () => {
  it('decodes mu-law', () => {
    const pairs = [0x00, 0x80, 0x7f, 0xff, 0x70, 0xf0].map((code) => sampleOf(code, true));
    assert.deepEqual(pairs, [-32124, 32124, 0, 0, -120, 120]);
  });

  it('decodes A-law', () => {
    const pairs = [0x2a, 0xaa, 0x55, 0xd5, 0x45, 0xc5].map((code) => sampleOf(code, false));
    assert.deepEqual(pairs, [-32256, 32256, -8, 8, -264, 264]);
  });

  it('decodes only the range', () => {
    const bytes = new Uint8Array([1, 0x80, 0x80, 2]);
    const samples = decodeG711(bytes, { start: 1, end: 3, isMuLaw: true });
    assert.deepEqual([...samples], [0x7d, 0x7c, 0x7d, 0x7c]);
  });
});
