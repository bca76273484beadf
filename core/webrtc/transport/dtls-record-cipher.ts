// AES-128-GCM protection of DTLS 1.2 records in one direction (RFC 5288 §3, RFC 6347 §4.1.2.1).
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { writeUint16, writeUint32 } from '../../base/bytes.ts';
import {
  DTLS_VERSION,
  writeDtlsRecord,
  type DtlsRecord,
  type DtlsRecordHeader,
} from './dtls-record.ts';

const ALGORITHM = 'aes-128-gcm';
const EXPLICIT_NONCE_BYTES = 8;
const TAG_BYTES = 16;

/** Write key and implicit nonce ("salt") of one side. */
export class DtlsRecordCipher {
  readonly #key: Uint8Array;
  readonly #salt: Uint8Array;

  /** Copies `key` (16 bytes) and the first 4 bytes of `nonce`. */
  constructor(key: Uint8Array, nonce: Uint8Array) {
    this.#key = Uint8Array.from(key);
    this.#salt = Uint8Array.from(nonce.subarray(0, 4));
  }

  /** Plaintext of a protected record, undefined when it is not authentic. */
  open(record: DtlsRecord): Uint8Array | undefined {
    const length = record.body.length - EXPLICIT_NONCE_BYTES - TAG_BYTES;
    if (length < 0) return undefined;
    const nonce = Buffer.concat([this.#salt, record.body.subarray(0, EXPLICIT_NONCE_BYTES)]);
    const decipher = createDecipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(additionalData(record, length));
    decipher.setAuthTag(record.body.subarray(-TAG_BYTES));
    const sealed = record.body.subarray(EXPLICIT_NONCE_BYTES, EXPLICIT_NONCE_BYTES + length);
    const plaintext = decipher.update(sealed);
    try {
      decipher.final();
      return plaintext;
    } catch {
      // A wrong tag is an everyday event on an open port: the record is dropped.
      return undefined;
    }
  }

  /** The protected record; `header.sequence` must never be used twice with one key. */
  seal(header: DtlsRecordHeader, plaintext: Uint8Array): Buffer {
    const explicit = Buffer.alloc(EXPLICIT_NONCE_BYTES);
    writeSequence(explicit, header);
    const nonce = Buffer.concat([this.#salt, explicit]);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(additionalData({ ...header, version: DTLS_VERSION }, plaintext.length));
    const sealed = [explicit, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
    return writeDtlsRecord(header, Buffer.concat(sealed));
  }
}

function additionalData(
  header: DtlsRecordHeader & { readonly version: number },
  plaintextBytes: number,
): Uint8Array {
  const data = new Uint8Array(13);
  writeSequence(data, header);
  data[8] = header.contentType;
  writeUint16(data, 9, header.version);
  writeUint16(data, 11, plaintextBytes);
  return data;
}

function writeSequence(bytes: Uint8Array, header: DtlsRecordHeader): void {
  writeUint16(bytes, 0, header.epoch);
  writeUint16(bytes, 2, Math.floor(header.sequence / 2 ** 32));
  writeUint32(bytes, 4, header.sequence % 2 ** 32);
}
