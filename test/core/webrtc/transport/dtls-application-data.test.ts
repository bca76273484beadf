// Records of application data: numbers that never repeat, a replay window, and hostile records.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  DtlsApplicationData,
  FIRST_APPLICATION_SEQUENCE,
  MAX_APPLICATION_BYTES,
} from '../../../../core/webrtc/transport/dtls-application-data.ts';
import { DtlsRecordCipher } from '../../../../core/webrtc/transport/dtls-record-cipher.ts';
import { readDtlsRecords, type DtlsRecord } from '../../../../core/webrtc/transport/dtls-record.ts';

const KEY = Buffer.from('feffe9928665731c6d6a8f9467308308', 'hex');
const SALT = Buffer.from('cafebabe', 'hex');

interface Site {
  readonly data: DtlsApplicationData;
  readonly records: DtlsRecord[];
  readonly received: string[];
}

/** Sends to itself: what was sent stands in `records`. */
function setUp(endSequence = 2 ** 32, firstSequence = FIRST_APPLICATION_SEQUENCE): Site {
  const records: DtlsRecord[] = [];
  const received: string[] = [];
  const data = new DtlsApplicationData(
    {
      reader: new DtlsRecordCipher(KEY, SALT),
      writer: new DtlsRecordCipher(KEY, SALT),
      send: (datagram) => records.push(...readDtlsRecords(datagram)),
      onData: (bytes) => received.push(Buffer.from(bytes).toString()),
    },
    endSequence,
    firstSequence,
  );
  return { data, records, received };
}

describe('DtlsApplicationData', () => {
  it('seals a record as RFC 5288 and RFC 6347 lay it out', () => {
    const { data, records } = setUp();
    data.send(Buffer.from('data'));
    const [record] = records;
    assert.ok(record);
    // Made with another implementation: AESGCM of python3-cryptography.
    const expected =
      '17fefd0001000000010000001c00010000000100005c09d2c6fa55c6bc0403994427722480615905b4';
    assert.equal(Buffer.from(record.bytes).toString('hex'), expected);
  });

  it('opens what it sealed, once, in any order within 64', () => {
    const { data, records, received } = setUp();
    for (let count = 0; count < 70; count++) data.send(Buffer.from(`${count}`));
    const [first, , third] = records;
    for (const index of [2, 1, 0]) data.receive(records[index] ?? assert.fail());
    assert.deepEqual(received, ['2', '1', '0']);
    assert.ok(first && third);
    data.receive(third);
    data.receive(records[69] ?? assert.fail());
    // Number 5 is 64 behind, number 6 is not.
    data.receive(records[5] ?? assert.fail());
    data.receive(records[6] ?? assert.fail());
    assert.deepEqual(received.slice(3), ['69', '6']);
    assert.deepEqual(data.stats, { received: 5, replayed: 2, invalid: 0 });
  });

  it('lets a forged record neither in nor move the window', () => {
    const { data, records, received } = setUp();
    data.send(Buffer.from('a'));
    const [record] = records;
    assert.ok(record);
    data.receive({ ...record, sequence: 2 ** 40 });
    data.receive({ ...record, contentType: 21 });
    data.receive({
      ...record,
      body: record.body.map((byte, index) => (index === 9 ? byte ^ 1 : byte)),
    });
    data.receive({ ...record, body: record.body.subarray(0, 23) });
    data.receive({ ...record, body: new Uint8Array(MAX_APPLICATION_BYTES + 25) });
    assert.deepEqual(received, []);
    data.receive(record);
    assert.deepEqual(received, ['a']);
    assert.deepEqual(data.stats, { received: 1, replayed: 0, invalid: 5 });
  });

  it('stops before a number repeats, and refuses what is too long', () => {
    const { data, records } = setUp(2 ** 16 + 2);
    assert.equal(data.send(new Uint8Array(MAX_APPLICATION_BYTES + 1)), false);
    const sent = [1, 2, 3].map(() => data.send(new Uint8Array(MAX_APPLICATION_BYTES)));
    assert.deepEqual(sent, [true, true, false]);
    assert.deepEqual(
      records.map(({ sequence }) => sequence),
      [2 ** 16, 2 ** 16 + 1],
    );
    const nonces = records.map(({ body }) => Buffer.from(body.subarray(0, 8)).toString('hex'));
    assert.deepEqual(nonces, ['0001000000010000', '0001000000010001']);
  });

  it('survives any record', () => {
    const { data, received } = setUp();
    const record = fc.record({
      contentType: fc.constant(23),
      version: fc.constant(0xfefd),
      epoch: fc.constant(1),
      sequence: fc.nat({ max: 2 ** 48 - 1 }),
      body: fc.uint8Array({ maxLength: 40 }),
    });
    fc.assert(
      fc.property(record, (fields) => data.receive({ ...fields, bytes: fields.body })),
      { numRuns: 2000 },
    );
    assert.deepEqual(received, []);
  });
});
