// Incoming SRTP: RFC 7714 vectors, order, loss, replay, rollover, tampering, random bytes.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { EgressProfile } from '../../../core/egress/egress-engine.ts';
import { deriveSrtpKeys, type SrtpSessionKeys } from '../../../core/egress/srtp-key-derivation.ts';
import { SrtpReceiver } from '../../../core/egress/srtp-receiver.ts';
import { SrtpWorkspace } from '../../../core/egress/srtp-workspace.ts';
import { referenceProtectRtp, rtpPacket } from './support/reference-srtp.ts';

const profiles: readonly EgressProfile[] = [1, 7];

function makeKeys(profile: EgressProfile): SrtpSessionKeys {
  const masterSalt = randomBytes(profile === 1 ? 14 : 12);
  return deriveSrtpKeys({ profile, masterKey: randomBytes(16), masterSalt });
}

/** Keys as RFC 7714 sections 16 and 17 give them: session keys, not master keys. */
function rfc7714Keys(): SrtpSessionKeys {
  const stream = {
    cipherKey: Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'),
    salt: Buffer.from('517569642070726f2071756f', 'hex'),
    authKey: Buffer.alloc(0),
  };
  return { profile: 7, rtp: stream, rtcp: stream };
}

describe('SrtpReceiver', () => {
  const workspace = new SrtpWorkspace();

  it('opens the packet of RFC 7714 section 16.1.1', () => {
    const receiver = new SrtpReceiver(rfc7714Keys(), workspace);
    const packet = Buffer.from(
      '8040f17b8041f8d35501a0b2' +
        'f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833' +
        '899d7f27beb16a9152cf765ee4390cce',
      'hex',
    );
    const plain = receiver.unprotect(packet);
    assert.equal(
      plain && Buffer.from(plain).toString('hex'),
      '8040f17b8041f8d35501a0b2' +
        '47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573',
    );
  });

  for (const profile of profiles) {
    describe(`profile ${profile}`, () => {
      it('opens packets of every length, with CSRCs and a header extension', () => {
        const keys = makeKeys(profile);
        const receiver = new SrtpReceiver(keys, workspace);
        for (let index = 0; index < 70; index++) {
          const plain = rtpPacket({
            sequenceNumber: index,
            payload: randomBytes(index),
            csrcCount: index % 3,
            extensionWords: index % 4,
          });
          const opened = receiver.unprotect(referenceProtectRtp(keys, plain, index));
          assert.deepEqual(opened && Buffer.from(opened), plain);
        }
      });

      it('follows the index over three rollovers with loss around each', () => {
        const keys = makeKeys(profile);
        const receiver = new SrtpReceiver(keys, workspace);
        for (let index = 100; index < 3 * 65536 + 2000; index += 20011) {
          const plain = rtpPacket({ sequenceNumber: index & 0xffff, payload: randomBytes(20) });
          assert.ok(receiver.unprotect(referenceProtectRtp(keys, plain, index)), `index ${index}`);
        }
      });

      it('takes late packets from before the rollover after it, once', () => {
        const keys = makeKeys(profile);
        const receiver = new SrtpReceiver(keys, workspace);
        const order = [65530, 65536, 65540, 65535, 65534, 65537];
        const packets = order.map((index) => {
          const plain = rtpPacket({ sequenceNumber: index & 0xffff, payload: randomBytes(33) });
          return referenceProtectRtp(keys, plain, index);
        });
        for (const packet of packets) assert.ok(receiver.unprotect(packet));
        for (const packet of packets) assert.equal(receiver.unprotect(packet), undefined);
        assert.equal(receiver.stats.packetsReplayed, packets.length);
      });

      it('refuses what is older than its window and what precedes the first rollover', () => {
        const keys = makeKeys(profile);
        const receiver = new SrtpReceiver(keys, workspace);
        const protect = (index: number): Uint8Array =>
          referenceProtectRtp(
            keys,
            rtpPacket({ sequenceNumber: index & 0xffff, payload: randomBytes(9) }),
            index,
          );
        assert.ok(receiver.unprotect(protect(2000)));
        assert.ok(receiver.unprotect(protect(2000 - 1023)));
        assert.equal(receiver.unprotect(protect(2000 - 1024)), undefined);
        assert.equal(receiver.unprotect(protect(65535)), undefined);
        assert.equal(receiver.stats.packetsReplayed, 2);
      });

      it('refuses a packet with any byte changed and keeps its state', () => {
        const keys = makeKeys(profile);
        const receiver = new SrtpReceiver(keys, workspace);
        const plain = rtpPacket({ sequenceNumber: 7, payload: randomBytes(40) });
        const packet = referenceProtectRtp(keys, plain, 7);
        for (let at = 0; at < packet.length; at++) {
          const wrong = Buffer.from(packet);
          wrong[at] = (wrong[at] ?? 0) ^ 0x10;
          assert.equal(receiver.unprotect(wrong), undefined, `byte ${at}`);
        }
        assert.ok(receiver.unprotect(packet));
      });

      it('refuses every truncated packet', () => {
        const keys = makeKeys(profile);
        const receiver = new SrtpReceiver(keys, workspace);
        const plain = rtpPacket({ sequenceNumber: 7, payload: randomBytes(20), extensionWords: 2 });
        const packet = referenceProtectRtp(keys, plain, 7);
        for (let length = 0; length < packet.length; length++) {
          assert.equal(receiver.unprotect(packet.subarray(0, length)), undefined);
        }
      });

      it('does not let a forged packet move the rollover counter', () => {
        const keys = makeKeys(profile);
        const receiver = new SrtpReceiver(keys, workspace);
        const protect = (index: number): Buffer =>
          Buffer.from(
            referenceProtectRtp(
              keys,
              rtpPacket({ sequenceNumber: index & 0xffff, payload: randomBytes(9) }),
              index,
            ),
          );
        assert.ok(receiver.unprotect(protect(65000)));
        const forged = protect(65600);
        forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1;
        assert.equal(receiver.unprotect(forged), undefined);
        assert.ok(receiver.unprotect(protect(65001)));
      });

      it('survives random bytes', () => {
        const receiver = new SrtpReceiver(makeKeys(profile), workspace);
        fc.assert(
          fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
            if (bytes.length > 0) bytes[0] = 0x80 | ((bytes[0] ?? 0) & 0x3f);
            assert.equal(receiver.unprotect(bytes), undefined);
          }),
          { numRuns: 3000 },
        );
        const { stats } = receiver;
        assert.equal(stats.packetsReceived, stats.packetsMalformed + stats.packetsUnauthentic);
      });
    });
  }

  it('refuses SSRCs beyond its limit without forgetting the others', () => {
    const keys = makeKeys(1);
    const receiver = new SrtpReceiver(keys, workspace, { maxSsrcs: 2 });
    const protect = (ssrc: number, index: number): Uint8Array =>
      referenceProtectRtp(
        keys,
        rtpPacket({ ssrc, sequenceNumber: index, payload: randomBytes(9) }),
        index,
      );
    assert.ok(receiver.unprotect(protect(1, 5)));
    assert.ok(receiver.unprotect(protect(2, 5)));
    assert.equal(receiver.unprotect(protect(3, 5)), undefined);
    assert.ok(receiver.unprotect(protect(1, 6)));
    assert.equal(receiver.stats.packetsFromTooManySsrcs, 1);
  });

  it('refuses packets that are larger than its memory', () => {
    const receiver = new SrtpReceiver(makeKeys(1), workspace);
    const huge = Buffer.alloc(60000);
    huge[0] = 0x80;
    assert.equal(receiver.unprotect(huge), undefined);
    assert.equal(receiver.stats.packetsMalformed, 1);
  });
});
