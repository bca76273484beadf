// Tests of answers: the text that browsers get, line by line.
import assert from 'node:assert/strict';
import { parseIceCandidate } from '../../../core/sdp/ice-candidate.ts';
import { parseSdp } from '../../../core/sdp/parse-sdp.ts';
import { readWebrtcDescription } from '../../../core/sdp/read-webrtc-description.ts';
import type { WebrtcDescription } from '../../../core/sdp/webrtc-description.ts';
import { writeAnswer } from '../../../core/webrtc/peer-answer.ts';
import { readOffer, type PeerOffer } from '../../../core/webrtc/peer-offer.ts';
import { planPublisher } from '../../../core/webrtc/publisher-plan.ts';
import { publisherSections, viewerSections } from '../../../core/webrtc/session-answer.ts';
import { planViewer, type ViewerPlan } from '../../../core/webrtc/viewer-plan.ts';
import {
  audioSection,
  dataSection,
  offerOf,
  publisherOffer,
  videoSection,
  viewerOffer,
} from './sample-offers.ts';
import { H264, OPUS, streamOf } from './sample-stream.ts';

const candidate = parseIceCandidate('candidate:1 1 udp 2130706431 127.0.0.1 8189 typ host');
assert.ok(candidate);
const TRANSPORT = {
  iceUfrag: 'ourU',
  icePwd: 'ourPassword0123456789x',
  fingerprint: { algorithm: 'sha-256', value: 'AB:CD' },
  candidates: [candidate],
};

function viewerPlan(offer: PeerOffer): ViewerPlan {
  const stream = streamOf(H264, OPUS);
  const plan = planViewer(
    offer,
    stream.tracks.map((track) => ({ stream, track })),
  );
  const sections = plan.sections.map((section, index) => ({
    ...section,
    ssrc: 1000 + index,
    rtxSsrc: section.rtxSsrc === undefined ? undefined : 2000 + index,
  }));
  return { ...plan, sections };
}

function viewerAnswer(text = viewerOffer()): string {
  const offer = readOffer(text);
  return writeAnswer(offer, TRANSPORT, viewerSections(viewerPlan(offer), 'cam'));
}

function publisherAnswer(text = publisherOffer()): string {
  const offer = readOffer(text);
  return writeAnswer(offer, TRANSPORT, publisherSections(planPublisher(offer)));
}

function parsed(answer: string): WebrtcDescription {
  return readWebrtcDescription(parseSdp(answer));
}

const GOLDEN = `v=0
o=- 0 0 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=ice-lite
m=video 9 UDP/TLS/RTP/SAVPF 108 109
c=IN IP4 0.0.0.0
a=candidate:1 1 udp 2130706431 127.0.0.1 8189 typ host
a=end-of-candidates
a=ice-ufrag:ourU
a=ice-pwd:ourPassword0123456789x
a=fingerprint:sha-256 AB:CD
a=setup:passive
a=mid:0
a=sendonly
a=msid:cam cam-video
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:108 H264/90000
a=rtcp-fb:108 goog-remb
a=rtcp-fb:108 ccm fir
a=rtcp-fb:108 nack
a=rtcp-fb:108 nack pli
a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:109 rtx/90000
a=fmtp:109 apt=108
a=ssrc-group:FID 1000 2000
a=ssrc:1000 cname:cam
a=ssrc:2000 cname:cam
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=candidate:1 1 udp 2130706431 127.0.0.1 8189 typ host
a=end-of-candidates
a=ice-ufrag:ourU
a=ice-pwd:ourPassword0123456789x
a=fingerprint:sha-256 AB:CD
a=setup:passive
a=mid:1
a=sendonly
a=msid:cam cam-audio
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
a=ssrc:1001 cname:cam
m=application 0 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:2
a=inactive
`;

describe('writeAnswer()', () => {
  it('answers a viewer', () => {
    assert.equal(viewerAnswer(), GOLDEN.replaceAll('\n', '\r\n'));
  });

  it('keeps the order of the offer', () => {
    const answer = parsed(viewerAnswer(offerOf(dataSection('d'), audioSection(), videoSection())));
    assert.deepEqual(
      answer.medias.map(({ kind, mid, isRejected }) => [kind, mid, isRejected]),
      [
        ['application', 'd', true],
        ['audio', '1', false],
        ['video', '0', false],
      ],
    );
    assert.deepEqual(answer.bundleGroups, [['1', '0']]);
  });

  it('refuses a second section of a kind, and sections with nothing for them', () => {
    const second = videoSection({ mid: 'x', formats: ['vp8'] });
    const answer = parsed(viewerAnswer(offerOf(videoSection(), audioSection(), second)));
    const refused = answer.medias[2];
    assert.deepEqual([refused?.port, refused?.direction, refused?.mid], [0, 'inactive', 'x']);
    assert.equal(refused?.iceUfrag, undefined);
    assert.deepEqual(
      refused?.formats.map(({ payloadType, rtcpFeedback }) => [payloadType, rtcpFeedback]),
      [[96, []]],
    );
    assert.deepEqual(answer.bundleGroups, [['0', '1']]);
  });

  it('keeps the first section without media when only a later one is used', () => {
    const offer = readOffer(viewerOffer());
    const stream = streamOf(OPUS);
    const plan = planViewer(
      offer,
      stream.tracks.map((track) => ({ stream, track })),
    );
    const answer = parsed(writeAnswer(offer, TRANSPORT, viewerSections(plan, 'cam')));
    const [video, audio] = answer.medias;
    assert.deepEqual([video?.port, video?.direction, video?.iceUfrag], [9, 'inactive', 'ourU']);
    assert.deepEqual([audio?.port, audio?.direction], [9, 'sendonly']);
    assert.deepEqual(answer.bundleGroups, [['0', '1']]);
  });

  it('keeps an m= line whole when the refused section had no format', () => {
    const audio = { ...audioSection(), line: 'audio 9 UDP/TLS/RTP/SAVPF x' };
    assert.match(
      viewerAnswer(offerOf(videoSection(), audio)),
      /^m=audio 0 UDP\/TLS\/RTP\/SAVPF 0\r$/mu,
    );
  });

  it('has no bundle group for an offer without mids', () => {
    const offer = offerOf(videoSection())
      .replace('a=group:BUNDLE 0\r\n', '')
      .replace('a=mid:0\r\n', '');
    const answer = parsed(viewerAnswer(offer));
    assert.deepEqual([answer.bundleGroups, answer.medias[0]?.mid], [[], undefined]);
  });

  it('leaves out retransmission, reduced RTCP and mixed extensions that were not offered', () => {
    const offer = viewerOffer()
      .replaceAll(' rtx/90000', ' other/90000')
      .replaceAll('a=rtcp-rsize\r\n', '')
      .replace('a=extmap-allow-mixed\r\n', '');
    const answer = viewerAnswer(offer);
    assert.doesNotMatch(answer, /rtx|FID|rsize|mixed/u);
    assert.match(answer, /^m=video 9 UDP\/TLS\/RTP\/SAVPF 108\r$/mu);
  });

  it('is accepted once per section: media is found by identity, not by mid', () => {
    const twins = offerOf(videoSection({ mid: '0' }), audioSection({ mid: '0' }));
    const answer = parsed(viewerAnswer(twins));
    assert.deepEqual(
      answer.medias.map(({ isRejected }) => isRejected),
      [false, false],
    );
  });
});

describe('publisherSections()', () => {
  it('takes one codec per section, with the feedback that the server gives', () => {
    const answer = parsed(publisherAnswer());
    const [video, audio] = answer.medias;
    assert.deepEqual(
      video?.formats.map(({ payloadType }) => payloadType),
      [96, 97],
    );
    assert.deepEqual(video.formats[0]?.rtcpFeedback, [
      'transport-cc',
      'ccm fir',
      'nack',
      'nack pli',
    ]);
    assert.deepEqual(audio?.formats[0]?.rtcpFeedback, ['transport-cc']);
    assert.deepEqual([video.direction, audio.direction], ['recvonly', 'recvonly']);
    assert.deepEqual(
      video.headerExtensions.map(({ id, direction }) => [id, direction]),
      [[4, undefined]],
    );
    assert.deepEqual([video.sources, video.mediaStreams], [[], []]);
  });

  it('asks for stereo once', () => {
    assert.match(publisherAnswer(), /a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r/u);
    const stereo = publisherOffer().replace('useinbandfec=1', 'useinbandfec=1;stereo=0');
    assert.match(publisherAnswer(stereo), /a=fmtp:111 minptime=10;useinbandfec=1;stereo=0\r/u);
    const bare = publisherOffer().replace('a=fmtp:111 minptime=10;useinbandfec=1\r\n', '');
    assert.match(publisherAnswer(bare), /a=fmtp:111 stereo=1\r/u);
  });

  it('takes receiver-estimated bitrates where transport-wide feedback is not offered', () => {
    const plain = offerOf(
      videoSection({ direction: 'sendonly', hasTransportSequence: false }),
      audioSection({ direction: 'sendonly', hasTransportSequence: false }),
    );
    const [video] = parsed(publisherAnswer(plain)).medias;
    assert.deepEqual(video?.formats[0]?.rtcpFeedback, ['goog-remb', 'ccm fir', 'nack', 'nack pli']);
    assert.deepEqual(video.headerExtensions, []);
  });

  it("turns the offerer's direction of an extension off", () => {
    const sending = publisherOffer().replaceAll('extmap:4 ', 'extmap:4/sendonly ');
    assert.match(publisherAnswer(sending), /a=extmap:4 http/u);
    const uri = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';
    const timed = sending.replaceAll('a=extmap:4', `a=extmap:2/sendonly ${uri}\r\na=extmap:4`);
    const accepted = publisherAnswer(timed).match(/a=extmap:2 http\S+/gu);
    assert.deepEqual(accepted, [`a=extmap:2 ${uri}`, `a=extmap:2 ${uri}`]);
  });
});
