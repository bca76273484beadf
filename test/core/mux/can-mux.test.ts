// Tests of canMux() against what the writers accept.
import assert from 'node:assert/strict';
import type { Codec } from '../../../core/codec/codec.ts';
import { toMediaError } from '../../../core/base/media-error.ts';
import { canMux } from '../../../core/mux/can-mux.ts';
import { Mp4Writer } from '../../../core/mux/mp4-writer.ts';
import { TsWriter } from '../../../core/mux/ts-writer.ts';
import { DAHUA_H265, fromBase64 } from '../../support/camera-parameter-sets.ts';
import { AAC, H264 } from './mux-media.ts';

const H265: Codec = {
  name: 'H265',
  clockRateHz: 90000,
  vps: fromBase64(DAHUA_H265.vps),
  sps: fromBase64(DAHUA_H265.sps),
  pps: fromBase64(DAHUA_H265.pps),
};

function opus(channelCount: number): Codec {
  return { name: 'Opus', clockRateHz: 48000, channelCount };
}

function lpcm(bitDepth: number): Codec {
  return { name: 'LPCM', clockRateHz: 8000, bitDepth, channelCount: 1 };
}

/** With the containers that hold them. */
const CODECS: readonly (readonly [Codec, readonly string[]])[] = [
  [H264, ['mp4', 'ts']],
  [H265, ['mp4', 'ts']],
  [{ name: 'AV1', clockRateHz: 90000 }, ['mp4']],
  [{ name: 'VP8', clockRateHz: 90000 }, ['mp4']],
  [{ name: 'VP9', clockRateHz: 90000 }, ['mp4']],
  [AAC, ['mp4', 'ts']],
  // 40 kHz has no number in ADTS.
  [{ ...AAC, config: Uint8Array.of(0x17, 0x80, 0x4e, 0x20, 0x10) }, ['mp4']],
  [opus(1), ['mp4', 'ts']],
  [opus(2), ['mp4', 'ts']],
  [opus(6), []],
  [lpcm(8), ['mp4']],
  [lpcm(16), ['mp4']],
  [lpcm(24), ['mp4']],
  [lpcm(20), []],
  [{ name: 'G711', clockRateHz: 8000, channelCount: 1, isMuLaw: true }, []],
  [{ name: 'G722', clockRateHz: 8000, channelCount: 1 }, []],
  [{ name: 'M-JPEG', clockRateHz: 90000 }, []],
  [{ name: 'Generic', clockRateHz: 90000, rtpmap: '', fmtp: '' }, []],
];

describe('canMux()', () => {
  for (const container of ['mp4', 'ts'] as const) {
    it(`knows what the ${container} writer takes`, () => {
      for (const [codec, containers] of CODECS) {
        assert.equal(canMux(container, codec), containers.includes(container), codec.name);
        assert.equal(isTaken(container, codec), containers.includes(container), codec.name);
      }
    });
  }
});

function isTaken(container: 'mp4' | 'ts', codec: Codec): boolean {
  try {
    const writer = container === 'mp4' ? new Mp4Writer([{ codec }]) : new TsWriter([{ codec }]);
    return writer.extension === `.${container}`;
  } catch (thrown) {
    const { kind, message } = toMediaError(thrown);
    assert.equal(kind, 'unsupported');
    assert.ok(message.includes(codec.name), message);
    return false;
  }
}
