// Tests of the choice of a payload type: by the real profile of the stream, or a reason in words.
import assert from 'node:assert/strict';
import type { Codec } from '../../../core/codec/codec.ts';
import { parseSdp } from '../../../core/sdp/parse-sdp.ts';
import { rtpFormatsOf, type RtpFormat } from '../../../core/sdp/rtp-format.ts';
import { isMatched, matchCodec } from '../../../core/webrtc/codec-match.ts';
import { audioSection, offerOf, videoSection } from './sample-offers.ts';

function formatsOf(text: string): RtpFormat[] {
  const [media] = parseSdp(text).medias;
  assert.ok(media);
  return rtpFormatsOf(media);
}

const VIDEO = formatsOf(offerOf(videoSection()));
const AUDIO = formatsOf(
  offerOf(audioSection({ formats: ['opus', 'red', 'pcmu', 'pcma', 'g722', 'multiopus', 'l16'] })),
);

function payloadTypes(codec: Codec, formats = VIDEO): (number | undefined)[] {
  const match = matchCodec(codec, formats);
  assert.ok(isMatched(match), JSON.stringify(match));
  return [match.format.payloadType, match.rtx?.payloadType];
}

function refusal(codec: Codec, formats = VIDEO): string {
  const match = matchCodec(codec, formats);
  assert.ok(!isMatched(match), JSON.stringify(match));
  return `${match.code}: ${match.message}`;
}

const h264 = (profileLevelId?: string): Codec => ({
  name: 'H264',
  clockRateHz: 90000,
  packetizationMode: 1,
  ...(profileLevelId === undefined ? {} : { profileLevelId }),
});
const opus = (channelCount: number): Codec => ({ name: 'Opus', clockRateHz: 48000, channelCount });

describe('matchCodec()', () => {
  // Chromium offers 42001f, 42e01f, 4d001f, f4001f under 102, 108, 116, 41.
  const profiles: readonly (readonly [string, string, number])[] = [
    ['baseline', '42001f', 102],
    ['baseline of ffmpeg, which is constrained', '42c01e', 108],
    ['constrained baseline', '42e034', 108],
    ['main with the constraint of baseline', '4d401f', 116],
    ['main', '4d0029', 116],
    ['high', '640028', 116],
    ['constrained high', '640c1f', 116],
    ['high 4:4:4', 'f4001f', 41],
    ['high 10', '6e0028', 108],
    ['upper case', '4D0029', 116],
  ];
  for (const [what, profileLevelId, payloadType] of profiles) {
    it(`takes payload type ${payloadType} for ${what}`, () => {
      assert.deepEqual(payloadTypes(h264(profileLevelId)), [payloadType, payloadType + 1]);
    });
  }

  it('takes constrained baseline while the profile is unknown', () => {
    assert.deepEqual(payloadTypes(h264()), [108, 109]);
  });

  it('takes High for a stream of High profile where it is offered', () => {
    const safari = VIDEO.map((format) =>
      format.payloadType === 41
        ? { ...format, fmtp: format.fmtp.replace('f4001f', '640c1f') }
        : format,
    );
    assert.deepEqual(payloadTypes(h264('640c28'), safari), [41, 42]);
  });

  it('prefers any entry with fragments to the right profile without', () => {
    const formats = formatsOf(offerOf(videoSection({ formats: ['h264-mode0', 'h264-main'] })));
    assert.deepEqual(payloadTypes(h264('42001f'), formats), [116, 117]);
  });

  it('takes an entry of mode 0 when there is no other, but never interleaving', () => {
    const formats = formatsOf(offerOf(videoSection({ formats: ['h264-mode0'] })));
    assert.deepEqual(payloadTypes(h264('42001f'), formats), [104, 105]);
    const interleaved = formats.map((format) => ({ ...format, fmtp: 'packetization-mode=2' }));
    assert.match(refusal(h264(), interleaved), /^codec-not-offered: this browser can't play H264/u);
  });

  it('matches VP8, VP9 and AV1 by profile', () => {
    assert.deepEqual(payloadTypes({ name: 'VP8', clockRateHz: 90000 }), [96, 97]);
    assert.deepEqual(payloadTypes({ name: 'VP9', clockRateHz: 90000 }), [98, 99]);
    assert.match(refusal({ name: 'VP9', clockRateHz: 90000, profileId: 2 }), /^codec-not-offered/u);
    const formats = formatsOf(
      offerOf(videoSection({ formats: ['vp9-profile2', 'av1-profile1', 'av1'] })),
    );
    assert.deepEqual(
      payloadTypes({ name: 'VP9', clockRateHz: 90000, profileId: 2 }, formats),
      [100, 101],
    );
    assert.deepEqual(payloadTypes({ name: 'AV1', clockRateHz: 90000 }, formats), [45, 46]);
    assert.deepEqual(
      payloadTypes({ name: 'AV1', clockRateHz: 90000, profile: 1 }, formats),
      [47, 48],
    );
  });

  it("says that this browser can't play H265", () => {
    assert.equal(
      refusal({ name: 'H265', clockRateHz: 90000 }),
      "codec-not-offered: this browser can't play H265",
    );
    const formats = formatsOf(offerOf(videoSection({ formats: ['vp8', 'h265'] })));
    assert.deepEqual(payloadTypes({ name: 'H265', clockRateHz: 90000 }, formats), [50, 51]);
  });

  it('matches audio by rate and channels', () => {
    const g711 = { name: 'G711', clockRateHz: 8000, channelCount: 1 } as const;
    assert.deepEqual(payloadTypes({ ...g711, isMuLaw: true }, AUDIO), [0, undefined]);
    assert.deepEqual(payloadTypes({ ...g711, isMuLaw: false }, AUDIO), [8, undefined]);
    assert.equal(
      refusal({ ...g711, channelCount: 2, isMuLaw: false }, AUDIO),
      "codec-not-offered: this browser can't play PCMA at 8000 Hz with 2 channels",
    );
    assert.deepEqual(payloadTypes({ name: 'G722', clockRateHz: 8000, channelCount: 1 }, AUDIO), [
      9,
      undefined,
    ]);
    const lpcm = { name: 'LPCM', clockRateHz: 48000, channelCount: 2 } as const;
    assert.deepEqual(payloadTypes({ ...lpcm, bitDepth: 16 }, AUDIO), [121, undefined]);
    assert.match(refusal({ ...lpcm, bitDepth: 24 }, AUDIO), /LPCM with 24 bits at 48000 Hz/u);
  });

  it('plays Opus of one or two channels as Opus, of six by its other name', () => {
    assert.deepEqual(payloadTypes(opus(1), AUDIO), [111, undefined]);
    assert.deepEqual(payloadTypes(opus(2), AUDIO), [111, undefined]);
    assert.deepEqual(payloadTypes(opus(6), AUDIO), [120, undefined]);
    assert.match(refusal(opus(8), AUDIO), /^codec-not-offered.*Opus with 8 channels/u);
  });

  it('says that AAC needs transcoding, and what WebRTC never carries', () => {
    const aac: Codec = {
      ...{ name: 'MPEG-4 Audio', clockRateHz: 48000, sampleRateHz: 48000, channelCount: 2 },
      config: Uint8Array.of(0x11, 0x90),
      framing: { type: 'latm' },
    };
    assert.match(refusal(aac, AUDIO), /^needs-transcoding: AAC/u);
    assert.match(refusal({ name: 'M-JPEG', clockRateHz: 90000 }), /^codec-unsupported.*M-JPEG/u);
    const generic = { name: 'Generic', clockRateHz: 90000, fmtp: '' } as const;
    assert.match(refusal({ ...generic, rtpmap: 'SMPTE336M/90000' }), /can't carry SMPTE336M/u);
    for (const rtpmap of ['', 'a b', '\ud800', 'x'.repeat(65), '<b>']) {
      assert.match(refusal({ ...generic, rtpmap }), /can't carry an unknown format/u);
    }
  });

  it('gives a retransmission format only to the entry it repeats', () => {
    const formats = VIDEO.filter((format) => format.fmtp !== 'apt=96');
    assert.deepEqual(payloadTypes({ name: 'VP8', clockRateHz: 90000 }, formats), [96, undefined]);
  });
});
