// Tests of codec labels and properties as the control API shows them.
import assert from 'node:assert/strict';
import type { Codec } from '../../../core/codec/codec.ts';
import { describeCodec } from '../../../core/codec/describe-codec.ts';
import { DAHUA_H265, fromBase64 } from '../../support/camera-parameter-sets.ts';

const HIKVISION_SPS = fromBase64('Z00AKZpkA8ARPyzUBAQFAAADA+gAAOpgBA==');

describe('describeCodec()', () => {
  const generic = (rtpmap: string): Codec => ({
    name: 'Generic',
    clockRateHz: 90000,
    rtpmap,
    fmtp: '',
  });

  it('reads size, profile and level of H.264', () => {
    const codec: Codec = { name: 'H264', clockRateHz: 90000, packetizationMode: 1 };
    assert.deepEqual(describeCodec({ ...codec, sps: HIKVISION_SPS }), {
      label: 'H264',
      props: { width: 1920, height: 1080, profile: 'Main', level: '4.1' },
    });
    assert.deepEqual(describeCodec(codec), { label: 'H264', props: null });
  });

  it('reads size, profile and level of H.265', () => {
    const sps = fromBase64(DAHUA_H265.sps);
    assert.deepEqual(describeCodec({ name: 'H265', clockRateHz: 90000, sps }).props, {
      width: 704,
      height: 480,
      profile: 'Main',
      level: '3',
    });
  });

  it('prefers the sequence header of AV1 to the SDP', () => {
    const codec: Codec = { name: 'AV1', clockRateHz: 90000, profile: 1, levelIdx: 9, tier: 0 };
    const announced = { width: 0, height: 0, profile: 1, level: 9, tier: 0 };
    assert.deepEqual(describeCodec(codec).props, announced);
    const sequenceHeader = new Uint8Array(Buffer.from('0a0b000000043d06c4daf90040', 'hex'));
    assert.deepEqual(describeCodec({ ...codec, sequenceHeader }).props, {
      width: 322,
      height: 178,
      profile: 0,
      level: 0,
      tier: 0,
    });
  });

  it('lists what audio codecs have', () => {
    assert.deepEqual(
      describeCodec({ name: 'G711', clockRateHz: 8000, channelCount: 1, isMuLaw: true }),
      { label: 'G711', props: { muLaw: true, sampleRate: 8000, channelCount: 1 } },
    );
    assert.deepEqual(describeCodec({ name: 'Opus', clockRateHz: 48000, channelCount: 2 }).props, {
      channelCount: 2,
    });
    assert.deepEqual(
      describeCodec({ name: 'LPCM', clockRateHz: 48000, bitDepth: 16, channelCount: 2 }).props,
      { bitDepth: 16, sampleRate: 48000, channelCount: 2 },
    );
  });

  it('names both framings of AAC', () => {
    const aac = {
      name: 'MPEG-4 Audio',
      clockRateHz: 48000,
      sampleRateHz: 48000,
      channelCount: 2,
      config: Uint8Array.of(0x11, 0x90),
    } as const;
    const sizes = { sizeLength: 13, indexLength: 3, indexDeltaLength: 3 };
    assert.deepEqual(describeCodec({ ...aac, framing: { type: 'generic', ...sizes } }), {
      label: 'MPEG-4 Audio',
      props: { sampleRate: 48000, channelCount: 2 },
    });
    assert.equal(describeCodec({ ...aac, framing: { type: 'latm' } }).label, 'MPEG-4 Audio LATM');
  });

  it('knows the labels of formats that are only forwarded', () => {
    const labels = ['MP4V-ES/90000', 'G726-32/8000', 'smpte336m/90000', 'vnd.onvif.metadata/90000']
      .map(generic)
      .map((codec) => describeCodec(codec).label);
    assert.deepEqual(labels, ['MPEG-4 Video', 'G726', 'KLV', 'Generic']);
    assert.deepEqual(describeCodec({ ...generic('AC3/48000/6'), clockRateHz: 48000 } as Codec), {
      label: 'AC3',
      props: { sampleRate: 48000, channelCount: 6 },
    });
    assert.deepEqual(describeCodec(generic('')), { label: 'Generic', props: null });
  });

  it('has no properties for the rest', () => {
    assert.deepEqual(describeCodec({ name: 'M-JPEG', clockRateHz: 90000 }), {
      label: 'M-JPEG',
      props: null,
    });
    assert.deepEqual(describeCodec({ name: 'VP9', clockRateHz: 90000, profileId: 2 }).props, {
      profile: 2,
    });
  });
});
