// Application data of an established DTLS 1.2 association: our own records of epoch 1 (RFC 6347
// section 4.1), so that a data channel needs nothing of the handshake library any more.
import type { DtlsRecordCipher } from './dtls-record-cipher.ts';
import { dtlsContentType, type DtlsRecord } from './dtls-record.ts';

/** Keys of both directions, and who carries and gets the data. */
export interface DtlsApplicationDataParts {
  /** Opens the peer's records. */
  readonly reader: DtlsRecordCipher;
  /** Seals ours. */
  readonly writer: DtlsRecordCipher;
  readonly send: (datagram: Uint8Array) => void;
  /** Gets the plaintext of one record, a buffer of its own. */
  readonly onData: (bytes: Uint8Array) => void;
}

/** What was received; all counters only grow. */
export interface DtlsApplicationDataStats {
  received: number;
  /** Records that came twice, or later than the window remembers. */
  replayed: number;
  /** Records that are not authentic, or too long. */
  invalid: number;
}

const EPOCH = 1;
/**
 * First number of ours. A number is a GCM nonce: the handshake used a handful from 0 on, and the
 * goodbye is sent with 2^32.
 */
export const FIRST_APPLICATION_SEQUENCE = 2 ** 16;
/** RFC 5246 section 6.2.1: the plaintext of a record; with nonce and tag it may be 24 bytes more. */
export const MAX_APPLICATION_BYTES = 2 ** 14;
const PROTECTION_BYTES = 24;
/** Records that may overtake each other, RFC 6347 section 4.1.2.6. */
const REPLAY_WINDOW = 64;

/** Seals and opens records; each number is used once and taken once. */
export class DtlsApplicationData {
  readonly stats: DtlsApplicationDataStats = { received: 0, replayed: 0, invalid: 0 };
  readonly #parts: DtlsApplicationDataParts;
  /** Each number of the window at its place modulo 64. */
  readonly #seen = new Float64Array(REPLAY_WINDOW).fill(-1);
  readonly #endSequence: number;
  #nextSequence: number;
  #highest = -1;

  /** `endSequence` is never sent: the goodbye has it, or a test. */
  constructor(
    parts: DtlsApplicationDataParts,
    endSequence: number,
    firstSequence = FIRST_APPLICATION_SEQUENCE,
  ) {
    this.#parts = parts;
    this.#endSequence = endSequence;
    this.#nextSequence = firstSequence;
  }

  /** Sends one record; false when it is too long or all numbers were used. */
  send(bytes: Uint8Array): boolean {
    if (bytes.length > MAX_APPLICATION_BYTES || this.#nextSequence >= this.#endSequence) {
      return false;
    }
    const header = {
      contentType: dtlsContentType.applicationData,
      epoch: EPOCH,
      sequence: this.#nextSequence++,
    };
    this.#parts.send(this.#parts.writer.seal(header, bytes));
    return true;
  }

  /** Takes one record of epoch 1 with application data. */
  receive(record: DtlsRecord): void {
    const { sequence } = record;
    if (record.body.length > MAX_APPLICATION_BYTES + PROTECTION_BYTES) {
      this.stats.invalid++;
      return;
    }
    // Before the decryption, which costs; nothing is noted before the record is authentic.
    const isOld = sequence <= this.#highest - REPLAY_WINDOW;
    if (isOld || this.#seen[sequence % REPLAY_WINDOW] === sequence) {
      this.stats.replayed++;
      return;
    }
    const plaintext = this.#parts.reader.open(record);
    if (plaintext === undefined) {
      this.stats.invalid++;
      return;
    }
    this.#seen[sequence % REPLAY_WINDOW] = sequence;
    if (sequence > this.#highest) this.#highest = sequence;
    this.stats.received++;
    this.#parts.onData(plaintext);
  }
}
