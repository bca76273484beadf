// Tests of silentAacFor(); that decoders take the frames is shown end to end.
import assert from 'node:assert/strict';
import { buildAudioSpecificConfig } from '../../../core/codec/audio-specific-config.ts';
import { silentAacFor, type SilentAac } from '../../../pro/put-media/silent-aac.ts';

function silence(
  channelConfig: number,
  objectType = 2,
  sampleRateHz = 48000,
): SilentAac | undefined {
  const options = { objectType, sampleRateHz, channelConfig, hasParametricStereo: false };
  return silentAacFor(buildAudioSpecificConfig(options));
}

function hex(frame: Uint8Array | undefined): string {
  return Buffer.from(frame ?? []).toString('hex');
}

describe('silentAacFor()', () => {
  it('makes one element for mono and a pair for stereo', () => {
    assert.equal(hex(silence(1)?.frame), '00000007');
    assert.equal(hex(silence(2)?.frame), '21000000001c');
  });

  it('knows how long a frame is', () => {
    assert.equal(silence(2, 2, 8000)?.frameMs, 128);
    assert.equal(silentAacFor(Uint8Array.of(0x11, 0x94))?.frameMs, 20);
  });

  it('fills the core of AAC with spectral band replication', () => {
    const config = Buffer.from('2b098800', 'hex');
    assert.equal(Math.round(silentAacFor(config)?.frameMs ?? 0), 43);
  });

  it('has frames for every number of channels that the configuration tells', () => {
    const lengths = [1, 2, 3, 4, 5, 6, 7].map((channels) => silence(channels)?.frame.length);
    assert.deepEqual(lengths, [4, 6, 10, 13, 15, 19, 24]);
  });

  it('has none for what it does not know', () => {
    assert.equal(silentAacFor(Uint8Array.of(0x11)), undefined);
    assert.equal(silence(2, 23), undefined);
    const withProgramConfig = Buffer.from('11800400088000', 'hex');
    assert.equal(silentAacFor(withProgramConfig), undefined);
  });
});
