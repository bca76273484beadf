// Tests of parameter sets in SDP parameters.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  parseH264SpropParameterSets,
  parseH265SpropParameterSets,
  parseSpropParameterSets,
} from '../../../core/codec/sprop-parameter-sets.ts';
import { DAHUA_H265, fromBase64, H264_CAMERAS } from '../../support/camera-parameter-sets.ts';

describe('parseH264SpropParameterSets()', () => {
  for (const { camera, sprop } of H264_CAMERAS) {
    it(`finds both sets of ${camera}, without start codes`, () => {
      const { sps, pps } = parseH264SpropParameterSets(sprop);
      assert.equal((sps?.[0] ?? 0) & 0x1f, 7);
      assert.equal((pps?.[0] ?? 0) & 0x1f, 8);
      assert.notEqual(sps?.at(-1), 0);
      assert.notEqual(pps?.at(-1), 0);
    });
  }

  it('takes sets in any order and leaves out what is missing', () => {
    const swapped = parseH264SpropParameterSets('aO48gA==,Z00AH5WoFAFuQA==');
    assert.equal(swapped.sps?.[0], 0x67);
    assert.equal(swapped.pps?.[0], 0x68);
    assert.deepEqual(parseH264SpropParameterSets('aO48gA=='), { pps: fromBase64('aO48gA==') });
  });

  it('finds nothing in text that is no list of sets', () => {
    assert.deepEqual(parseH264SpropParameterSets(''), {});
    assert.deepEqual(parseH264SpropParameterSets('!!,??'), {});
    assert.deepEqual(parseSpropParameterSets('A'.repeat(20000)), []);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { sps } = parseH264SpropParameterSets(text);
        assert.ok(sps === undefined || sps.length > 0);
      }),
    );
  });
});

describe('parseH265SpropParameterSets()', () => {
  it('sorts the three parameters', () => {
    const sets = parseH265SpropParameterSets([DAHUA_H265.pps, DAHUA_H265.vps, DAHUA_H265.sps]);
    assert.deepEqual(sets, {
      vps: fromBase64(DAHUA_H265.vps),
      sps: fromBase64(DAHUA_H265.sps),
      pps: fromBase64(DAHUA_H265.pps),
    });
  });
});
