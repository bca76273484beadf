// What paths can do, in numbers of the vendor.
import assert from 'node:assert/strict';
import type { Codec } from '../../../../core/codec/codec.ts';
import { facadeSkill, type SkilledPath } from '../../../../pro/signaling/tuya/facade-skill.ts';

const H264: Codec = { name: 'H264', clockRateHz: 90_000, packetizationMode: 1 };
const VP8: Codec = { name: 'VP8', clockRateHz: 90_000 };
const OPUS: Codec = { name: 'Opus', clockRateHz: 48_000, channelCount: 2 };

function g711(isMuLaw: boolean): Codec {
  return { name: 'G711', clockRateHz: 8000, channelCount: 1, isMuLaw };
}

function path(...codecs: readonly Codec[]): SkilledPath {
  const tracks = codecs.map((codec) => ({
    kind: codec.name === 'G711' || codec.name === 'Opus' ? ('audio' as const) : ('video' as const),
    codec,
  }));
  return { stream: { isOnline: true, tracks } };
}

describe('facadeSkill()', () => {
  const main = { streamType: 2, codecType: 2, profileId: '', sampleRate: 90_000 };

  it('tells H.264 and the two kinds of G.711 in numbers of the vendor', () => {
    for (const [isMuLaw, codecType] of [
      [true, 105],
      [false, 106],
    ] as const) {
      const { skill, hasSound } = facadeSkill(path(H264, g711(isMuLaw)), undefined);
      assert.deepEqual(skill, {
        webrtc: 3,
        audios: [{ channels: 1, dataBit: 16, codecType, sampleRate: 8000 }],
        videos: [{ ...main, width: 0, height: 0 }],
      });
      assert.equal(hasSound, true);
    }
  });

  it('tells both streams, each by its path', () => {
    const { skill } = facadeSkill(path(H264), { path: path(H264) });
    assert.deepEqual(skill['videos'], [
      { ...main, width: 0, height: 0 },
      { ...main, streamType: 4, width: 0, height: 0 },
    ]);
  });

  it('expects H.264 of a path that waits for its source', () => {
    for (const waiting of [undefined, {}, { stream: { isOnline: false, tracks: [] } }]) {
      const { skill, hasSound } = facadeSkill(waiting, undefined);
      assert.deepEqual(skill, {
        webrtc: 3,
        audios: [],
        videos: [{ ...main, width: 0, height: 0 }],
      });
      assert.equal(hasSound, false);
    }
  });

  it('names no codec that Tuya has no number for in WebRTC', () => {
    const { skill, hasSound } = facadeSkill(path(VP8, OPUS), undefined);
    assert.deepEqual(skill, { webrtc: 3, audios: [], videos: [] });
    assert.equal(hasSound, true);
  });
});
