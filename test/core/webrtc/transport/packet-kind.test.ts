// Tests of the demultiplexer's first look.
import assert from 'node:assert/strict';
import { packetKind } from '../../../../core/webrtc/transport/packet-kind.ts';

describe('packetKind()', () => {
  it('follows RFC 7983 for every first byte', () => {
    for (let first = 0; first < 256; first++) {
      const expected =
        first <= 3
          ? 'stun'
          : first >= 20 && first <= 63
            ? 'dtls'
            : first >= 128 && first <= 191
              ? 'rtp'
              : 'unknown';
      const bytes = Uint8Array.of(first, 96, 0, 0, 0, 0, 0, 0);
      assert.equal(packetKind(bytes), expected, `first byte ${first}`);
    }
  });

  it('tells RTCP from RTP by the second byte (RFC 5761)', () => {
    for (let second = 0; second < 256; second++) {
      const expected = second >= 192 && second <= 223 ? 'rtcp' : 'rtp';
      const bytes = Uint8Array.of(0x80, second, 0, 0, 0, 0, 0, 0);
      assert.equal(packetKind(bytes), expected, `second byte ${second}`);
    }
  });

  it('calls empty and stunted packets unknown', () => {
    assert.equal(packetKind(new Uint8Array(0)), 'unknown');
    assert.equal(packetKind(Uint8Array.of(0x80, 200, 0, 0, 0, 0, 0)), 'unknown');
  });
});
