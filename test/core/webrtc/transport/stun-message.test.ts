// Tests of STUN parsing and answering: RFC 5769 vectors, malformed and random messages.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createPeerAddress } from '../../../../core/webrtc/transport/peer-address.ts';
import { StunMessage } from '../../../../core/webrtc/transport/stun-message.ts';
import { bindingError, bindingSuccess } from '../../../../core/webrtc/transport/stun-response.ts';
import { bindingRequest, parseResponse } from './stun-request.ts';

// RFC 5769 §2.1, §2.2 and §2.3; the password is that of the RFC.
const PASSWORD = 'VOkJxbRl1RmTxUk/WvJxBt';
const SAMPLE_REQUEST = hex(`
  000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74
  002400046e0001ff80290008932ff9b151263b36000600096576746a3a683676592020200008001
  49aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf`);
const SAMPLE_IPV4_RESPONSE = hex(`
  0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001
  a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96`);
const SAMPLE_IPV6_RESPONSE = hex(`
  010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002
  a1470113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed41
  80280004c8fb0b4c`);

describe('StunMessage', () => {
  it('reads the sample request of RFC 5769', () => {
    const message = new StunMessage();
    assert.ok(message.parse(SAMPLE_REQUEST));
    assert.equal(message.type, 1);
    assert.equal(message.text(message.usernameOffset, message.usernameLength), 'evtj:h6vY');
    assert.equal(message.localUfragLength(), 4);
    assert.equal(message.priority, 0x6e0001ff);
    assert.ok(message.isFromControlled);
    assert.ok(message.isIntegrityValid(PASSWORD));
    assert.ok(!message.isIntegrityValid(`${PASSWORD}x`));
  });

  it('reads the sample responses of RFC 5769', () => {
    for (const sample of [SAMPLE_IPV4_RESPONSE, SAMPLE_IPV6_RESPONSE]) {
      const message = new StunMessage();
      assert.ok(message.parse(sample));
      assert.ok(message.isIntegrityValid(PASSWORD));
    }
  });

  it('leaves the received bytes as they were', () => {
    const bytes = Buffer.from(SAMPLE_REQUEST);
    const message = new StunMessage();
    message.parse(bytes);
    message.isIntegrityValid(PASSWORD);
    assert.deepEqual(bytes, SAMPLE_REQUEST);
  });

  it('rejects a message in which any bit before FINGERPRINT was changed', () => {
    const message = new StunMessage();
    for (let bit = 0; bit < (SAMPLE_REQUEST.length - 8) * 8; bit++) {
      const bytes = Buffer.from(SAMPLE_REQUEST);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.ok(!message.parse(bytes) || !message.isIntegrityValid(PASSWORD), `bit ${bit}`);
    }
  });

  it('rejects every truncation', () => {
    const message = new StunMessage();
    for (let length = 0; length < SAMPLE_REQUEST.length; length++) {
      assert.ok(!message.parse(SAMPLE_REQUEST.subarray(0, length)), `${length} bytes`);
    }
  });

  it('ignores attributes behind MESSAGE-INTEGRITY', () => {
    const request = bindingRequest({ username: 'a:b', password: 'p' });
    const smuggled = Buffer.concat([request.subarray(0, -8), hex('00250000')]);
    smuggled.writeUInt16BE(smuggled.length - 20, 2);
    const message = new StunMessage();
    assert.ok(message.parse(smuggled));
    assert.ok(!message.hasUseCandidate);
  });

  it('forgets everything of the message before', () => {
    const message = new StunMessage();
    message.parse(bindingRequest({ username: 'a:b', password: 'p', isNominating: true }));
    const summary = (): unknown[] => [
      message.hasUseCandidate,
      message.isFromControlling,
      message.usernameLength,
      message.integrityOffset,
      message.priority,
    ];
    assert.deepEqual(summary(), [true, true, 3, 52, 0x6e7f1eff]);
    assert.ok(message.parse(hex('000100002112a442000102030405060708090a0b')));
    assert.deepEqual(summary(), [false, false, -1, -1, -1]);
  });

  it('survives any bytes behind a valid header', () => {
    const message = new StunMessage();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
        const attributes = tail.subarray(0, tail.length & ~3);
        const bytes = Buffer.concat([hex('000100002112a442000102030405060708090a0b'), attributes]);
        bytes.writeUInt16BE(attributes.length, 2);
        if (!message.parse(bytes)) return;
        assert.ok(message.usernameOffset + message.usernameLength <= bytes.length);
        assert.ok(message.integrityOffset < 0 || message.integrityOffset + 24 <= bytes.length);
        assert.ok(!message.isIntegrityValid(PASSWORD));
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('bindingSuccess()', () => {
  it('writes the mapped addresses of the RFC 5769 samples', () => {
    const cases = [
      ['192.0.2.1', SAMPLE_IPV4_RESPONSE],
      ['2001:db8:1234:5678:11:2233:4455:6677', SAMPLE_IPV6_RESPONSE],
    ] as const;
    const request = new StunMessage();
    request.parse(SAMPLE_REQUEST);
    for (const [address, sample] of cases) {
      const response = bindingSuccess(request, createPeerAddress(address, 32853), PASSWORD);
      const bytes = address.includes(':') ? 20 : 8;
      // The sample has SOFTWARE (16 bytes) in front.
      assert.deepEqual(response.subarray(24, 24 + bytes), sample.subarray(40, 40 + bytes));
      const parsed = new StunMessage();
      assert.ok(parsed.parse(response));
      assert.ok(parsed.isIntegrityValid(PASSWORD));
      assert.deepEqual(response.subarray(8, 20), SAMPLE_REQUEST.subarray(8, 20));
    }
  });

  it('maps an IPv4 address behind a dual-stack socket as IPv4', () => {
    const request = new StunMessage();
    request.parse(SAMPLE_REQUEST);
    const response = bindingSuccess(request, createPeerAddress('::ffff:192.0.2.7', 9), PASSWORD);
    assert.equal(parseResponse(response, PASSWORD)?.mapped, '192.0.2.7:9');
  });
});

describe('bindingError()', () => {
  it('is never longer than an unauthenticated request', () => {
    const request = new StunMessage();
    request.parse(hex('000100002112a442000102030405060708090a0b'));
    assert.equal(bindingError(request, 400), undefined);
    request.parse(SAMPLE_REQUEST);
    const response = bindingError(request, 401);
    assert.ok(response && response.length <= SAMPLE_REQUEST.length);
    assert.equal(parseResponse(response, PASSWORD)?.errorCode, 401);
  });

  it('names the unknown attribute in a 420', () => {
    const request = new StunMessage();
    const extra = [[0x0033, Uint8Array.of(1)]] as const;
    request.parse(bindingRequest({ username: 'a:b', password: PASSWORD, extra }));
    const response = bindingError(request, 420, PASSWORD);
    assert.equal(response?.readUInt16BE(32), 0x0033);
    assert.deepEqual(parseResponse(response, PASSWORD), {
      type: 0x0111,
      errorCode: 420,
      isAuthentic: true,
      mapped: undefined,
    });
  });
});

function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s/gu, ''), 'hex');
}
