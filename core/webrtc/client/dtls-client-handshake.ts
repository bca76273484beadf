// One DTLS association as client: guards the handshake library, then replaces it by two keys.
import type { Clock, Timer } from '../../base/clock.ts';
import { DtlsEstablished } from '../transport/dtls-established.ts';
import type {
  HandshakeEngine,
  HandshakeEngineMaker,
  HandshakeSecrets,
} from '../transport/dtls-handshake-engine.ts';
import { DtlsHandshakeReassembler } from '../transport/dtls-handshake-reassembler.ts';
import type { DtlsFault } from '../transport/dtls-peer-proof.ts';
import type { DtlsCallbacks, DtlsPort, DtlsPortOptions } from '../transport/dtls-port.ts';
import { DtlsRecordCipher } from '../transport/dtls-record-cipher.ts';
import {
  dtlsContentType,
  readDtlsRecords,
  readHandshakeFragments,
  writeDtlsRecord,
  writeHandshakeMessage,
  type DtlsRecord,
} from '../transport/dtls-record.ts';
import { DtlsServerProof } from './dtls-server-proof.ts';

/** What a handshake as client works with. */
export interface DtlsClientComponents {
  readonly clock: Clock;
  /** The engine sends its ClientHello when it is made. */
  readonly createEngine: HandshakeEngineMaker;
}

/** What the answer said, and how long the handshake may take. */
export interface DtlsClientOptions extends DtlsPortOptions {
  readonly handshakeTimeoutMs: number;
}

const FATAL = 2;
const HANDSHAKE_FAILURE = 40;
const BAD_CERTIFICATE = 42;
/** Record sequence of our fatal alert, above those of the handshake. */
const ALERT_SEQUENCE = 2 ** 20;

/** Begins with start(). The engine gets every message of the server whole, once and in order. */
export class DtlsClientHandshake implements DtlsPort {
  readonly #components: DtlsClientComponents;
  readonly #options: DtlsClientOptions;
  readonly #callbacks: DtlsCallbacks;
  readonly #proof: DtlsServerProof;
  readonly #fromServer = new DtlsHandshakeReassembler();
  readonly #fromClient = new DtlsHandshakeReassembler();
  #engine: HandshakeEngine | undefined;
  #timer: Timer | undefined;
  #established: DtlsEstablished | undefined;
  #isOver = false;

  constructor(
    components: DtlsClientComponents,
    options: DtlsClientOptions,
    callbacks: DtlsCallbacks,
  ) {
    this.#components = components;
    this.#options = options;
    this.#callbacks = callbacks;
    this.#proof = new DtlsServerProof(options.remoteFingerprints);
  }

  /** Sends the ClientHello. */
  start(): void {
    if (this.#engine || this.#isOver) return;
    const { clock, createEngine } = this.#components;
    const { handshakeTimeoutMs, profiles } = this.#options;
    this.#timer = clock.after(handshakeTimeoutMs, () => {
      const message = `no DTLS handshake within ${handshakeTimeoutMs} ms`;
      this.#fail({ failure: 'timeout', message });
    });
    this.#engine = createEngine(profiles, {
      send: (datagram) => this.#sendFlight(datagram),
      // Our own check of the server's Finished decides.
      onDone: () => undefined,
      onError: (message) => this.#fail({ failure: 'protocol-error', message }),
    });
  }

  receive(datagram: Uint8Array): void {
    if (this.#established !== undefined) {
      if (this.#established.receive(datagram)) this.#end();
      return;
    }
    for (const record of readDtlsRecords(datagram)) {
      const engine = this.#engine;
      if (this.#isOver || !engine || this.#hasKeys()) return;
      this.#receiveRecord(engine, record);
    }
  }

  close(): void {
    this.#established?.sayGoodbye();
    this.#drop();
  }

  #receiveRecord(engine: HandshakeEngine, record: DtlsRecord): void {
    const isHandshake = record.contentType === dtlsContentType.handshake;
    if (record.epoch === 0 && isHandshake) this.#receiveFragments(engine, record);
    else if (record.epoch === 0 && record.contentType === dtlsContentType.alert) {
      this.#receiveAlert(record);
    } else if (record.epoch === 1 && isHandshake) this.#receiveFinished(engine, record);
  }

  #receiveFragments(engine: HandshakeEngine, record: DtlsRecord): void {
    for (const fragment of readHandshakeFragments(record.body)) this.#fromServer.push(fragment);
    for (;;) {
      const message = this.#fromServer.next();
      if (message === undefined || this.#isOver) return;
      const fault = this.#proof.accept(message);
      if (fault !== undefined) {
        this.#fail(fault);
        return;
      }
      const { sequence } = message;
      const header = { contentType: dtlsContentType.handshake, epoch: 0, sequence };
      engine.receive(writeDtlsRecord(header, writeHandshakeMessage(message)));
    }
  }

  #receiveFinished(engine: HandshakeEngine, record: DtlsRecord): void {
    const secrets = engine.secrets();
    if (secrets === undefined) return;
    const plaintext = new DtlsRecordCipher(secrets.serverKey, secrets.serverNonce).open(record);
    if (plaintext === undefined) return;
    const [fragment] = readHandshakeFragments(plaintext);
    if (fragment === undefined || fragment.length !== fragment.body.length) return;
    const fault = this.#proof.acceptFinished(fragment, secrets.masterSecret);
    if (fault === undefined) this.#complete(engine, secrets);
    else this.#fail(fault);
  }

  #receiveAlert({ body }: DtlsRecord): void {
    const [level, description] = body;
    if (body.length !== 2 || (level !== FATAL && description !== 0)) return;
    const message = `the peer ended the DTLS handshake with alert ${description ?? 0}`;
    this.#fail({ failure: 'alert', message });
  }

  #sendFlight(datagram: Uint8Array): void {
    if (this.#isOver || this.#hasKeys()) return;
    for (const record of readDtlsRecords(datagram)) this.#noteOwn(record);
    this.#callbacks.send(datagram);
  }

  /** Our messages are part of what Finished proves; repeated ones count once. */
  #noteOwn(record: DtlsRecord): void {
    if (record.contentType !== dtlsContentType.handshake) return;
    const secrets = record.epoch === 1 ? this.#engine?.secrets() : undefined;
    const body = secrets
      ? new DtlsRecordCipher(secrets.clientKey, secrets.clientNonce).open(record)
      : record.body;
    if (!body || (record.epoch === 1 && !secrets)) return;
    readHandshakeFragments(body).forEach((part) => this.#fromClient.push(part));
    for (let own = this.#fromClient.next(); own !== undefined; own = this.#fromClient.next()) {
      this.#proof.addOwn(own);
    }
  }

  #complete(engine: HandshakeEngine, secrets: HandshakeSecrets): void {
    const keys = engine.srtpKeys();
    const { remoteFingerprint } = this.#proof;
    if (!keys || !remoteFingerprint || !this.#options.profiles.includes(keys.profile)) {
      const message = `the peer agreed to none of our SRTP profiles`;
      this.#fail({ failure: 'no-common-srtp-profile', message });
      return;
    }
    this.#established = new DtlsEstablished({
      clock: this.#components.clock,
      reader: new DtlsRecordCipher(secrets.serverKey, secrets.serverNonce),
      writer: new DtlsRecordCipher(secrets.clientKey, secrets.clientNonce),
      // The last flight was the server's.
      lastFlight: [],
      send: this.#callbacks.send,
      onApplicationData: this.#callbacks.onApplicationData,
    });
    this.#dropEngine();
    this.#callbacks.onConnected({
      ...{ keys, remoteFingerprint },
      ...(this.#callbacks.onApplicationData && { sendApplicationData: this.#sendData }),
    });
  }

  #fail(fault: DtlsFault): void {
    if (this.#isOver || this.#hasKeys()) return;
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

  /** Read through a function so that the compiler forgets what it knew before a call. */
  #hasKeys(): boolean {
    return this.#established !== undefined;
  }

  #drop(): void {
    this.#isOver = true;
    this.#established = undefined;
    this.#dropEngine();
  }

  #dropEngine(): void {
    this.#timer?.cancel();
    this.#engine?.stop();
    this.#engine = undefined;
  }
}
