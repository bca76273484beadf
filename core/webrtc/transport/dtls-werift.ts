// DTLS handshakes by werift, in either role; the only file that knows werift's DTLS.
// Facts about werift 0.25.2 that shape the layer around it (contract test: dtls-werift.test.ts):
//  - it verifies neither signature nor Finished nor the fingerprint: DtlsPeerProof does;
//  - it wants handshake messages whole, once and in order: DtlsHandshakeReassembler sees to it;
//  - a ClientHello after the handshake, or a forged alert in the clear, would end the association:
//    neither reaches it, because its object is dropped once the keys are known;
//  - its retransmission timers cannot be cancelled, but end when the flight number is past theirs;
//  - its record sequence numbers start again after the handshake: it must not send anything then.
import { X509Certificate } from 'node:crypto';
import {
  CipherContext,
  DtlsClient,
  DtlsServer,
  HashAlgorithm,
  NamedCurveAlgorithm,
  SignatureAlgorithm,
  type DtlsSocket,
} from 'werift';
import type { Clock } from '../../base/clock.ts';
import type {
  HandshakeEngine,
  HandshakeEngineCallbacks,
  HandshakeEngineMaker,
  HandshakeSecrets,
} from './dtls-handshake-engine.ts';
import { DtlsHandshake } from './dtls-handshake.ts';
import {
  SRTP_AEAD_AES_128_GCM,
  SRTP_AES128_CM_HMAC_SHA1_80,
  type CertificateFingerprint,
  type DtlsCallbacks,
  type DtlsPort,
  type DtlsPortFactory,
  type DtlsPortOptions,
  type SrtpKeys,
  type SrtpProfile,
} from './dtls-port.ts';
import { dtlsServerSide } from './dtls-server-side.ts';
import { HandshakeBudget } from './handshake-budget.ts';

/** Limits of all handshakes of one factory. */
export interface WeriftDtlsOptions {
  readonly maxHandshakes: number;
  /** From the ClientHello to the keys. */
  readonly handshakeTimeoutMs: number;
}

/** Certificate and key as werift keeps them. */
type WeriftIdentity = Awaited<ReturnType<typeof CipherContext.createSelfSignedCertificateWithKey>>;
type WeriftOptions = ConstructorParameters<typeof DtlsServer>[0];
type WeriftTransport = WeriftOptions['transport'];

const MASTER_KEY_BYTES = 16;
const SALT_BYTES = { [SRTP_AES128_CM_HMAC_SHA1_80]: 14, [SRTP_AEAD_AES_128_GCM]: 12 } as const;
/** Above every flight number, so that a sleeping retransmission loop ends when it wakes. */
const PAST_LAST_FLIGHT = 100;

/** Makes servers, and engines of clients, that share one self-signed ECDSA P-256 certificate. */
export class WeriftDtlsFactory implements DtlsPortFactory {
  readonly localFingerprint: CertificateFingerprint;
  readonly #identity: WeriftIdentity;
  readonly #clock: Clock;
  readonly #options: WeriftDtlsOptions;
  readonly #budget: HandshakeBudget;

  private constructor(identity: WeriftIdentity, clock: Clock, options: WeriftDtlsOptions) {
    const { fingerprint256 } = new X509Certificate(identity.certPem);
    this.localFingerprint = { algorithm: 'sha-256', value: fingerprint256 };
    this.#identity = identity;
    this.#clock = clock;
    this.#options = options;
    this.#budget = new HandshakeBudget(options.maxHandshakes);
  }

  /** Makes the certificate, which takes some milliseconds. */
  static async create(clock: Clock, options: WeriftDtlsOptions): Promise<WeriftDtlsFactory> {
    const identity = await CipherContext.createSelfSignedCertificateWithKey(
      { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
      NamedCurveAlgorithm.secp256r1_23,
    );
    return new WeriftDtlsFactory(identity, clock, options);
  }

  /** Handshakes of servers that run now, and ClientHellos that had to wait. */
  get activeHandshakes(): number {
    return this.#budget.active;
  }

  get deferredHandshakes(): number {
    return this.#budget.deferred;
  }

  create(options: DtlsPortOptions, callbacks: DtlsCallbacks): DtlsPort {
    const components = {
      clock: this.#clock,
      side: dtlsServerSide,
      budget: this.#budget,
      createEngine: this.#createServerEngine,
    };
    const handshakeTimeoutMs = this.#options.handshakeTimeoutMs;
    return new DtlsHandshake(components, { ...options, handshakeTimeoutMs }, callbacks);
  }

  /** Makes the engine of one handshake as client. */
  readonly createClientEngine: HandshakeEngineMaker = (profiles, callbacks) => {
    const options = this.#socketOptions(profiles);
    return new WeriftEngine((transport) => new DtlsClient({ ...options, transport }), callbacks);
  };

  readonly #createServerEngine: HandshakeEngineMaker = (profiles, callbacks) => {
    const options = { ...this.#socketOptions(profiles), certificateRequest: true };
    return new WeriftEngine((transport) => new DtlsServer({ ...options, transport }), callbacks);
  };

  #socketOptions(profiles: readonly SrtpProfile[]): Omit<WeriftOptions, 'transport'> {
    const { certPem, keyPem, signatureHash } = this.#identity;
    const certificate = { cert: certPem, key: keyPem, signatureHash };
    return { ...certificate, srtpProfiles: [...profiles], extendedMasterSecret: true };
  }
}

/** One DtlsServer or DtlsClient on a transport that is a pair of functions. */
class WeriftEngine implements HandshakeEngine {
  readonly #socket: DtlsSocket;
  readonly #transport: WeriftTransport;
  #callbacks: HandshakeEngineCallbacks | undefined;

  constructor(
    createSocket: (transport: WeriftTransport) => DtlsSocket,
    callbacks: HandshakeEngineCallbacks,
  ) {
    this.#callbacks = callbacks;
    this.#transport = createWeriftTransport((datagram) => this.#callbacks?.send(datagram));
    this.#socket = createSocket(this.#transport);
    this.#socket.onConnect.subscribe(() => this.#callbacks?.onDone());
    this.#socket.onError.subscribe(this.#onError);
  }

  start(): void {
    if (this.#socket instanceof DtlsClient) this.#socket.connect().catch(this.#onError);
  }

  receive(record: Uint8Array): void {
    const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
    this.#transport.onData(bytes, NOWHERE);
  }

  secrets(): HandshakeSecrets | undefined {
    const context: Partial<CipherContext> = this.#socket.cipher;
    const { cipher, masterSecret } = context;
    const clientKey = cipher?.clientWriteKey;
    const serverKey = cipher?.serverWriteKey;
    const clientNonce = cipher?.clientNonce;
    const serverNonce = cipher?.serverNonce;
    if (!masterSecret || !clientKey || !serverKey || !clientNonce || !serverNonce) return undefined;
    return { masterSecret, clientKey, clientNonce, serverKey, serverNonce };
  }

  srtpKeys(): SrtpKeys | undefined {
    const profile: number | undefined = this.#socket.srtp.srtpProfile;
    if (profile !== SRTP_AES128_CM_HMAC_SHA1_80 && profile !== SRTP_AEAD_AES_128_GCM) {
      return undefined;
    }
    const keys = this.#socket.extractSessionKeys(MASTER_KEY_BYTES, SALT_BYTES[profile]);
    return {
      profile,
      // Copied: werift's are slices of shared pools, which they would keep alive.
      local: { key: Uint8Array.from(keys.localKey), salt: Uint8Array.from(keys.localSalt) },
      remote: { key: Uint8Array.from(keys.remoteKey), salt: Uint8Array.from(keys.remoteSalt) },
    };
  }

  stop(): void {
    this.#callbacks = undefined;
    this.#socket.dtls.flight = PAST_LAST_FLIGHT;
    this.#socket.onConnect.allUnsubscribe();
    this.#socket.onError.allUnsubscribe();
  }

  readonly #onError = (thrown: unknown): void => {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    this.#callbacks?.onError(text === '' ? 'handshake failed' : text);
  };
}

/** werift asks for an address of its transport, but does not use it. */
const NOWHERE = ['', 0] as const;

function createWeriftTransport(send: (datagram: Uint8Array) => void): WeriftTransport {
  return {
    type: 'udp',
    address: { address: '', family: 'IPv4', port: 0 },
    closed: false,
    onData: () => undefined,
    send: (datagram) => {
      send(datagram);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
