// Session keys against RFC 3711 appendix B.3 and the checks of their input.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import { deriveSrtpKeys, saltBytesOf } from '../../../core/egress/srtp-key-derivation.ts';

const masterKey = Buffer.from('E1F97A0D3E018BE0D64FA32C06DE4139', 'hex');
const masterSalt = Buffer.from('0EC675AD498AFEEBB6960B3AABE6', 'hex');

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase();
}

describe('deriveSrtpKeys()', () => {
  it('yields the RTP session keys of RFC 3711 appendix B.3', () => {
    const { rtp } = deriveSrtpKeys({ profile: 1, masterKey, masterSalt });
    assert.equal(hex(rtp.cipherKey), 'C61E7A93744F39EE10734AFE3FF7A087');
    assert.equal(hex(rtp.salt), '30CBBC08863D8C85D49DB34A9AE1');
    assert.equal(hex(rtp.authKey), 'CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4');
  });

  it('yields RTCP keys that differ from the RTP keys', () => {
    const { rtp, rtcp } = deriveSrtpKeys({ profile: 1, masterKey, masterSalt });
    assert.notEqual(hex(rtcp.cipherKey), hex(rtp.cipherKey));
    assert.notEqual(hex(rtcp.salt), hex(rtp.salt));
    assert.notEqual(hex(rtcp.authKey), hex(rtp.authKey));
    assert.equal(rtcp.authKey.length, 20);
  });

  it('takes a salt of 12 bytes for AES-GCM and makes no authentication key', () => {
    const keys = deriveSrtpKeys({ profile: 7, masterKey, masterSalt: masterSalt.subarray(0, 12) });
    assert.equal(keys.rtp.salt.length, saltBytesOf(7));
    assert.equal(keys.rtp.cipherKey.length, 16);
    assert.equal(keys.rtp.authKey.length, 0);
  });

  it('refuses keys and salts of a wrong length and names it', () => {
    const shortKey = masterKey.subarray(1);
    const isLengthError = (thrown: unknown): boolean =>
      thrown instanceof MediaError && thrown.kind === 'invalid-argument';
    assert.throws(() => deriveSrtpKeys({ profile: 1, masterKey: shortKey, masterSalt }), {
      message: 'SRTP master key has 15 bytes instead of 16',
    });
    assert.throws(() => deriveSrtpKeys({ profile: 7, masterKey, masterSalt }), isLengthError);
  });
});
