// One DTLS association: guards the handshake library, then replaces it by two keys.
import type { Clock, Timer } from '../../base/clock.ts';
import { DtlsEstablished } from './dtls-established.ts';
import { DtlsFlightLog } from './dtls-flight-log.ts';
import type { HandshakeEngine, HandshakeEngineMaker } from './dtls-handshake-engine.ts';
import { DtlsHandshakeReassembler } from './dtls-handshake-reassembler.ts';
import type { DtlsFault, DtlsPeerProof } from './dtls-peer-proof.ts';
import type { DtlsCallbacks, DtlsPort, DtlsPortOptions } from './dtls-port.ts';
import {
  dtlsContentType,
  readDtlsRecords,
  readHandshakeFragments,
  writeDtlsRecord,
  writeHandshakeMessage,
  type DtlsRecord,
  type HandshakeMessage,
} from './dtls-record.ts';
import type { DtlsSide } from './dtls-side.ts';
import type { HandshakeBudget } from './handshake-budget.ts';

/** What a DtlsHandshake needs. */
export interface DtlsHandshakeComponents {
  readonly clock: Clock;
  readonly side: DtlsSide;
  readonly createEngine: HandshakeEngineMaker;
  /** Shared by all that strangers begin; who begins himself needs none. */
  readonly budget?: HandshakeBudget;
}

/** What offer or answer said, and how long the handshake may take. */
export interface DtlsHandshakeOptions extends DtlsPortOptions {
  readonly handshakeTimeoutMs: number;
}

/** Everything that is needed during the handshake only; dropped as one when it is over. */
interface Progress {
  readonly engine: HandshakeEngine;
  readonly proof: DtlsPeerProof;
  readonly fromPeer: DtlsHandshakeReassembler;
  readonly fromUs: DtlsHandshakeReassembler;
  /** Only of the side that speaks last: the other repeats by the timers of its engine. */
  readonly flights: DtlsFlightLog | undefined;
  readonly timer: Timer;
  /** A protected record that came before the keys. */
  early: DtlsRecord | undefined;
}

const FATAL = 2;
const HANDSHAKE_FAILURE = 40;
const BAD_CERTIFICATE = 42;
/** Record sequence of our fatal alert, above those of the handshake. */
const ALERT_SEQUENCE = 2 ** 20;

/**
 * Begins with the first message of the peer or with start(). Costs nothing before and little after
 * the keys are known. The engine gets every message of the peer whole, once and in order.
 */
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

  /** Sends the ClientHello, as a client; a server waits for one. */
  start(): void {
    if (!this.#progress && !this.#isOver && !this.#hasKeys()) this.#begin();
  }

  receive(datagram: Uint8Array): void {
    if (this.#established !== undefined) {
      if (this.#established.receive(datagram)) this.#end();
      return;
    }
    for (const record of readDtlsRecords(datagram)) {
      if (this.#isOver || this.#hasKeys()) return;
      this.#receiveRecord(record);
    }
  }

  close(): void {
    this.#established?.sayGoodbye();
    this.#drop();
  }

  #begin(): Progress | undefined {
    const { budget, clock, createEngine, side } = this.#components;
    if (budget?.tryAcquire() === false) return undefined;
    const { handshakeTimeoutMs, profiles, remoteFingerprints } = this.#options;
    const progress: Progress = {
      engine: createEngine(profiles, {
        send: (datagram) => this.#sendFlight(datagram),
        onDone: () => {
          if (side.speaksLast) this.#complete();
        },
        onError: (message) => this.#fail({ failure: 'protocol-error', message }),
      }),
      proof: side.createProof(remoteFingerprints),
      fromPeer: new DtlsHandshakeReassembler(),
      fromUs: new DtlsHandshakeReassembler(),
      flights: side.speaksLast ? new DtlsFlightLog(clock) : undefined,
      timer: clock.after(handshakeTimeoutMs, () => {
        const message = `no DTLS handshake within ${handshakeTimeoutMs} ms`;
        this.#fail({ failure: 'timeout', message });
      }),
      early: undefined,
    };
    this.#progress = progress;
    progress.engine.start();
    return progress;
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

  #receiveFragments(progress: Progress, record: DtlsRecord): void {
    for (const fragment of readHandshakeFragments(record.body)) {
      if (progress.fromPeer.push(fragment) === 'duplicate' && fragment.offset === 0) {
        const flight = progress.flights?.repeatFor(fragment.sequence) ?? [];
        for (const datagram of flight) this.#callbacks.send(datagram);
      }
    }
    let message = progress.fromPeer.next();
    while (message !== undefined && !this.#isOver) {
      this.#deliver(progress, message);
      message = progress.fromPeer.next();
    }
    if (progress.early !== undefined && !this.#isOver) {
      this.#receiveFinished(progress, progress.early);
    }
  }

  #deliver(progress: Progress, message: HandshakeMessage): void {
    const fault =
      this.#components.side.profileFault(message, this.#options.profiles) ??
      progress.proof.accept(message);
    if (fault !== undefined) {
      this.#fail(fault);
      return;
    }
    const header = { contentType: dtlsContentType.handshake, epoch: 0, sequence: message.sequence };
    progress.engine.receive(writeDtlsRecord(header, writeHandshakeMessage(message)));
  }

  #receiveFinished(progress: Progress, record: DtlsRecord): void {
    const { side } = this.#components;
    const secrets = progress.engine.secrets();
    if (secrets === undefined) {
      // Swapped with the datagram before it; one such record is kept until the keys are there.
      progress.early = { ...record, body: record.body.slice(), bytes: record.bytes.slice() };
      return;
    }
    progress.early = undefined;
    const plaintext = side.ciphersOf(secrets).reader.open(record);
    if (plaintext === undefined) return;
    const [fragment] = readHandshakeFragments(plaintext);
    if (fragment === undefined || fragment.length !== fragment.body.length) return;
    // A client has its keys only after the whole flight of the server; no number must say so again.
    if (side.speaksLast && fragment.sequence !== progress.fromPeer.nextSequence) return;
    const fault = progress.proof.acceptFinished(fragment, secrets.masterSecret);
    if (fault !== undefined) this.#fail(fault);
    else if (side.speaksLast) progress.engine.receive(record.bytes);
    else this.#complete();
  }

  #receiveAlert({ body }: DtlsRecord): void {
    const [level, description] = body;
    if (body.length !== 2 || (level !== FATAL && description !== 0)) return;
    const message = `the peer ended the DTLS handshake with alert ${description ?? 0}`;
    this.#fail({ failure: 'alert', message });
  }

  #sendFlight(datagram: Uint8Array): void {
    const progress = this.#progress;
    if (progress === undefined) return;
    progress.flights?.note(datagram, progress.fromPeer.nextSequence);
    for (const record of readDtlsRecords(datagram)) this.#noteOwn(progress, record);
    this.#callbacks.send(datagram);
  }

  /** Our messages are part of what the peer proves; repeated ones count once. */
  #noteOwn(progress: Progress, record: DtlsRecord): void {
    if (record.contentType !== dtlsContentType.handshake) return;
    const body = record.epoch === 0 ? record.body : this.#openOwn(progress, record);
    if (body === undefined) return;
    readHandshakeFragments(body).forEach((part) => progress.fromUs.push(part));
    let message = progress.fromUs.next();
    while (message !== undefined) {
      progress.proof.addOwn(message);
      message = progress.fromUs.next();
    }
  }

  /** Our Finished, where the peer's comes after it. */
  #openOwn({ engine }: Progress, record: DtlsRecord): Uint8Array | undefined {
    const { side } = this.#components;
    const secrets = side.speaksLast ? undefined : engine.secrets();
    return secrets && side.ciphersOf(secrets).writer.open(record);
  }

  #complete(): void {
    const progress = this.#progress;
    if (progress === undefined) return;
    const { clock, side } = this.#components;
    const { profiles } = this.#options;
    const { send, onApplicationData } = this.#callbacks;
    const keys = progress.engine.srtpKeys();
    const secrets = progress.engine.secrets();
    const { remoteFingerprint } = progress.proof;
    if (!keys || !secrets || !remoteFingerprint || !profiles.includes(keys.profile)) {
      this.#fail({ failure: 'no-common-srtp-profile', message: side.keylessMessage(profiles) });
      return;
    }
    const lastFlight = (progress.flights?.datagrams ?? []).map((each) => Uint8Array.from(each));
    const ends = { ...side.ciphersOf(secrets), lastFlight, send, onApplicationData };
    this.#established = new DtlsEstablished({ clock, ...ends });
    this.#dropProgress();
    this.#callbacks.onConnected({
      ...{ keys, remoteFingerprint },
      ...(onApplicationData && { sendApplicationData: this.#sendData }),
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
    this.#dropProgress();
  }

  #dropProgress(): void {
    const progress = this.#progress;
    if (progress === undefined) return;
    this.#progress = undefined;
    progress.timer.cancel();
    progress.engine.stop();
    this.#components.budget?.release();
  }
}
