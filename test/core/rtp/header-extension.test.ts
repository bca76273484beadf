// Tests of header extension elements: both forms of RFC 8285, padding, stop marks and hostile bytes.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { findHeaderExtension } from '../../../core/rtp/header-extension.ts';
import { RtpPacket } from '../../../core/rtp/rtp-packet.ts';

/** A packet with an extension of `profile` whose body is `body`, filled up to whole words. */
function packetWith(profile: number, body: readonly number[]): RtpPacket {
  const words = Math.ceil(body.length / 4);
  const bytes = Buffer.alloc(12 + 4 + words * 4 + 3, 0);
  bytes[0] = 0x90;
  bytes.writeUInt16BE(profile, 12);
  bytes.writeUInt16BE(words, 14);
  bytes.set(body, 16);
  const packet = new RtpPacket();
  assert.equal(packet.parse(bytes), true);
  return packet;
}

/** The bytes of the element, or undefined. */
function find(packet: RtpPacket, id: number, bytes = 1): number[] | undefined {
  const offset = findHeaderExtension(packet, id, bytes);
  return offset < 0 ? undefined : [...packet.bytes.subarray(offset, offset + bytes)];
}

const ONE_BYTE = 0xbede;
const TWO_BYTE = 0x1000;

describe('findHeaderExtension()', () => {
  it('finds one-byte elements behind others and behind padding', () => {
    const packet = packetWith(ONE_BYTE, [0x10, 0xaa, 0, 0, 0x41, 0x12, 0x34, 0, 0x22, 1, 2, 3]);
    assert.deepEqual(find(packet, 1), [0xaa]);
    assert.deepEqual(find(packet, 4, 2), [0x12, 0x34]);
    assert.deepEqual(find(packet, 2, 3), [1, 2, 3]);
    assert.equal(find(packet, 3), undefined);
  });

  it('finds two-byte elements, empty ones included, whatever the application bits', () => {
    const packet = packetWith(TWO_BYTE | 5, [200, 0, 0, 4, 2, 0x12, 0x34, 15, 1, 9]);
    assert.deepEqual(find(packet, 4, 2), [0x12, 0x34]);
    assert.deepEqual(find(packet, 15), [9]);
    assert.deepEqual(find(packet, 200, 0), []);
    assert.equal(find(packet, 200), undefined);
  });

  it('stops at id 15 and at id 0 with a length', () => {
    assert.equal(find(packetWith(ONE_BYTE, [0xf0, 0xaa, 0x40, 0xbb]), 4), undefined);
    assert.equal(find(packetWith(ONE_BYTE, [0x01, 0xaa, 0xaa, 0x40, 0xbb]), 4), undefined);
  });

  it('takes only elements that are whole and long enough', () => {
    assert.equal(find(packetWith(ONE_BYTE, [0x40, 1, 0, 0]), 4, 2), undefined);
    assert.equal(find(packetWith(ONE_BYTE, [0x10, 1, 0x4f, 1]), 4), undefined);
    assert.equal(find(packetWith(TWO_BYTE, [9, 0, 4, 200]), 4), undefined);
    assert.equal(find(packetWith(TWO_BYTE, [9, 1, 1, 4]), 4), undefined);
  });

  it('finds nothing without an extension, or in one of another profile', () => {
    const plain = new RtpPacket();
    assert.equal(plain.parse(Buffer.concat([Buffer.of(0x80), Buffer.alloc(30, 0x41)])), true);
    assert.equal(find(plain, 4), undefined);
    assert.equal(find(packetWith(0xabac, [0x40, 1, 0, 0]), 4), undefined);
    assert.equal(find(packetWith(ONE_BYTE, []), 4), undefined);
  });

  it('forgets the extension of the packet before', () => {
    const packet = packetWith(ONE_BYTE, [0x40, 1, 0, 0]);
    assert.equal(packet.parse(Buffer.concat([Buffer.of(0x80), Buffer.alloc(30, 0x41)])), true);
    assert.equal(find(packet, 4), undefined);
  });

  it('stays inside the extension, whatever the bytes', () => {
    const packet = new RtpPacket();
    const body = fc.uint8Array({ minLength: 4, maxLength: 64 });
    const profile = fc.constantFrom(ONE_BYTE, TWO_BYTE, TWO_BYTE + 15, 0);
    const property = fc.property(body, profile, fc.nat(255), fc.nat(4), (bytes, kind, id, min) => {
      const whole = Buffer.concat([Buffer.alloc(16), bytes]);
      whole[0] = 0x90;
      whole.writeUInt16BE(kind, 12);
      whole.writeUInt16BE(Math.floor(bytes.length / 4), 14);
      assert.equal(packet.parse(whole), true);
      const offset = findHeaderExtension(packet, id, min);
      if (offset < 0) return;
      assert.ok(offset > packet.extensionStart);
      assert.ok(offset + min <= packet.extensionEnd);
    });
    fc.assert(property, { numRuns: 10_000 });
  });

  it('finds what was written', () => {
    const elements = fc.uniqueArray(
      fc.record({
        id: fc.integer({ min: 1, max: 14 }),
        data: fc.uint8Array({ minLength: 1, maxLength: 16 }),
      }),
      { selector: ({ id }) => id, maxLength: 6 },
    );
    fc.assert(
      fc.property(elements, fc.boolean(), (list, isTwoByte) => {
        const body = list.flatMap(({ id, data }) => [
          ...(isTwoByte ? [id, data.length] : [(id << 4) | (data.length - 1)]),
          ...data,
          0,
        ]);
        const packet = packetWith(isTwoByte ? TWO_BYTE : ONE_BYTE, body);
        for (const { id, data } of list) assert.deepEqual(find(packet, id, data.length), [...data]);
      }),
      { numRuns: 500 },
    );
  });
});
