// One DTLS association as server: guards the handshake library, then replaces it by two keys.
import type { Clock, Timer } from '../../base/clock.ts';
import { readOfferedSrtpProfiles } from './client-hello.ts';
import { DtlsClientProof } from './dtls-client-proof.ts';
import { DtlsEstablished } from './dtls-established.ts';
import { DtlsFlightLog } from './dtls-flight-log.ts';
import type {
  HandshakeEngine,
  HandshakeEngineMaker,
  HandshakeSecrets,
} from './dtls-handshake-engine.ts';
import { DtlsHandshakeReassembler } from './dtls-handshake-reassembler.ts';
import type { DtlsFault } from './dtls-peer-proof.ts';
import type { DtlsCallbacks, DtlsPort, DtlsPortOptions, SrtpProfile } from './dtls-port.ts';
import { DtlsRecordCipher } from './dtls-record-cipher.ts';
import {
  dtlsContentType,
  dtlsHandshakeType,
  readDtlsRecords,
  readHandshakeFragments,
  writeDtlsRecord,
  writeHandshakeMessage,
  type DtlsRecord,
  type HandshakeMessage,
} from './dtls-record.ts';
import type { HandshakeBudget } from './handshake-budget.ts';

/** What a DtlsHandshake needs; the budget is shared by all. */
export interface DtlsHandshakeComponents {
  readonly clock: Clock;
  readonly budget: HandshakeBudget;
  readonly createEngine: HandshakeEngineMaker;
}

/** What the offer said, and how long the handshake may take. */
export interface DtlsHandshakeOptions extends DtlsPortOptions {
  readonly handshakeTimeoutMs: number;
}

/** Everything that is needed during the handshake only; dropped as one when it is over. */
interface Progress {
  readonly engine: HandshakeEngine;
  readonly proof: DtlsClientProof;
  readonly fromClient: DtlsHandshakeReassembler;
  readonly fromServer: DtlsHandshakeReassembler;
  readonly flights: DtlsFlightLog;
  readonly timer: Timer;
  /** A protected record that came before the keys. */
  early: DtlsRecord | undefined;
}

const FATAL = 2;
const HANDSHAKE_FAILURE = 40;
const BAD_CERTIFICATE = 42;
/** Record sequence of our fatal alert, above those of the handshake. */
const ALERT_SEQUENCE = 2 ** 20;

/** Costs nothing before the first ClientHello and little after the keys are known. */
export class DtlsHandshake implements DtlsPort {
  readonly #components: DtlsHandshakeComponents;
  readonly #options: DtlsHandshakeOptions;
  readonly #callbacks: DtlsCallbacks;
  #progress: Progress | undefined;
  #established: DtlsEstablished | undefined;
  #isOver = false;

  constructor(
    components: DtlsHandshakeComponents,
    options: DtlsHandshakeOptions,
    callbacks: DtlsCallbacks,
  ) {
    this.#components = components;
    this.#options = options;
    this.#callbacks = callbacks;
  }

  receive(datagram: Uint8Array): void {
    if (this.#established !== undefined) {
      if (this.#established.receive(datagram)) this.#end();
      return;
    }
    for (const record of readDtlsRecords(datagram)) {
      if (!this.#isOver) this.#receiveRecord(record);
    }
  }

  close(): void {
    this.#established?.sayGoodbye();
    this.#drop();
  }

  #receiveRecord(record: DtlsRecord): void {
    const isHandshake = record.contentType === dtlsContentType.handshake;
    if (record.epoch === 0 && isHandshake) {
      const progress = this.#progress ?? this.#begin();
      if (progress !== undefined) this.#receiveFragments(progress, record);
    } else if (record.epoch === 0 && record.contentType === dtlsContentType.alert) {
      this.#receiveAlert(record);
    } else if (record.epoch === 1 && isHandshake && this.#progress !== undefined) {
      this.#receiveFinished(this.#progress, record);
    }
  }

  #begin(): Progress | undefined {
    if (!this.#components.budget.tryAcquire()) return undefined;
    const { clock, createEngine } = this.#components;
    const timeoutMs = this.#options.handshakeTimeoutMs;
    const progress: Progress = {
      engine: createEngine(this.#options.profiles, {
        send: (datagram) => this.#sendFlight(progress, datagram),
        onDone: () => this.#complete(progress),
        onError: (message) => this.#fail({ failure: 'protocol-error', message }),
      }),
      proof: new DtlsClientProof(this.#options.remoteFingerprints),
      fromClient: new DtlsHandshakeReassembler(),
      fromServer: new DtlsHandshakeReassembler(),
      flights: new DtlsFlightLog(clock),
      timer: clock.after(timeoutMs, () => {
        this.#fail({ failure: 'timeout', message: `no DTLS handshake within ${timeoutMs} ms` });
      }),
      early: undefined,
    };
    this.#progress = progress;
    return progress;
  }

  #receiveFragments(progress: Progress, record: DtlsRecord): void {
    for (const fragment of readHandshakeFragments(record.body)) {
      if (progress.fromClient.push(fragment) === 'duplicate' && fragment.offset === 0) {
        for (const datagram of progress.flights.repeatFor(fragment.sequence)) {
          this.#callbacks.send(datagram);
        }
      }
    }
    let message = progress.fromClient.next();
    while (message !== undefined && !this.#isOver) {
      this.#deliver(progress, message);
      message = progress.fromClient.next();
    }
    if (progress.early !== undefined && !this.#isOver) {
      this.#receiveFinished(progress, progress.early);
    }
  }

  #deliver(progress: Progress, message: HandshakeMessage): void {
    const fault = this.#faultOf(message) ?? progress.proof.accept(message);
    if (fault !== undefined) {
      this.#fail(fault);
      return;
    }
    const header = { contentType: dtlsContentType.handshake, epoch: 0, sequence: message.sequence };
    progress.engine.receive(writeDtlsRecord(header, writeHandshakeMessage(message)));
  }

  #faultOf(message: HandshakeMessage): DtlsFault | undefined {
    if (message.type !== dtlsHandshakeType.clientHello) return undefined;
    const offered = readOfferedSrtpProfiles(message.body);
    if (this.#options.profiles.some((profile) => offered.includes(profile))) return undefined;
    const text = `the peer offers SRTP profiles [${offered.join(', ')}], we want ${this.#wanted()}`;
    return { failure: 'no-common-srtp-profile', message: text };
  }

  #receiveFinished(progress: Progress, record: DtlsRecord): void {
    const secrets = progress.engine.secrets();
    if (secrets === undefined) {
      // Swapped with the datagram before it; one such record is kept until the keys are there.
      progress.early = { ...record, body: record.body.slice(), bytes: record.bytes.slice() };
      return;
    }
    progress.early = undefined;
    const plaintext = new DtlsRecordCipher(secrets.clientKey, secrets.clientNonce).open(record);
    if (plaintext === undefined) return;
    const [fragment] = readHandshakeFragments(plaintext);
    if (fragment?.length !== fragment?.body.length || fragment === undefined) return;
    if (fragment.sequence !== progress.fromClient.nextSequence) return;
    const fault = progress.proof.acceptFinished(fragment, secrets.masterSecret);
    if (fault === undefined) progress.engine.receive(record.bytes);
    else this.#fail(fault);
  }

  #receiveAlert(record: DtlsRecord): void {
    const [level, description] = record.body;
    const isEnd = level === FATAL || description === 0;
    if (record.body.length !== 2 || !isEnd) return;
    const message = `the peer ended the DTLS handshake with alert ${description ?? 0}`;
    this.#fail({ failure: 'alert', message });
  }

  #sendFlight(progress: Progress, datagram: Uint8Array): void {
    if (progress !== this.#progress) return;
    if (progress.flights.note(datagram, progress.fromClient.nextSequence)) {
      this.#addServerMessages(progress, datagram);
    }
    this.#callbacks.send(datagram);
  }

  #addServerMessages(progress: Progress, datagram: Uint8Array): void {
    for (const record of readDtlsRecords(datagram)) {
      if (record.epoch !== 0 || record.contentType !== dtlsContentType.handshake) continue;
      readHandshakeFragments(record.body).forEach((part) => progress.fromServer.push(part));
    }
    let message = progress.fromServer.next();
    while (message !== undefined) {
      progress.proof.addOwn(message);
      message = progress.fromServer.next();
    }
  }

  #complete(progress: Progress): void {
    if (progress !== this.#progress) return;
    const keys = progress.engine.srtpKeys();
    const secrets = progress.engine.secrets();
    const { remoteFingerprint } = progress.proof;
    if (keys === undefined || secrets === undefined || remoteFingerprint === undefined) {
      const message = `no SRTP keys for ${this.#wanted()}`;
      this.#fail({ failure: 'no-common-srtp-profile', message });
      return;
    }
    this.#established = this.#establish(secrets, progress.flights.datagrams);
    this.#dropProgress();
    this.#callbacks.onConnected({
      ...{ keys, remoteFingerprint },
      ...(this.#callbacks.onApplicationData && { sendApplicationData: this.#sendData }),
    });
  }

  #establish(secrets: HandshakeSecrets, flight: readonly Uint8Array[]): DtlsEstablished {
    return new DtlsEstablished({
      clock: this.#components.clock,
      reader: new DtlsRecordCipher(secrets.clientKey, secrets.clientNonce),
      writer: new DtlsRecordCipher(secrets.serverKey, secrets.serverNonce),
      lastFlight: flight.map((datagram) => Uint8Array.from(datagram)),
      send: this.#callbacks.send,
      onApplicationData: this.#callbacks.onApplicationData,
    });
  }

  #fail(fault: DtlsFault): void {
    if (this.#isOver || this.#established !== undefined) return;
    const isForged = fault.failure === 'fingerprint-mismatch';
    const body = Uint8Array.of(FATAL, isForged ? BAD_CERTIFICATE : HANDSHAKE_FAILURE);
    const header = { contentType: dtlsContentType.alert, epoch: 0, sequence: ALERT_SEQUENCE };
    if (fault.failure !== 'alert') this.#callbacks.send(writeDtlsRecord(header, body));
    this.#drop();
    this.#callbacks.onFailed(fault.failure, fault.message);
  }

  #end(): void {
    this.#drop();
    this.#callbacks.onClosed();
  }

  readonly #sendData = (bytes: Uint8Array): boolean =>
    this.#established?.sendApplicationData(bytes) ?? false;

  #drop(): void {
    this.#isOver = true;
    this.#established = undefined;
    this.#dropProgress();
  }

  #dropProgress(): void {
    const progress = this.#progress;
    if (progress === undefined) return;
    this.#progress = undefined;
    progress.timer.cancel();
    progress.engine.stop();
    this.#components.budget.release();
  }

  #wanted(): string {
    const names = this.#options.profiles.map((profile: SrtpProfile) => profile.toString());
    return `one of [${names.join(', ')}]`;
  }
}
