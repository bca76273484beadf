// DTLS 1.2 records and handshake fragments as they stand in a datagram (RFC 6347 §4.1, §4.2.2).
//
//  0        1        3       5          11      13
//  +--------+--------+-------+----------+-------+------
//  |  type  | version| epoch | sequence | length| body
//  +--------+--------+-------+----------+-------+------
//  handshake body:
//  0        1        4          6                 9                 12
//  +--------+--------+----------+-----------------+-----------------+------
//  |  type  | length | sequence | fragment offset | fragment length | bytes
//  +--------+--------+----------+-----------------+-----------------+------
import {
  readUint16,
  readUint24,
  readUint32,
  writeUint16,
  writeUint24,
  writeUint32,
} from '../../base/bytes.ts';

/** Record content types, RFC 5246 §6.2.1. */
export const dtlsContentType = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
} as const;

/** Handshake message types that a client or server sends, RFC 5246 §7.4 and RFC 6347 §4.3.2. */
export const dtlsHandshakeType = {
  clientHello: 1,
  helloVerifyRequest: 3,
  certificate: 11,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

/** DTLS 1.2. */
export const DTLS_VERSION = 0xfefd;
const RECORD_HEADER_BYTES = 13;
const HANDSHAKE_HEADER_BYTES = 12;
const MAX_RECORDS_PER_DATAGRAM = 32;

/** One record of a datagram, a view on its bytes. */
export interface DtlsRecord {
  readonly contentType: number;
  readonly version: number;
  readonly epoch: number;
  /** 48 bits. */
  readonly sequence: number;
  readonly body: Uint8Array;
  /** Header and body, a view on the datagram. */
  readonly bytes: Uint8Array;
}

/** A piece of a handshake message. */
export interface HandshakeFragment {
  readonly type: number;
  /** Length of the whole message. */
  readonly length: number;
  readonly sequence: number;
  readonly offset: number;
  readonly body: Uint8Array;
}

/** A whole handshake message. */
export interface HandshakeMessage {
  readonly type: number;
  readonly sequence: number;
  readonly body: Uint8Array;
}

/** Reads records until the datagram ends or does not parse; the rest is dropped, as RFC 6347 wants. */
export function readDtlsRecords(datagram: Uint8Array): DtlsRecord[] {
  const records: DtlsRecord[] = [];
  let offset = 0;
  while (offset + RECORD_HEADER_BYTES <= datagram.length) {
    if (records.length >= MAX_RECORDS_PER_DATAGRAM) break;
    const end = offset + RECORD_HEADER_BYTES + readUint16(datagram, offset + 11);
    if (end > datagram.length) break;
    records.push({
      contentType: datagram[offset] ?? 0,
      version: readUint16(datagram, offset + 1),
      epoch: readUint16(datagram, offset + 3),
      sequence: readUint16(datagram, offset + 5) * 2 ** 32 + readUint32(datagram, offset + 7),
      body: datagram.subarray(offset + RECORD_HEADER_BYTES, end),
      bytes: datagram.subarray(offset, end),
    });
    offset = end;
  }
  return records;
}

/** Reads the fragments inside one handshake record; stops at the first that does not parse. */
export function readHandshakeFragments(body: Uint8Array): HandshakeFragment[] {
  const fragments: HandshakeFragment[] = [];
  let start = 0;
  while (start + HANDSHAKE_HEADER_BYTES <= body.length) {
    const length = readUint24(body, start + 1);
    const offset = readUint24(body, start + 6);
    const fragmentLength = readUint24(body, start + 9);
    const end = start + HANDSHAKE_HEADER_BYTES + fragmentLength;
    if (end > body.length || offset + fragmentLength > length) break;
    fragments.push({
      type: body[start] ?? 0,
      length,
      sequence: readUint16(body, start + 4),
      offset,
      body: body.subarray(start + HANDSHAKE_HEADER_BYTES, end),
    });
    start = end;
  }
  return fragments;
}

/** The header fields of a record to be written. */
export interface DtlsRecordHeader {
  readonly contentType: number;
  readonly epoch: number;
  readonly sequence: number;
}

/** Writes one record around `body`. */
export function writeDtlsRecord(header: DtlsRecordHeader, body: Uint8Array): Buffer {
  const record = Buffer.alloc(RECORD_HEADER_BYTES + body.length);
  record[0] = header.contentType;
  writeUint16(record, 1, DTLS_VERSION);
  writeUint16(record, 3, header.epoch);
  writeUint16(record, 5, Math.floor(header.sequence / 2 ** 32));
  writeUint32(record, 7, header.sequence % 2 ** 32);
  writeUint16(record, 11, body.length);
  record.set(body, RECORD_HEADER_BYTES);
  return record;
}

/** The message with a header as if it had never been fragmented, as the transcript hash wants it. */
export function writeHandshakeMessage(message: HandshakeMessage): Buffer {
  const bytes = Buffer.alloc(HANDSHAKE_HEADER_BYTES + message.body.length);
  bytes[0] = message.type;
  writeUint24(bytes, 1, message.body.length);
  writeUint16(bytes, 4, message.sequence);
  writeUint24(bytes, 9, message.body.length);
  bytes.set(message.body, HANDSHAKE_HEADER_BYTES);
  return bytes;
}
