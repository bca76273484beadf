// Tests of AudioSpecificConfig.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  buildAudioSpecificConfig,
  parseAudioSpecificConfig,
} from '../../../core/codec/audio-specific-config.ts';

function parseHex(text: string): ReturnType<typeof parseAudioSpecificConfig> {
  return parseAudioSpecificConfig(Buffer.from(text, 'hex'));
}

describe('parseAudioSpecificConfig()', () => {
  it('reads AAC-LC', () => {
    assert.deepEqual(parseHex('1190'), {
      objectType: 2,
      sampleRateHz: 48000,
      channelConfig: 2,
      channelCount: 2,
      samplesPerFrame: 1024,
      hasParametricStereo: false,
    });
    assert.equal(parseHex('1408')?.sampleRateHz, 16000);
  });

  it('reads what FFmpeg announces: AAC-LC with "no SBR" behind it', () => {
    const config = parseHex('118856E500');
    assert.equal(config?.sampleRateHz, 48000);
    assert.equal(config.channelCount, 1);
    assert.equal(config.extensionSampleRateHz, undefined);
  });

  it('reads HE-AAC signalled behind the core configuration', () => {
    // AAC-LC 24 kHz stereo, sync extension 0x2b7, SBR, 48 kHz
    const config = parseHex('131056E598');
    assert.equal(config?.objectType, 2);
    assert.equal(config.sampleRateHz, 24000);
    assert.equal(config.extensionSampleRateHz, 48000);
    assert.equal(config.hasParametricStereo, false);
  });

  it('reads HE-AAC v2 signalled behind the core configuration', () => {
    // AAC-LC 24 kHz mono, SBR 48 kHz, sync extension 0x548, PS
    const config = parseHex('130856E59D4880');
    assert.equal(config?.extensionSampleRateHz, 48000);
    assert.equal(config.hasParametricStereo, true);
  });

  it('reads a sample rate that is written out', () => {
    const config = parseAudioSpecificConfig(
      buildAudioSpecificConfig({
        objectType: 2,
        sampleRateHz: 45000,
        channelConfig: 7,
        hasParametricStereo: false,
      }),
    );
    assert.equal(config?.sampleRateHz, 45000);
    assert.equal(config.channelCount, 8);
  });

  it('counts the channels of a program config element', () => {
    // LC 48 kHz, config 0; one front pair, one front single, one LFE: 5 elements of bits
    const bits =
      '00010' +
      '0011' +
      '0000' +
      '000' + // ASC and GASpecificConfig
      '0000' +
      '01' +
      '0011' +
      '0010' +
      '0000' +
      '0000' +
      '01' +
      '000' +
      '0000' +
      '000' +
      '10000' +
      '00001' +
      '0000'; // front: pair, single; LFE
    const text = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0') + '00000000';
    const bytes = (text.match(/.{8}/gu) ?? []).map((byte) => Number.parseInt(byte, 2));
    assert.equal(parseAudioSpecificConfig(Uint8Array.from(bytes))?.channelCount, 4);
  });

  it('reads 960 samples per frame', () => {
    assert.equal(parseHex('1194')?.samplesPerFrame, 960);
  });

  it('rejects reserved rates, no channels and cut ones', () => {
    assert.equal(parseHex('1690'), undefined);
    assert.equal(parseHex('11f8'), undefined);
    assert.equal(parseHex('11'), undefined);
    assert.equal(parseHex('1780'), undefined);
  });

  it('never throws on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const config = parseAudioSpecificConfig(bytes);
        if (config !== undefined) assert.ok(config.channelCount > 0 && config.sampleRateHz > 0);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('buildAudioSpecificConfig()', () => {
  it('writes the two bytes that everybody knows', () => {
    const bytes = buildAudioSpecificConfig({
      objectType: 2,
      sampleRateHz: 44100,
      channelConfig: 2,
      hasParametricStereo: false,
    });
    assert.equal(Buffer.from(bytes).toString('hex'), '1210');
  });

  it('writes what can be read back', () => {
    const rate = fc.constantFrom(7350, 8000, 16000, 44100, 48000, 12345);
    fc.assert(
      fc.property(
        rate,
        fc.option(rate, { nil: undefined }),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        (sampleRateHz, extensionRate, channelConfig, isPs) => {
          const hasParametricStereo = isPs && extensionRate !== undefined;
          const extension =
            extensionRate === undefined ? {} : { extensionSampleRateHz: extensionRate };
          const config = { objectType: 2, sampleRateHz, channelConfig, hasParametricStereo };
          const read = parseAudioSpecificConfig(
            buildAudioSpecificConfig({ ...config, ...extension }),
          );
          assert.ok(read);
          const { channelCount, samplesPerFrame, ...rest } = read;
          assert.deepEqual(rest, { ...config, ...extension });
          assert.ok(channelCount >= channelConfig && samplesPerFrame === 1024);
        },
      ),
    );
  });
});
