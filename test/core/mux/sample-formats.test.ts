// Tests of how single codecs are stored: decoder configuration and framing.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AacMp4Format } from '../../../core/mux/aac-mp4-format.ts';
import { buildAv1Configuration } from '../../../core/mux/av1-configuration.ts';
import { Av1Mp4Format } from '../../../core/mux/av1-mp4-format.ts';
import type { MuxSample } from '../../../core/mux/container-writer.ts';
import { H265Mp4Format } from '../../../core/mux/h265-mp4-format.ts';
import { LpcmMp4Format } from '../../../core/mux/lpcm-mp4-format.ts';
import { OpusMp4Format } from '../../../core/mux/opus-mp4-format.ts';
import { VpMp4Format } from '../../../core/mux/vp-mp4-format.ts';
import { appendVp9Superframe } from '../../../core/mux/vp9-superframe.ts';
import { DAHUA_H265, fromBase64, TP_LINK_H265 } from '../../support/camera-parameter-sets.ts';
import { AAC } from './mux-media.ts';

/** libaom, Main profile, level 2.0, 322x178, 8 bits, 4:2:0. */
const AV1_SEQUENCE = Buffer.from('0a0b000000043d06c4daf9004032', 'hex').subarray(0, 13);

function keyFrame(...units: Uint8Array[]): MuxSample {
  return { trackIndex: 0, units, dtsTicks: 0, ptsTicks: 0, isKeyFrame: true };
}

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('hex');
}

describe('AacMp4Format', () => {
  it('writes the descriptors around the configuration', () => {
    const entry = hex(new AacMp4Format(AAC).describe().sampleEntry) ?? '';
    const esds =
      '00000000' + '0380808022000000' + '0480808014' + '4015' + '00'.repeat(11) + '05808080021190';
    assert.ok(entry.endsWith(`65736473${esds}06808080` + '0102'), entry);
  });

  it('takes the duration of a frame from the configuration', () => {
    assert.equal(new AacMp4Format(AAC).durationTicks(), 1024);
    const short = { ...AAC, config: Uint8Array.of(0x11, 0x94) };
    assert.equal(new AacMp4Format(short).durationTicks(), 960);
  });
});

describe('OpusMp4Format', () => {
  it('skips nothing at the start, since recordings begin in the middle of a stream', () => {
    const format = new OpusMp4Format({ name: 'Opus', clockRateHz: 48000, channelCount: 2 });
    assert.ok(
      hex(format.describe().sampleEntry)?.endsWith('644f7073' + '00020000' + '0000bb80' + '000000'),
    );
    assert.equal(format.prerollSamples, 4);
  });
});

describe('LpcmMp4Format', () => {
  it('knows the duration of a block by its size', () => {
    const format = new LpcmMp4Format({
      name: 'LPCM',
      clockRateHz: 8000,
      bitDepth: 24,
      channelCount: 2,
    });
    assert.equal(format.durationTicks(960), 160);
    assert.equal(format.durationTicks(1), 1);
  });

  it('leaves a rate that has no room to the timescale', () => {
    const codec = { name: 'LPCM', bitDepth: 16, channelCount: 1 } as const;
    const rateOf = (clockRateHz: number): number =>
      Buffer.from(new LpcmMp4Format({ ...codec, clockRateHz }).describe().sampleEntry).readUInt32BE(
        32,
      );
    assert.equal(rateOf(48_000), 48_000 * 65_536);
    assert.equal(rateOf(96_000), 0);
  });
});

describe('H265Mp4Format', () => {
  const [vps, sps, pps] = [DAHUA_H265.vps, DAHUA_H265.sps, DAHUA_H265.pps].map(fromBase64);

  it('says when parameter sets are in band', () => {
    const format = new H265Mp4Format({
      name: 'H265',
      clockRateHz: 90000,
      ...(vps && sps && pps && { vps, sps, pps }),
    });
    format.framing.append(keyFrame(fromBase64(TP_LINK_H265.sps)), []);
    const typeOf = (isClosing: boolean): string =>
      Buffer.from(format.describe(isClosing).sampleEntry).toString('latin1', 4, 8);
    assert.equal(typeOf(false), 'hvc1');
    assert.equal(typeOf(true), 'hev1');
    const complete = Buffer.from(format.describe(false).sampleEntry);
    const incomplete = Buffer.from(format.describe(true).sampleEntry);
    // The three arrays lost their completeness; nothing else but the type changed.
    const changed = [...complete.keys()].filter((index) => complete[index] !== incomplete[index]);
    const arrays = changed.slice(-3).map((index) => [complete[index], incomplete[index]]);
    assert.deepEqual(arrays, [
      [0xa0, 0x20],
      [0xa1, 0x21],
      [0xa2, 0x22],
    ]);
    assert.equal(changed.length, 5);
  });
});

describe('buildAv1Configuration()', () => {
  it('reads what libaom wrote', () => {
    assert.equal(hex(buildAv1Configuration(AV1_SEQUENCE)), `81000c00${hex(AV1_SEQUENCE)}`);
  });

  it('gives the sequence header a size when it has none', () => {
    const bare = Uint8Array.of(0x08, ...AV1_SEQUENCE.subarray(2));
    assert.equal(hex(buildAv1Configuration(bare)), `81000c00${hex(AV1_SEQUENCE)}`);
  });

  it('rejects other OBUs and cut ones, and never throws', () => {
    assert.equal(buildAv1Configuration(Uint8Array.of(0x12, 0)), undefined);
    assert.equal(buildAv1Configuration(AV1_SEQUENCE.subarray(0, 8)), undefined);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (body) => {
        buildAv1Configuration(Uint8Array.of(0x08, ...body));
      }),
    );
  });
});

describe('Av1Mp4Format', () => {
  it('adds sizes, leaves out temporal delimiters, and learns the picture size', () => {
    const format = new Av1Mp4Format({ name: 'AV1', clockRateHz: 90000 });
    assert.equal(format.isReady, false);
    const chunks: Uint8Array[] = [];
    const frame = Uint8Array.of(0x30, 1, 2, 3);
    const sample = keyFrame(Uint8Array.of(0x12, 0), AV1_SEQUENCE, frame);
    const sizeBytes = format.append(sample, chunks);
    assert.equal(hex(Buffer.concat(chunks)), `${hex(AV1_SEQUENCE)}3203010203`);
    assert.equal(sizeBytes, AV1_SEQUENCE.length + 5);
    assert.equal(format.isReady, true);
    assert.deepEqual([format.describe().widthPixels, format.describe().heightPixels], [322, 178]);
  });
});

describe('VpMp4Format', () => {
  it('reads profile and colors of VP9', () => {
    const format = new VpMp4Format({ name: 'VP9', clockRateHz: 90000 });
    const chunks: Uint8Array[] = [];
    // Color space 2 (BT.709), studio range, 640x480.
    const frame = Uint8Array.of(0x82, 0x49, 0x83, 0x42, 0x40, 0x27, 0xf0, 0x1d, 0xf0, 0);
    assert.equal(format.append(keyFrame(frame), chunks), frame.length);
    const entry = hex(format.describe().sampleEntry) ?? '';
    // Level 3.0, 8 bits, 4:2:0.
    assert.ok(entry.endsWith('76706343' + '01000000' + '001e82' + '010101' + '0000'), entry);
  });

  it('describes VP8 before its first key frame too', () => {
    const format = new VpMp4Format({ name: 'VP8', clockRateHz: 90000 });
    assert.equal(format.isReady, false);
    assert.equal(format.describe().widthPixels, 0);
    const frame = Uint8Array.of(0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0);
    format.append(keyFrame(frame), []);
    assert.deepEqual([format.isReady, format.describe().heightPixels], [true, 240]);
  });
});

describe('appendVp9Superframe()', () => {
  it('puts an index behind several frames', () => {
    const chunks: Uint8Array[] = [];
    const sizeBytes = appendVp9Superframe([Uint8Array.of(1), Uint8Array.of(2, 3)], chunks);
    assert.equal(hex(Buffer.concat(chunks)), '010203' + 'd9' + '01000000' + '02000000' + 'd9');
    assert.equal(sizeBytes, 13);
  });

  it('leaves a single frame alone and refuses nine', () => {
    const chunks: Uint8Array[] = [];
    assert.equal(appendVp9Superframe([new Uint8Array(0), Uint8Array.of(2)], chunks), 1);
    assert.equal(appendVp9Superframe(Array<Uint8Array>(9).fill(Uint8Array.of(1)), chunks), 0);
    assert.equal(chunks.length, 1);
  });
});
