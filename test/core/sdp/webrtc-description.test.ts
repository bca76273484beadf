// Tests of offers and answers: what Chromium and GStreamer write, and a round trip of everything.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseSdp } from '../../../core/sdp/parse-sdp.ts';
import { readWebrtcDescription } from '../../../core/sdp/read-webrtc-description.ts';
import type { WebrtcDescription, WebrtcMedia } from '../../../core/sdp/webrtc-description.ts';
import { webrtcDescriptionToSdp } from '../../../core/sdp/write-webrtc-description.ts';
import { writeSdp } from '../../../core/sdp/write-sdp.ts';

const HASH = Array.from({ length: 32 }, (_, index) =>
  (index * 7).toString(16).padStart(2, '0').toUpperCase(),
).join(':');

function read(...lines: readonly string[]): WebrtcDescription {
  return readWebrtcDescription(parseSdp(lines.join('\r\n')));
}

function mediaOf(...lines: readonly string[]): WebrtcMedia {
  const [media] = read('m=video 9 UDP/TLS/RTP/SAVPF 96', ...lines).medias;
  assert.ok(media);
  return media;
}

const OFFER = [
  'v=0',
  'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1 2',
  'a=extmap-allow-mixed',
  'a=msid-semantic: WMS stream',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97 102',
  'c=IN IP4 0.0.0.0',
  'a=rtcp:9 IN IP4 0.0.0.0',
  'a=candidate:1 1 udp 2113937151 127.0.0.1 5000 typ host generation 0 network-cost 999',
  'a=ice-ufrag:ETEn',
  'a=ice-pwd:OtSK0WpNtpUjkY4+86js7Z/l',
  'a=ice-options:trickle renomination',
  `a=fingerprint:sha-256 ${HASH}`,
  `a=fingerprint:SHA-1 ${HASH.slice(0, 59).toLowerCase()}`,
  'a=setup:actpass',
  'a=mid:0',
  'a=extmap:1 urn:ietf:params:rtp-hdrext:toffset',
  'a=extmap:3/sendonly http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01 x y',
  'a=sendonly',
  'a=msid:stream track',
  'a=rtcp-mux',
  'a=rtcp-rsize',
  'a=rtpmap:96 VP8/90000',
  'a=rtcp-fb:96 goog-remb',
  'a=rtcp-fb:96 nack pli',
  'a=rtpmap:97 rtx/90000',
  'a=fmtp:97 apt=96',
  'a=rtpmap:102 H264/90000',
  'a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f',
  'a=rid:hi send max-width=1280;max-fps=30',
  'a=rid:lo send',
  'a=simulcast:send hi;lo,~mid recv a',
  'a=ssrc-group:FID 1001 1002',
  'a=ssrc:1001 cname:abc',
  'a=ssrc:1001 msid:stream track',
  'a=ssrc:1002 cname:abc',
  'm=audio 0 UDP/TLS/RTP/SAVPF 111',
  'a=bundle-only',
  'a=mid:1',
  'a=recvonly',
  'a=rtpmap:111 opus/48000/2',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'a=mid:2',
  'a=sctp-port:5000',
  'a=max-message-size:262144',
];

describe('readWebrtcDescription()', () => {
  it('reads the session part of an offer', () => {
    const offer = read(...OFFER);
    assert.equal(offer.origin, '- 4611731400430051336 2 IN IP4 127.0.0.1');
    assert.deepEqual(offer.bundleGroups, [['0', '1', '2']]);
    assert.equal(offer.allowsMixedExtensions, true);
    assert.equal(offer.isIceLite, false);
    assert.equal(offer.medias.length, 3);
  });

  it('reads the transport of a section', () => {
    const [video] = read(...OFFER).medias;
    assert.ok(video);
    assert.equal(video.iceUfrag, 'ETEn');
    assert.equal(video.icePwd, 'OtSK0WpNtpUjkY4+86js7Z/l');
    assert.deepEqual(video.iceOptions, ['trickle', 'renomination']);
    assert.deepEqual(video.fingerprints, [
      { algorithm: 'sha-256', value: HASH },
      { algorithm: 'sha-1', value: HASH.slice(0, 59) },
    ]);
    assert.equal(video.setup, 'actpass');
    assert.equal(video.candidates[0]?.port, 5000);
    assert.equal(video.hasEndOfCandidates, false);
    assert.deepEqual([video.hasRtcpMux, video.hasReducedSizeRtcp], [true, true]);
  });

  it('reads the media of a section', () => {
    const [video] = read(...OFFER).medias;
    assert.ok(video);
    assert.deepEqual([video.kind, video.mid, video.direction], ['video', '0', 'sendonly']);
    assert.deepEqual(
      video.formats.map(({ payloadType, encoding, fmtp }) => [payloadType, encoding, fmtp]),
      [
        [96, 'VP8', ''],
        [97, 'rtx', 'apt=96'],
        [102, 'H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f'],
      ],
    );
    assert.deepEqual(video.formats[0]?.rtcpFeedback, ['goog-remb', 'nack pli']);
    assert.deepEqual(video.headerExtensions, [
      { id: 1, uri: 'urn:ietf:params:rtp-hdrext:toffset', parameters: '' },
      {
        id: 3,
        uri: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
        direction: 'sendonly',
        parameters: 'x y',
      },
    ]);
    assert.deepEqual(video.sources, [
      { ssrc: 1001, cname: 'abc', msid: 'stream track' },
      { ssrc: 1002, cname: 'abc' },
    ]);
    assert.deepEqual(video.sourceGroups, [{ semantics: 'FID', ssrcs: [1001, 1002] }]);
    assert.deepEqual(video.mediaStreams, [{ streamId: 'stream', trackId: 'track' }]);
  });

  it('reads simulcast layers and their restrictions', () => {
    const [video] = read(...OFFER).medias;
    assert.deepEqual(video?.rids, [
      { id: 'hi', direction: 'send', restrictions: 'max-width=1280;max-fps=30' },
      { id: 'lo', direction: 'send', restrictions: '' },
    ]);
    assert.deepEqual(video.simulcast, {
      send: [
        [{ rid: 'hi', isPaused: false }],
        [
          { rid: 'lo', isPaused: false },
          { rid: 'mid', isPaused: true },
        ],
      ],
      recv: [[{ rid: 'a', isPaused: false }]],
    });
  });

  it('tells a bundled section of port 0 from a refused one', () => {
    const [, audio] = read(...OFFER).medias;
    assert.deepEqual([audio?.isBundleOnly, audio?.isRejected], [true, false]);
    const [refused] = read('m=audio 0 UDP/TLS/RTP/SAVPF 0').medias;
    assert.deepEqual([refused?.isBundleOnly, refused?.isRejected], [false, true]);
  });

  it('reads a data channel', () => {
    const application = read(...OFFER).medias[2];
    assert.deepEqual(
      [application?.formats, application?.sctpPort, application?.maxMessageSizeBytes],
      [[], 5000, 262144],
    );
  });

  it('fills session parameters into sections that have none', () => {
    const { medias, isIceLite } = read(
      'a=ice-lite',
      'a=ice-ufrag:sess',
      'a=ice-pwd:sesspassword',
      `a=fingerprint:sha-256 ${HASH}`,
      'a=setup:passive',
      'a=inactive',
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      'm=audio 9 UDP/TLS/RTP/SAVPF 0',
      'a=ice-ufrag:own',
      'a=setup:active',
      'a=sendrecv',
    );
    assert.equal(isIceLite, true);
    const [video, audio] = medias;
    assert.deepEqual(
      [video?.iceUfrag, video?.icePwd, video?.setup, video?.direction],
      ['sess', 'sesspassword', 'passive', 'inactive'],
    );
    assert.deepEqual(
      [audio?.iceUfrag, audio?.icePwd, audio?.setup, audio?.direction],
      ['own', undefined, 'active', 'sendrecv'],
    );
    assert.equal(audio?.fingerprints.length, 1);
  });

  it('leaves malformed attributes out', () => {
    const media = mediaOf(
      'a=candidate:x',
      'a=fingerprint:sha-256 12:34',
      `a=fingerprint:sha-256 ${HASH} more`,
      'a=setup:maybe',
      'a=extmap:0 urn:x',
      'a=extmap:256 urn:x',
      'a=extmap:5',
      'a=ssrc:x cname:y',
      'a=ssrc:4294967296 cname:y',
      'a=ssrc-group:FID',
      'a=ssrc-group:FID 1 x',
      'a=rid:a both',
      'a=rid:ä send',
      'a=simulcast:none x',
      'a=simulcast',
      'a=msid:',
      'a=sctp-port:65536',
    );
    const empty = mediaOf();
    assert.deepEqual(media, { ...empty, fingerprints: [] });
    assert.equal(empty.direction, 'sendrecv');
  });

  it('never throws on random attribute values', () => {
    const names = fc.constantFrom(
      'candidate',
      'fingerprint',
      'setup',
      'mid',
      'extmap',
      'ssrc',
      'ssrc-group',
      'rid',
      'simulcast',
      'msid',
      'group',
      'rtpmap',
      'fmtp',
      'rtcp-fb',
      'ice-options',
    );
    const values = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.stringMatching(/^[0-9a-f :;,~/=-]{0,30}$/),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(names, values), { maxLength: 5 }), (attributes) => {
        const lines = attributes.map(([name, value]) => `a=${name}:${value}`);
        const description = read('m=video 9 UDP/TLS/RTP/SAVPF 96 0', ...lines);
        assert.equal(description.medias[0]?.formats.length, 2);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('webrtcDescriptionToSdp()', () => {
  it('writes an offer that reads back as the same', () => {
    const offer = read(...OFFER);
    const text = writeSdp(webrtcDescriptionToSdp(offer));
    assert.deepEqual(readWebrtcDescription(parseSdp(text)), offer);
  });

  it('writes ice-lite at session level, where Chromium looks for it', () => {
    const text = writeSdp(webrtcDescriptionToSdp({ ...read(...OFFER), isIceLite: true }));
    assert.ok(text.indexOf('a=ice-lite\r\n') < text.indexOf('m='));
    assert.equal(text.split('a=ice-lite').length, 2);
  });

  it('writes sections of any kind that read back as the same', () => {
    const token = fc.stringMatching(/^[a-z0-9]{1,10}$/);
    const uint32 = fc.nat(0xffffffff);
    const directions = fc.constantFrom('sendrecv', 'sendonly', 'recvonly', 'inactive');
    const alternative = fc.record(
      { rid: token, isPaused: fc.boolean() },
      { noNullPrototype: true },
    );
    const layers = fc.array(fc.array(alternative, { minLength: 1, maxLength: 2 }), {
      minLength: 1,
      maxLength: 3,
    });
    const sections = fc.record(
      {
        direction: directions,
        headerExtensions: fc.array(
          fc.record(
            {
              id: fc.integer({ min: 1, max: 255 }),
              uri: token,
              direction: directions,
              parameters: token,
            },
            { requiredKeys: ['id', 'uri', 'parameters'], noNullPrototype: true },
          ),
          { maxLength: 3 },
        ),
        sources: fc.uniqueArray(
          fc.record(
            { ssrc: uint32, cname: token, msid: token },
            { requiredKeys: ['ssrc'], noNullPrototype: true },
          ),
          { maxLength: 3, selector: ({ ssrc }) => ssrc },
        ),
        sourceGroups: fc.array(
          fc.record(
            { semantics: token, ssrcs: fc.array(uint32, { minLength: 1, maxLength: 3 }) },
            { noNullPrototype: true },
          ),
          { maxLength: 2 },
        ),
        rids: fc.array(
          fc.record(
            { id: token, direction: fc.constantFrom('send', 'recv'), restrictions: token },
            { noNullPrototype: true },
          ),
          { maxLength: 2 },
        ),
        simulcast: fc.record({ send: layers, recv: layers }, { noNullPrototype: true }),
        mid: token,
        hasRtcpMux: fc.boolean(),
        hasEndOfCandidates: fc.boolean(),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(sections, (section) => {
        const [base] = read(...OFFER).medias;
        assert.ok(base);
        const description = { ...read(...OFFER), medias: [{ ...base, ...section }] };
        const text = writeSdp(webrtcDescriptionToSdp(description));
        assert.deepEqual(readWebrtcDescription(parseSdp(text)), description);
      }),
      { numRuns: 300 },
    );
  });
});
