// Tests of the plan for a viewer: which track goes into which section, and what is said of the others.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import type { Codec } from '../../../core/codec/codec.ts';
import { readOffer } from '../../../core/webrtc/peer-offer.ts';
import { planViewer, type ViewerPlan } from '../../../core/webrtc/viewer-plan.ts';
import { audioSection, offerOf, videoSection, viewerOffer } from './sample-offers.ts';
import {
  AAC,
  attachedStream,
  H264,
  H265,
  OPUS,
  PCMA,
  rtpPacket,
  streamOf,
  VP8,
} from './sample-stream.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function plan(codecs: readonly Codec[], offer = viewerOffer()): ViewerPlan {
  const stream = streamOf(...codecs);
  return planViewer(
    readOffer(offer),
    stream.tracks.map((track) => ({ stream, track })),
  );
}

const codecsOf = ({ sections }: ViewerPlan): string[] =>
  sections.map(({ media, track }) => `${media.mid ?? ''}:${track.codec.name}`);

function refusal(codecs: readonly Codec[], offer?: string): MediaError {
  try {
    plan(codecs, offer);
  } catch (thrown) {
    assert.ok(thrown instanceof MediaError);
    assert.equal(thrown.kind, 'invalid-argument');
    return thrown;
  }
  assert.fail('something was planned');
}

describe('planViewer()', () => {
  it('plans one video and one audio track, in the order of the offer', () => {
    assert.deepEqual(codecsOf(plan([H264, OPUS])), ['0:H264', '1:Opus']);
    const audioFirst = offerOf(audioSection({ mid: 'a' }), videoSection({ mid: 'v' }));
    assert.deepEqual(codecsOf(plan([H264, OPUS], audioFirst)), ['a:Opus', 'v:H264']);
  });

  it('prefers newer codecs and says which tracks are left out', () => {
    const chosen = plan([H264, PCMA, VP8, OPUS]);
    assert.deepEqual(codecsOf(chosen), ['0:VP8', '1:Opus']);
    assert.deepEqual(
      chosen.skipped.map(({ codec, code }) => `${codec} ${code}`),
      ['H264 one-track-per-kind', 'G711 one-track-per-kind'],
    );
  });

  it('takes the next track when the preferred one is not offered', () => {
    const chosen = plan([H265, H264]);
    assert.deepEqual(codecsOf(chosen), ['0:H264']);
    assert.equal(chosen.skipped[0]?.code, 'codec-not-offered');
  });

  it('plays video when only the audio does not fit', () => {
    const chosen = plan([H264, AAC]);
    assert.deepEqual(codecsOf(chosen), ['0:H264']);
    assert.equal(chosen.skipped[0]?.code, 'needs-transcoding');
  });

  it('plays audio to those who ask for audio alone', () => {
    const audioOnly = offerOf(audioSection());
    assert.deepEqual(codecsOf(plan([H264, OPUS], audioOnly)), ['1:Opus']);
    assert.deepEqual(codecsOf(plan([H265, OPUS, PCMA], audioOnly)), ['1:Opus']);
    assert.deepEqual(codecsOf(plan([OPUS])), ['1:Opus']);
  });

  it('refuses when video is wanted and none of it plays', () => {
    assert.equal(refusal([H265, OPUS]).message, "this browser can't play H265");
    assert.equal(refusal([H265, OPUS]).code, 'codec-not-offered');
  });

  it('names the codec, not the missing section, when nothing plays', () => {
    const { code, message } = refusal([H264, AAC], offerOf(audioSection()));
    assert.equal(code, 'needs-transcoding');
    assert.match(message, /AAC/u);
    assert.equal(refusal([OPUS], offerOf(videoSection())).code, 'section-not-offered');
  });

  it('refuses sections that do not receive', () => {
    const sending = offerOf(videoSection({ direction: 'sendonly' }));
    assert.equal(refusal([H264], sending).code, 'section-not-offered');
    const both = offerOf(videoSection({ direction: 'sendrecv' }));
    assert.deepEqual(codecsOf(plan([H264], both)), ['0:H264']);
  });

  it('refuses a stream without tracks that WebRTC knows', () => {
    const generic: Codec = { name: 'Generic', clockRateHz: 90000, rtpmap: 'x/90000', fmtp: '' };
    assert.match(refusal([generic]).message, /WebRTC can't carry x\/90000/u);
    assert.equal(refusal([]).code, 'no-playable-track');
  });

  it('refuses a stream whose timestamps show B-frames', () => {
    const { stream, writer } = attachedStream(new FakeClock(), [H264]);
    // Display order 0 2 1: what a decoder gets is not what it shows.
    for (const [sequence, ticks] of [0, 6000, 3000, 12000, 9000, 18000, 15000].entries()) {
      const payload = Uint8Array.of(0x41, 0x9a, 0x22, 0x33);
      writer.writeRtp(0, rtpPacket({ payloadType: 96, sequence, ticks, payload, isMarked: true }));
    }
    const tracks = stream.tracks.map((track) => ({ stream, track }));
    assert.throws(() => planViewer(readOffer(viewerOffer()), tracks), {
      code: 'b-frames',
      message: /^H264 with B-frames can't be played by browsers; .*-bf 0/u,
    });
  });

  it('gives every section SSRCs of its own, RTX only where it was offered', () => {
    const ssrcs = new Set<number>();
    for (let round = 0; round < 50; round++) {
      for (const { ssrc, rtxSsrc, track } of plan([H264, OPUS]).sections) {
        assert.equal(rtxSsrc === undefined, track.kind === 'audio');
        for (const each of [ssrc, ...(rtxSsrc === undefined ? [] : [rtxSsrc])]) {
          assert.ok(each > 0 && each <= 0xffffffff);
          ssrcs.add(each);
        }
      }
    }
    assert.equal(ssrcs.size, 150);
  });
});
