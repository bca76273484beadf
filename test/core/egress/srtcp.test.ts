// SRTCP both ways: RFC 7714 vector, round trips, replay, tampering, the E bit, random bytes.
import assert from 'node:assert/strict';
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { EgressProfile } from '../../../core/egress/egress-engine.ts';
import { SrtcpProtector } from '../../../core/egress/srtcp-protector.ts';
import { SrtcpReceiver } from '../../../core/egress/srtcp-receiver.ts';
import { deriveSrtpKeys, type SrtpSessionKeys } from '../../../core/egress/srtp-key-derivation.ts';
import { SrtpWorkspace } from '../../../core/egress/srtp-workspace.ts';

const profiles: readonly EgressProfile[] = [1, 7];
const workspace = new SrtpWorkspace();

function makeKeys(profile: EgressProfile): SrtpSessionKeys {
  const masterSalt = randomBytes(profile === 1 ? 14 : 12);
  return deriveSrtpKeys({ profile, masterKey: randomBytes(16), masterSalt });
}

function senderReport(ssrc: number, extraBytes = 20): Buffer {
  const packet = Buffer.concat([Buffer.alloc(8), randomBytes(extraBytes)]);
  packet.writeUInt32BE(0x80c80006, 0);
  packet.writeUInt32BE(ssrc, 4);
  return packet;
}

function copy(bytes: Uint8Array | undefined): Buffer | undefined {
  return bytes && Buffer.from(bytes);
}

describe('SrtcpReceiver', () => {
  it('opens the packet of RFC 7714 section 17.1', () => {
    const stream = {
      cipherKey: Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'),
      salt: Buffer.from('517569642070726f2071756f', 'hex'),
      authKey: Buffer.alloc(0),
    };
    const receiver = new SrtcpReceiver({ profile: 7, rtp: stream, rtcp: stream }, workspace);
    const packet = Buffer.from(
      '81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda' +
        '4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4',
      'hex',
    );
    assert.equal(
      copy(receiver.unprotect(packet))?.toString('hex'),
      '81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61' +
        'deadbeefdeadbeefdeadbeefdeadbeefdeadbeef',
    );
  });

  for (const profile of profiles) {
    it(`accepts authenticated packets that are not encrypted, profile ${profile}`, () => {
      const keys = makeKeys(profile);
      const plain = senderReport(9);
      const index = Buffer.from([0, 0, 0, 77]);
      const receiver = new SrtcpReceiver(keys, workspace);
      assert.deepEqual(copy(receiver.unprotect(protectInClear(keys, plain, index))), plain);
    });

    it(`survives random bytes, profile ${profile}`, () => {
      const receiver = new SrtcpReceiver(makeKeys(profile), workspace);
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
          if (bytes.length > 0) bytes[0] = 0x80 | ((bytes[0] ?? 0) & 0x3f);
          assert.equal(receiver.unprotect(bytes), undefined);
        }),
        { numRuns: 2000 },
      );
    });
  }
});

function protectInClear(keys: SrtpSessionKeys, plain: Buffer, indexWord: Buffer): Buffer {
  const { cipherKey, authKey, salt } = keys.rtcp;
  if (keys.profile === 1) {
    const signed = Buffer.concat([plain, indexWord]);
    return Buffer.concat([
      signed,
      createHmac('sha1', authKey).update(signed).digest().subarray(0, 10),
    ]);
  }
  const iv = Buffer.alloc(12);
  iv.writeUInt32BE(plain.readUInt32BE(4), 2);
  indexWord.copy(iv, 8);
  for (const [at, byte] of salt.entries()) iv[at] = (iv[at] ?? 0) ^ byte;
  const cipher = createCipheriv('aes-128-gcm', cipherKey, iv);
  cipher.setAAD(Buffer.concat([plain, indexWord]));
  cipher.final();
  return Buffer.concat([plain, cipher.getAuthTag(), indexWord]);
}

describe('SrtcpProtector', () => {
  for (const profile of profiles) {
    describe(`profile ${profile}`, () => {
      it('is undone by the receiver for every length, and hides the body', () => {
        const keys = makeKeys(profile);
        const protector = new SrtcpProtector(keys, workspace);
        const receiver = new SrtcpReceiver(keys, workspace);
        for (let extraBytes = 0; extraBytes < 100; extraBytes++) {
          const plain = senderReport(5, extraBytes);
          const packet = protector.protect(plain);
          assert.ok(packet);
          assert.deepEqual(Buffer.from(packet.subarray(0, 8)), plain.subarray(0, 8));
          if (extraBytes > 8) assert.equal(Buffer.from(packet).includes(plain.subarray(8)), false);
          assert.deepEqual(copy(receiver.unprotect(packet)), plain);
        }
      });

      it('numbers packets from 1 with the E bit set, in its place', () => {
        const protector = new SrtcpProtector(makeKeys(profile), workspace);
        const plain = senderReport(5);
        for (let index = 1; index < 4; index++) {
          const packet = Buffer.from(protector.protect(plain) ?? []);
          const at = profile === 1 ? plain.length : packet.length - 4;
          assert.equal(packet.readUInt32BE(at), 0x80000000 + index);
        }
      });

      it('is refused by the receiver when replayed, changed or cut', () => {
        const keys = makeKeys(profile);
        const protector = new SrtcpProtector(keys, workspace);
        const receiver = new SrtcpReceiver(keys, workspace);
        const packet = Buffer.from(protector.protect(senderReport(5)) ?? []);
        for (let at = 0; at < packet.length; at++) {
          const wrong = Buffer.from(packet);
          wrong[at] = (wrong[at] ?? 0) ^ 1;
          assert.equal(receiver.unprotect(wrong), undefined, `byte ${at}`);
          assert.equal(receiver.unprotect(packet.subarray(0, at)), undefined, `length ${at}`);
        }
        assert.ok(receiver.unprotect(packet));
        assert.equal(receiver.unprotect(packet), undefined);
        assert.equal(receiver.stats.packetsReplayed, 1);
      });
    });
  }

  it('takes packets out of order within the window', () => {
    const keys = makeKeys(1);
    const protector = new SrtcpProtector(keys, workspace);
    const receiver = new SrtcpReceiver(keys, workspace);
    const packets = Array.from({ length: 200 }, () => protector.protect(senderReport(5)));
    const [first, second] = packets;
    for (const packet of packets.slice(100)) assert.ok(packet && receiver.unprotect(packet));
    assert.ok(packets[90] && receiver.unprotect(packets[90]));
    assert.equal(first && receiver.unprotect(first), undefined);
    assert.equal(second && receiver.unprotect(second), undefined);
  });

  it('refuses what is not RTCP or too long', () => {
    const protector = new SrtcpProtector(makeKeys(1), workspace);
    assert.equal(protector.protect(Buffer.alloc(7, 0x80)), undefined);
    assert.equal(protector.protect(Buffer.alloc(28)), undefined);
    assert.equal(protector.protect(Buffer.alloc(4000, 0x80)), undefined);
  });
});
