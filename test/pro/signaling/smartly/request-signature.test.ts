// Tests of signatures against values that openssl and Python computed.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  isSignedBy,
  signRequest,
  type SignedRequest,
} from '../../../../pro/signaling/smartly/request-signature.ts';

const SECRET = 'your-secret-key-at-least-32-chars';
const REQUEST: SignedRequest = {
  method: 'POST',
  target: '/api/smartly/camera/camera.front_door/webrtc',
  timestamp: '1735228800',
  nonce: 'n-1',
  body: Buffer.from('{}'),
};
/** `printf 'POST\n...\n44136f...' | openssl dgst -sha256 -hmac ...` and Python's hmac agree. */
const SIGNATURE = '722af4daabab0084def1bad92a1a0a31b6c00a3202fda888b48e3b9d1fb1c322';

describe('signRequest()', () => {
  it('signs as openssl and Python do', () => {
    assert.equal(signRequest(SECRET, REQUEST), SIGNATURE);
  });

  it('signs a query, an empty body and a secret that is not ASCII', () => {
    const request = {
      ...REQUEST,
      target: '/api/smartly/camera/camera.a/webrtc?x=1',
      timestamp: '1767225600',
      nonce: '0f',
      body: new Uint8Array(),
    };
    assert.equal(
      signRequest('gehéim-schlüssel-mit-umlauten-32', request),
      'ded46647985264b594c7156c7d75bf529030ca47102f54666f6b24919a064115',
    );
  });
});

describe('isSignedBy()', () => {
  it('takes the signature in either case', () => {
    assert.equal(isSignedBy(SECRET, REQUEST, SIGNATURE), true);
    assert.equal(isSignedBy(SECRET, REQUEST, SIGNATURE.toUpperCase()), true);
  });

  for (const [part, changed] of Object.entries({
    method: { method: 'GET' },
    target: { target: `${REQUEST.target}/offer` },
    timestamp: { timestamp: '1735228801' },
    nonce: { nonce: 'n-2' },
    body: { body: Buffer.from('{ }') },
  })) {
    it(`refuses another ${part}`, () => {
      assert.equal(isSignedBy(SECRET, { ...REQUEST, ...changed }, SIGNATURE), false);
    });
  }

  it('refuses any other text', () => {
    const hex = fc.string({
      unit: fc.constantFrom(...'0123456789abcdef'.split('')),
      minLength: 64,
      maxLength: 64,
    });
    fc.assert(
      fc.property(fc.oneof(fc.string(), hex), (text) => {
        assert.equal(isSignedBy(SECRET, REQUEST, text), text === SIGNATURE);
      }),
      { numRuns: 2000 },
    );
  });

  it('parts the lines: moving one character over a border changes the signature', () => {
    const moved = { ...REQUEST, timestamp: '173522880', nonce: '0n-1' };
    assert.notEqual(signRequest(SECRET, moved), SIGNATURE);
  });
});
