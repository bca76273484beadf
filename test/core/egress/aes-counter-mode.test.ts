// Key stream against RFC 3711 appendix B.2 and Node's AES-CTR.
import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { AesCounterMode } from '../../../core/egress/aes-counter-mode.ts';
import { KeystreamPad } from '../../../core/egress/keystream-pad.ts';

const cipherKey = Buffer.from('2B7E151628AED2A6ABF7158809CF4F3C', 'hex');
const salt = Buffer.from('F0F1F2F3F4F5F6F7F8F9FAFBFCFD', 'hex');

function keystream(pad: KeystreamPad, packet: number, lengthBytes: number): Buffer {
  const target = new Int32Array((lengthBytes + 3) >> 2);
  pad.xor(packet, target, 0);
  return Buffer.from(target.buffer, 0, lengthBytes);
}

describe('AesCounterMode', () => {
  it('makes the key stream of RFC 3711 appendix B.2', () => {
    const pad = new KeystreamPad({ sizeBytes: 4096, maxPackets: 4 });
    const mode = new AesCounterMode({ cipherKey, salt }, pad);
    mode.begin(0);
    mode.stage(0, 48);
    mode.generate();
    assert.equal(
      keystream(pad, 0, 48).toString('hex').toUpperCase(),
      'E03EAD0935C95E80E166B16DD92B4EB4' +
        'D23513162B02D0F72A43A2FE4A5F97AB' +
        '41E95B3BB0A2E8DD477901E4FCA894C0',
    );
  });

  it('makes the stream of each staged packet as AES-CTR with the initial vector of RFC 3711 does', () => {
    const pad = new KeystreamPad({ sizeBytes: 16384, maxPackets: 8 });
    const mode = new AesCounterMode({ cipherKey, salt }, pad);
    const ssrc = 0xfedcba98;
    const packets = [
      { index: 0, length: 1 },
      { index: 65535, length: 1200 },
      { index: 65536, length: 16 },
      { index: 2 ** 32 + 5, length: 333 },
      { index: 2 ** 48 - 1, length: 4096 },
    ];
    mode.begin(ssrc);
    for (const { index, length } of packets) mode.stage(index, length);
    mode.generate();
    for (const [number, { index, length }] of packets.entries()) {
      const iv = Buffer.concat([salt, Buffer.alloc(2)]);
      iv.writeUInt32BE((iv.readUInt32BE(4) ^ ssrc) >>> 0, 4);
      const words = Buffer.alloc(8);
      words.writeBigUInt64BE(BigInt(index));
      for (let i = 0; i < 6; i++) iv[8 + i] = (iv[8 + i] ?? 0) ^ (words[2 + i] ?? 0);
      const expected = createCipheriv('aes-128-ctr', cipherKey, iv).update(Buffer.alloc(length));
      assert.deepEqual(keystream(pad, number, length), expected, `index ${index}`);
    }
  });

  it('says when the pad is full', () => {
    const pad = new KeystreamPad({ sizeBytes: 1024, maxPackets: 2 });
    const mode = new AesCounterMode({ cipherKey, salt: randomBytes(14) }, pad);
    assert.equal(pad.hasRoomFor(1024), true);
    assert.equal(pad.hasRoomFor(1025), false);
    mode.begin(1);
    mode.stage(0, 1);
    assert.equal(pad.hasRoomFor(1008), true);
    assert.equal(pad.hasRoomFor(1009), false);
    mode.stage(1, 1);
    assert.equal(pad.hasRoomFor(1), false);
    mode.begin(1);
    assert.equal(pad.hasRoomFor(1024), true);
  });

  it('never stages a packet whose blocks do not fit the counter', () => {
    const pad = new KeystreamPad({ sizeBytes: 65536, maxPackets: 2 });
    assert.equal(pad.hasRoomFor(4096), true);
    assert.equal(pad.hasRoomFor(4097), false);
  });
});
