// Tests of makeKeyFrame() and JpegFrameBuilder: what cameras send, and what nobody should.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import { splitAnnexB } from '../../../core/codec/annex-b.ts';
import type { Codec } from '../../../core/codec/codec.ts';
import { RtpPacket } from '../../../core/rtp/rtp-packet.ts';
import { JpegFrameBuilder } from '../../../pro/snapshot/jpeg-frame-builder.ts';
import { makeKeyFrame } from '../../../pro/snapshot/key-frame.ts';
import { fromBase64 } from '../../support/camera-parameter-sets.ts';
import { rtpPacket } from '../../support/rtsp-fixture.ts';

/** Hikvision, 1920x1080. */
const SPS = fromBase64('Z00AKZpkA8ARPyzUBAQFAAADA+gAAOpgBA==');
const PPS = fromBase64('aO48gA==');
const IDR = Uint8Array.of(0x65, 0x88, 0x84, 1);
const SEI = Uint8Array.of(0x06, 5, 1, 0);
const H264: Codec = { name: 'H264', clockRateHz: 90000, packetizationMode: 1 };

const CODECS: readonly Codec[] = [
  H264,
  { name: 'H265', clockRateHz: 90000 },
  { name: 'VP8', clockRateHz: 90000 },
  { name: 'VP9', clockRateHz: 90000 },
  { name: 'AV1', clockRateHz: 90000 },
];

describe('makeKeyFrame()', () => {
  it('keeps parameter sets and slices, and tells the size of the picture', () => {
    const { widthPixels, heightPixels, bytes } = makeKeyFrame(H264, [SPS, PPS, SEI, IDR]);
    assert.deepEqual([widthPixels, heightPixels], [1920, 1080]);
    assert.deepEqual(
      splitAnnexB(bytes).map(([first]) => first),
      [0x67, 0x68, 0x65],
    );
  });

  it('adds the parameter sets that only the codec knows', () => {
    const keyFrame = makeKeyFrame({ ...H264, sps: SPS, pps: PPS }, [IDR]);
    assert.deepEqual(
      splitAnnexB(keyFrame.bytes).map(([first]) => first),
      [0x67, 0x68, 0x65],
    );
  });

  it('puts the layers of VP9 into a superframe', () => {
    const layer = Uint8Array.from([0x82, 0x49, 0x83, 0x42, 0, 0x03, 0xf0, 0x03, 0xf6, 0]);
    const vp9 = makeKeyFrame({ name: 'VP9', clockRateHz: 90000 }, [layer, layer]);
    assert.equal(Buffer.from(vp9.bytes.subarray(20)).toString('hex'), 'd90a0000000a000000d9');
  });

  it('refuses what has no size', () => {
    for (const codec of CODECS) {
      assert.throws(() => makeKeyFrame(codec, []), { code: 'key-frame-broken' });
    }
    const opus: Codec = { name: 'Opus', clockRateHz: 48000, channelCount: 2 };
    assert.throws(() => makeKeyFrame(opus, [IDR]), { code: 'codec-without-pictures' });
  });

  it('takes any units', () => {
    const units = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...CODECS), units, (codec, list) => {
        try {
          makeKeyFrame(codec, list);
        } catch (thrown) {
          assert.ok(thrown instanceof MediaError, String(thrown));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('JpegFrameBuilder', () => {
  function push(builder: JpegFrameBuilder, payload: Uint8Array, isMarked: boolean): void {
    const packet = new RtpPacket();
    packet.parse(rtpPacket({ sequenceNumber: 1, payload, isMarked }));
    builder.push(packet);
  }

  /** Main header: offset, type, Q, 64x48 pixels. */
  function header(offset: number, type: number, q: number): number[] {
    return [0, offset >> 16, (offset >> 8) & 0xff, offset & 0xff, type, q, 8, 6];
  }

  it('makes a file of the fragments in order', () => {
    const builder = new JpegFrameBuilder();
    push(builder, Uint8Array.from([...header(0, 1, 50), 1, 2, 3]), false);
    push(builder, Uint8Array.from([...header(3, 1, 50), 4, 5]), true);
    const [jpeg] = builder.units ?? [];
    assert.ok(builder.isOver && jpeg);
    const hex = Buffer.from(jpeg).toString('hex');
    assert.ok(hex.startsWith('ffd8ffdb004300') && hex.endsWith('3f000102030405ffd9'));
    assert.ok(hex.includes('ffc00011080030004003012200'), 'height, width, sampling 4:2:0');
  });

  it('gives nothing when a fragment is missing', () => {
    const builder = new JpegFrameBuilder();
    push(builder, Uint8Array.from([...header(0, 1, 50), 1, 2, 3]), false);
    push(builder, Uint8Array.from([...header(9, 1, 50), 4, 5]), true);
    assert.deepEqual([builder.isOver, builder.units], [true, undefined]);
  });

  it('takes any payloads', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (payload, isMarked) => {
        const builder = new JpegFrameBuilder();
        push(builder, payload, isMarked);
        push(builder, payload, true);
        builder.flush();
      }),
      { numRuns: 2000 },
    );
  });
});
