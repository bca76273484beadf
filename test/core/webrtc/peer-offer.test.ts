// Tests of offers: what is taken from browsers and GStreamer, what is refused and why.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import { readOffer } from '../../../core/webrtc/peer-offer.ts';
import {
  audioSection,
  dataSection,
  OFFER_FINGERPRINT,
  OFFER_PWD,
  OFFER_UFRAG,
  offerOf,
  videoSection,
  viewerOffer,
  type SectionText,
} from './sample-offers.ts';

function without(section: SectionText, ...starts: readonly string[]): SectionText {
  const lines = section.lines.filter((line) => !starts.some((start) => line.startsWith(start)));
  return { ...section, lines };
}

function withPort(section: SectionText, port: number, ...more: readonly string[]): SectionText {
  const line = section.line.replace(' 9 ', ` ${port} `);
  return { ...section, line, lines: [...section.lines, ...more] };
}

function refusal(text: string): { readonly code: string; readonly message: string } {
  try {
    readOffer(text);
  } catch (thrown) {
    assert.ok(thrown instanceof MediaError, String(thrown));
    assert.equal(thrown.kind, 'invalid-argument');
    return thrown;
  }
  assert.fail('the offer was taken');
}

const kindsOf = (text: string): string[] => readOffer(text).bundled.map(({ kind }) => kind);

describe('readOffer()', () => {
  it("takes Chromium's offer with a data channel and without candidates", () => {
    const offer = readOffer(viewerOffer());
    assert.equal(offer.iceUfrag, OFFER_UFRAG);
    assert.equal(offer.icePwd, OFFER_PWD);
    assert.deepEqual(offer.fingerprints, [{ algorithm: 'sha-256', value: OFFER_FINGERPRINT }]);
    assert.deepEqual(kindsOf(viewerOffer()), ['video', 'audio', 'application']);
  });

  it('takes audio first, a data channel first, and one section alone', () => {
    assert.deepEqual(kindsOf(offerOf(audioSection(), videoSection())), ['audio', 'video']);
    assert.deepEqual(kindsOf(offerOf(dataSection(), videoSection())), ['application', 'video']);
    assert.deepEqual(kindsOf(offerOf(videoSection())), ['video']);
  });

  it('takes line ends of any kind and other cases of the protocol', () => {
    assert.equal(kindsOf(viewerOffer().replaceAll('\r\n', '\n')).length, 3);
    assert.equal(kindsOf(viewerOffer().replaceAll('\r\n', '\r')).length, 3);
    assert.equal(
      kindsOf(viewerOffer().replaceAll('UDP/TLS/RTP/SAVPF', 'udp/tls/RTP/SAVPF')).length,
      3,
    );
    for (const protocol of ['RTP/SAVPF', 'TCP/DTLS/RTP/SAVPF', 'UDP/TLS/RTP/SAVP']) {
      assert.equal(kindsOf(viewerOffer().replaceAll('UDP/TLS/RTP/SAVPF', protocol)).length, 3);
    }
  });

  it('takes candidates of any spelling', () => {
    const candidate = 'candidate:1 1 UDP 2015363327 192.0.2.7 50000 typ host';
    const section = videoSection();
    const offer = readOffer(offerOf({ ...section, lines: [...section.lines, candidate] }));
    assert.equal(offer.bundled[0]?.candidates[0]?.port, 50000);
  });

  it('takes bundle-only sections with port 0 and no ICE of their own', () => {
    const audio = withPort(without(audioSection(), 'ice-', 'setup'), 0, 'bundle-only');
    assert.deepEqual(kindsOf(offerOf(videoSection(), audio)), ['video', 'audio']);
    const bare = without(audio, 'fingerprint');
    assert.equal(readOffer(offerOf(bare, videoSection())).iceUfrag, OFFER_UFRAG);
  });

  it('leaves out sections that are switched off', () => {
    assert.deepEqual(kindsOf(offerOf(withPort(videoSection(), 0), audioSection())), ['audio']);
  });

  it('leaves out sections outside the bundle', () => {
    const text = viewerOffer().replace('a=group:BUNDLE 0 1 2', 'a=group:BUNDLE 1 2');
    assert.deepEqual(kindsOf(text), ['video']);
    assert.deepEqual(kindsOf(viewerOffer().replace('a=group:BUNDLE 0 1 2\r\n', '')), ['video']);
  });

  it('takes the transport from the section that the bundle names first', () => {
    const audio = audioSection();
    const lines = audio.lines.map((line) => line.replace(OFFER_UFRAG, 'other'));
    const text = offerOf(videoSection(), { ...audio, lines });
    assert.equal(readOffer(text).iceUfrag, OFFER_UFRAG);
    const swapped = text.replace('BUNDLE 0 1', 'BUNDLE 1 0');
    assert.equal(readOffer(swapped).iceUfrag, 'other');
  });

  it('takes ICE and DTLS parameters of the session', () => {
    const own = ['ice-', 'fingerprint', 'setup'];
    const sections = offerOf(without(videoSection(), ...own), without(audioSection(), ...own));
    const session =
      `a=ice-ufrag:${OFFER_UFRAG}\r\na=ice-pwd:${OFFER_PWD}\r\n` +
      `a=fingerprint:sha-256 ${OFFER_FINGERPRINT}\r\na=setup:actpass\r\nm=video`;
    assert.equal(readOffer(sections.replace('m=video', session)).iceUfrag, OFFER_UFRAG);
  });

  it('keeps only fingerprints of hashes that count as safe', () => {
    const weak = viewerOffer().replaceAll('sha-256', 'sha-1');
    assert.equal(refusal(weak).code, 'offer-without-fingerprint');
    const section = videoSection();
    const both = {
      ...section,
      lines: [...section.lines, `fingerprint:sha-1 ${OFFER_FINGERPRINT.slice(0, 59)}`],
    };
    assert.deepEqual(
      readOffer(offerOf(both)).fingerprints.map(({ algorithm }) => algorithm),
      ['sha-256'],
    );
  });

  const refused: readonly (readonly [string, string, string])[] = [
    ['without ufrag', offerOf(without(videoSection(), 'ice-ufrag')), 'offer-without-ice'],
    ['without pwd', offerOf(without(videoSection(), 'ice-pwd')), 'offer-without-ice'],
    ['with a short ufrag', viewerOffer().replaceAll(OFFER_UFRAG, 'abc'), 'offer-without-ice'],
    ['with a short pwd', viewerOffer().replaceAll(OFFER_PWD, 'x'.repeat(21)), 'offer-without-ice'],
    [
      'with a huge ufrag',
      viewerOffer().replaceAll(OFFER_UFRAG, 'x'.repeat(257)),
      'offer-without-ice',
    ],
    [
      'without fingerprint',
      offerOf(without(videoSection(), 'fingerprint')),
      'offer-without-fingerprint',
    ],
    ['without rtcp-mux', offerOf(without(videoSection(), 'rtcp-mux')), 'offer-without-rtcp-mux'],
    ['that is passive', viewerOffer().replaceAll('actpass', 'passive'), 'offer-setup-unsupported'],
    ['on hold', viewerOffer().replaceAll('actpass', 'holdconn'), 'offer-setup-unsupported'],
    [
      'over plain RTP',
      viewerOffer().replaceAll('UDP/TLS/RTP/SAVPF', 'RTP/AVP'),
      'offer-protocol-unsupported',
    ],
    [
      'without sections',
      'v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n',
      'offer-without-media',
    ],
    ['with every section off', offerOf(withPort(videoSection(), 0)), 'offer-without-media'],
    ['that is empty', '', 'sdp-empty'],
    ['that is JSON', '{"type":"offer"}', 'sdp-empty'],
    ['of more than 64 kB', viewerOffer() + 'a=x\r\n'.repeat(20_000), 'sdp-too-large'],
    [
      'with a port that is none',
      viewerOffer().replace('video 9 ', 'video x '),
      'sdp-invalid-media',
    ],
  ];
  for (const [what, text, code] of refused) {
    it(`refuses an offer ${what}`, () => assert.equal(refusal(text).code, code));
  }

  it('names what is missing', () => {
    const { message } = refusal(offerOf(without(videoSection(), 'rtcp-mux')));
    assert.equal(message, 'invalid SDP offer: m=video has no a=rtcp-mux');
  });

  it('answers any text with a MediaError or an offer', () => {
    const lines = viewerOffer().split('\r\n');
    const spoiled = fc
      .array(fc.tuple(fc.nat(lines.length - 1), fc.string({ maxLength: 12 })), { maxLength: 6 })
      .map((edits) => {
        const copy = [...lines];
        for (const [index, text] of edits) copy[index] = (copy[index] ?? '').slice(0, 6) + text;
        return copy.join('\r\n');
      });
    fc.assert(
      fc.property(fc.oneof(spoiled, fc.string({ maxLength: 200 })), (text) => {
        try {
          assert.ok(readOffer(text).bundled.length > 0);
        } catch (thrown) {
          assert.ok(thrown instanceof MediaError, String(thrown));
        }
      }),
      { numRuns: 500 },
    );
  });
});
