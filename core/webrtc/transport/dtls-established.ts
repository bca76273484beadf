// What is left of DTLS after the handshake: alerts, lost last flights and saying goodbye.
import type { Clock } from '../../base/clock.ts';
import { DtlsApplicationData } from './dtls-application-data.ts';
import type { DtlsRecordCipher } from './dtls-record-cipher.ts';
import { dtlsContentType, readDtlsRecords, type DtlsRecord } from './dtls-record.ts';

/** What the handshake leaves behind. */
export interface DtlsEstablishedParts {
  readonly clock: Clock;
  /** Opens the peer's records. */
  readonly reader: DtlsRecordCipher;
  /** Seals ours. */
  readonly writer: DtlsRecordCipher;
  /** A server's ChangeCipherSpec and Finished, sent again when the client repeats its Finished. */
  readonly lastFlight: readonly Uint8Array[];
  readonly send: (datagram: Uint8Array) => void;
  /** Wants application data; without it such records are ignored. */
  readonly onApplicationData?: ((bytes: Uint8Array) => void) | undefined;
}

const EPOCH = 1;
const LEVEL_FATAL = 2;
const CLOSE_NOTIFY = Uint8Array.of(1, 0);
/** Far above what the handshake used: a sequence number is a GCM nonce and must not repeat. */
const GOODBYE_SEQUENCE = 2 ** 32;
const RESEND_INTERVAL_MS = 20;
const MAX_RESENDS = 20;

/**
 * Keeps two keys and two short datagrams instead of the handshake's state. Records in the clear
 * are ignored, so nobody can forge an alert or start a renegotiation.
 */
export class DtlsEstablished {
  readonly #parts: DtlsEstablishedParts;
  readonly #application: DtlsApplicationData | undefined;
  #resends = 0;
  #resentMs = 0;

  constructor(parts: DtlsEstablishedParts) {
    this.#parts = parts;
    const { reader, writer, send, onApplicationData: onData } = parts;
    if (onData) {
      this.#application = new DtlsApplicationData(
        { reader, writer, send, onData },
        GOODBYE_SEQUENCE,
      );
    }
  }

  /** Returns true when the peer closed the association. */
  receive(datagram: Uint8Array): boolean {
    for (const record of readDtlsRecords(datagram)) {
      if (record.epoch !== EPOCH) continue;
      if (record.contentType === dtlsContentType.applicationData) {
        this.#application?.receive(record);
        continue;
      }
      if (record.contentType === dtlsContentType.alert && this.#isEnd(record)) return true;
      if (record.contentType === dtlsContentType.handshake) this.#resendLastFlight();
    }
    return false;
  }

  /** Sends one record of application data; false when nobody wanted any, or it is too long. */
  sendApplicationData(bytes: Uint8Array): boolean {
    return this.#application?.send(bytes) ?? false;
  }

  /** Sends close_notify (RFC 5246 §7.2.1); call it once. */
  sayGoodbye(): void {
    const header = {
      contentType: dtlsContentType.alert,
      epoch: EPOCH,
      sequence: GOODBYE_SEQUENCE,
    };
    this.#parts.send(this.#parts.writer.seal(header, CLOSE_NOTIFY));
  }

  #isEnd(record: DtlsRecord): boolean {
    const alert = this.#parts.reader.open(record);
    if (alert?.length !== 2) return false;
    return alert[0] === LEVEL_FATAL || alert[1] === 0;
  }

  #resendLastFlight(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const isTooSoon = this.#resends > 0 && nowMs - this.#resentMs < RESEND_INTERVAL_MS;
    if (isTooSoon || this.#resends >= MAX_RESENDS) return;
    this.#resends++;
    this.#resentMs = nowMs;
    for (const datagram of this.#parts.lastFlight) this.#parts.send(datagram);
  }
}
