// Tests of NalFraming.
import assert from 'node:assert/strict';
import { NalFraming } from '../../../core/mux/nal-framing.ts';

const SPS = Uint8Array.of(7, 1, 2);
const PPS = Uint8Array.of(8, 1);
const OTHER_SPS = Uint8Array.of(7, 1, 3);
const SLICE = Uint8Array.of(5, 9, 9, 9);

function framing(): NalFraming {
  return new NalFraming({
    parameterSets: [SPS, PPS],
    isParameterSet: (first) => first === 7 || first === 8,
    isDropped: (first) => first === 9,
  });
}

function append(to: NalFraming, units: readonly Uint8Array[]): { bytes: string; size: number } {
  const chunks: Uint8Array[] = [];
  const size = to.append(
    { trackIndex: 0, units, dtsTicks: 0, ptsTicks: 0, isKeyFrame: true },
    chunks,
  );
  return { bytes: Buffer.concat(chunks).toString('hex'), size };
}

describe('NalFraming', () => {
  it('leaves out delimiters and the parameter sets of the sample entry', () => {
    const result = append(framing(), [Uint8Array.of(9, 0xf0), SPS, PPS, new Uint8Array(0), SLICE]);
    assert.deepEqual(result, { bytes: '0000000405090909', size: 8 });
  });

  it('keeps all parameter sets from the first different one on', () => {
    const changing = framing();
    assert.equal(append(changing, [SPS, PPS, SLICE]).size, 8);
    assert.equal(append(changing, [OTHER_SPS, PPS, SLICE]).size, 7 + 6 + 8);
    // Back to the first ones: a decoder has to learn that.
    assert.equal(append(changing, [SPS, PPS, SLICE]).size, 7 + 6 + 8);
    assert.equal(changing.hasInBandSets, true);
  });

  it('hands out the units themselves, not copies', () => {
    const chunks: Uint8Array[] = [];
    const sample = { trackIndex: 0, units: [SLICE], dtsTicks: 0, ptsTicks: 0, isKeyFrame: true };
    framing().append(sample, chunks);
    assert.equal(chunks[1], SLICE);
  });

  it('never writes a length field twice', () => {
    const many = framing();
    const chunks: Uint8Array[] = [];
    for (let length = 1; length <= 600; length++) {
      const unit = new Uint8Array(length).fill(1);
      many.append(
        { trackIndex: 0, units: [unit], dtsTicks: 0, ptsTicks: 0, isKeyFrame: false },
        chunks,
      );
    }
    for (let length = 1; length <= 600; length++) {
      assert.equal(Buffer.from(chunks[(length - 1) * 2] ?? []).readUInt32BE(), length);
    }
  });
});
