// Tests of DTLS framing, reassembly and protection without any handshake.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { readOfferedSrtpProfiles } from '../../../../core/webrtc/transport/client-hello.ts';
import { DtlsHandshakeReassembler } from '../../../../core/webrtc/transport/dtls-handshake-reassembler.ts';
import { DtlsRecordCipher } from '../../../../core/webrtc/transport/dtls-record-cipher.ts';
import {
  readDtlsRecords,
  readHandshakeFragments,
  writeDtlsRecord,
  writeHandshakeMessage,
} from '../../../../core/webrtc/transport/dtls-record.ts';

describe('readDtlsRecords()', () => {
  it('reads back what was written', () => {
    const header = fc.record({
      contentType: fc.nat(255),
      epoch: fc.nat(65_535),
      sequence: fc.nat({ max: 2 ** 48 - 1 }),
    });
    const records = fc.array(fc.tuple(header, fc.uint8Array({ maxLength: 50 })), { maxLength: 5 });
    fc.assert(
      fc.property(records, (written) => {
        const datagram = Buffer.concat(written.map(([head, body]) => writeDtlsRecord(head, body)));
        const read = readDtlsRecords(datagram);
        assert.equal(read.length, written.length);
        written.forEach(([head, body], index) => {
          const record = read[index];
          assert.deepEqual([...(record?.body ?? [])], [...body]);
          assert.deepEqual(
            [record?.contentType, record?.epoch, record?.sequence],
            [head.contentType, head.epoch, head.sequence],
          );
        });
      }),
      { numRuns: 300 },
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        for (const record of readDtlsRecords(bytes)) {
          for (const fragment of readHandshakeFragments(record.body)) {
            assert.ok(fragment.offset + fragment.body.length <= fragment.length);
          }
        }
        readHandshakeFragments(bytes);
        readOfferedSrtpProfiles(bytes);
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('DtlsHandshakeReassembler', () => {
  it('gives back messages in order, however they were cut, doubled and mixed', () => {
    const body = fc.uint8Array({ maxLength: 60 });
    const bodies = fc.array(body, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(bodies, fc.integer({ min: 1, max: 20 }), fc.nat(), (sent, size, seed) => {
        const parts = sent.flatMap((bytes, sequence) => cut(bytes, sequence, size));
        const mixed = shuffle([...parts, ...parts], seed);
        const reassembler = new DtlsHandshakeReassembler();
        const received: number[][] = [];
        for (const part of mixed) {
          reassembler.push(part);
          for (let message = reassembler.next(); message; message = reassembler.next()) {
            assert.equal(message.sequence, received.length);
            received.push([...message.body]);
          }
        }
        assert.deepEqual(
          received,
          sent.map((bytes) => [...bytes]),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('knows a message that was handed out', () => {
    const reassembler = new DtlsHandshakeReassembler();
    const [part] = cut(Uint8Array.of(1, 2), 0, 10);
    assert.ok(part);
    assert.equal(reassembler.push(part), 'stored');
    assert.equal(reassembler.next()?.body.length, 2);
    assert.equal(reassembler.push(part), 'duplicate');
  });

  it('drops what is too long, too far ahead or contradicts what came before', () => {
    const reassembler = new DtlsHandshakeReassembler();
    const part = { type: 1, length: 4, sequence: 0, offset: 0, body: Uint8Array.of(1, 2) };
    assert.equal(reassembler.push({ ...part, length: 16_385 }), 'dropped');
    assert.equal(reassembler.push({ ...part, sequence: 6 }), 'dropped');
    assert.equal(reassembler.push(part), 'stored');
    assert.equal(reassembler.push({ ...part, length: 5 }), 'dropped');
    assert.equal(reassembler.push({ ...part, type: 2 }), 'dropped');
    assert.equal(reassembler.next(), undefined);
  });
});

describe('DtlsRecordCipher', () => {
  const header = { contentType: 21, epoch: 1, sequence: 2 ** 40 + 7 };

  it('opens what it sealed and nothing that was changed', () => {
    const cipher = new DtlsRecordCipher(randomBytes(16), randomBytes(12));
    const datagram = cipher.seal(header, Uint8Array.of(1, 0));
    const [record] = readDtlsRecords(datagram);
    assert.ok(record);
    assert.deepEqual([...(cipher.open(record) ?? [])], [1, 0]);
    assert.equal(cipher.open({ ...record, sequence: 1 }), undefined);
    assert.equal(cipher.open({ ...record, contentType: 22 }), undefined);
    for (let index = 0; index < record.body.length; index++) {
      const body: Uint8Array = Uint8Array.from(record.body);
      body[index] = (body[index] ?? 0) ^ 1;
      assert.equal(cipher.open({ ...record, body }), undefined, `byte ${index}`);
    }
    assert.equal(cipher.open({ ...record, body: new Uint8Array(23) }), undefined);
  });
});

describe('readOfferedSrtpProfiles()', () => {
  const random = '00'.repeat(32);

  it('reads the profiles in the order of the client', () => {
    // Empty session id, cookie of 2, one suite, null compression, a foreign extension first.
    const hello = `fefd${random}000201020002c02b0100000f00170000000e000700040001000700`;
    assert.deepEqual(readOfferedSrtpProfiles(Buffer.from(hello, 'hex')), [1, 7]);
  });

  it('finds none where there is no use_srtp', () => {
    const hello = `fefd${random}00000002c02b0100000400170000`;
    assert.deepEqual(readOfferedSrtpProfiles(Buffer.from(hello, 'hex')), []);
  });
});

function cut(
  bytes: Uint8Array,
  sequence: number,
  size: number,
): ReturnType<typeof readHandshakeFragments> {
  const [whole] = readHandshakeFragments(writeHandshakeMessage({ type: 1, sequence, body: bytes }));
  assert.ok(whole);
  if (bytes.length === 0) return [whole];
  const parts = [];
  for (let offset = 0; offset < bytes.length; offset += size) {
    parts.push({ ...whole, offset, body: bytes.subarray(offset, offset + size) });
  }
  return parts;
}

/** Fisher-Yates with a small linear congruential generator. */
function shuffle<T>(items: T[], seed: number): T[] {
  let state = seed >>> 0;
  for (let index = items.length - 1; index > 0; index--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const [other] = items.splice(state % (index + 1), 1);
    if (other !== undefined) items.push(other);
  }
  return items;
}
