// DTLS handshakes by werift's DtlsServer, the only file of this folder that knows werift.
// Facts about werift 0.25.2 that shape the layer around it (contract test: dtls-werift.test.ts):
//  - it verifies neither CertificateVerify nor Finished nor the fingerprint: DtlsClientProof does;
//  - it wants handshake messages whole, once and in order: DtlsHandshakeReassembler sees to it;
//  - a ClientHello after the handshake, or a forged alert in the clear, would end the association:
//    neither reaches it, because the server object is dropped once the keys are known;
//  - its retransmission timers cannot be cancelled, but end when the flight number is past theirs;
//  - its record sequence numbers start again after the handshake: it must not send anything then.
import { X509Certificate } from 'node:crypto';
import {
  CipherContext,
  DtlsServer,
  HashAlgorithm,
  NamedCurveAlgorithm,
  SignatureAlgorithm,
} from 'werift';
import type { Clock } from '../../base/clock.ts';
import type {
  HandshakeEngine,
  HandshakeEngineCallbacks,
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
import { HandshakeBudget } from './handshake-budget.ts';

/** Limits of all handshakes of one factory. */
export interface WeriftDtlsOptions {
  readonly maxHandshakes: number;
  /** From the first ClientHello to the keys. */
  readonly handshakeTimeoutMs: number;
}

/** Certificate and key as werift keeps them. */
export type WeriftIdentity = Awaited<
  ReturnType<typeof CipherContext.createSelfSignedCertificateWithKey>
>;

const MASTER_KEY_BYTES = 16;
const SALT_BYTES = { [SRTP_AES128_CM_HMAC_SHA1_80]: 14, [SRTP_AEAD_AES_128_GCM]: 12 } as const;
/** Above every flight number, so that a sleeping retransmission loop ends when it wakes. */
const PAST_LAST_FLIGHT = 100;

/** Makes DTLS servers that share one self-signed ECDSA P-256 certificate. */
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

  /** Servers that show a certificate made elsewhere. */
  static withIdentity(
    identity: WeriftIdentity,
    clock: Clock,
    options: WeriftDtlsOptions,
  ): WeriftDtlsFactory {
    return new WeriftDtlsFactory(identity, clock, options);
  }

  /** Handshakes that run now, and ClientHellos that had to wait. */
  get activeHandshakes(): number {
    return this.#budget.active;
  }

  get deferredHandshakes(): number {
    return this.#budget.deferred;
  }

  create(options: DtlsPortOptions, callbacks: DtlsCallbacks): DtlsPort {
    const components = {
      clock: this.#clock,
      budget: this.#budget,
      createEngine: (profiles: readonly SrtpProfile[], engine: HandshakeEngineCallbacks) =>
        new WeriftHandshakeEngine(this.#identity, profiles, engine),
    };
    const handshakeTimeoutMs = this.#options.handshakeTimeoutMs;
    return new DtlsHandshake(components, { ...options, handshakeTimeoutMs }, callbacks);
  }
}

/** One DtlsServer on a transport that is a pair of functions. */
class WeriftHandshakeEngine implements HandshakeEngine {
  readonly #server: DtlsServer;
  readonly #deliver: (record: Buffer) => void;
  #callbacks: HandshakeEngineCallbacks | undefined;

  constructor(
    identity: WeriftIdentity,
    profiles: readonly SrtpProfile[],
    callbacks: HandshakeEngineCallbacks,
  ) {
    this.#callbacks = callbacks;
    const transport = createWeriftTransport((datagram) => this.#callbacks?.send(datagram));
    this.#server = new DtlsServer({
      transport,
      cert: identity.certPem,
      key: identity.keyPem,
      signatureHash: identity.signatureHash,
      srtpProfiles: [...profiles],
      extendedMasterSecret: true,
      certificateRequest: true,
    });
    this.#deliver = (record) => transport.onData(record, NOWHERE);
    this.#server.onConnect.subscribe(() => this.#callbacks?.onDone());
    this.#server.onError.subscribe((error) => {
      this.#callbacks?.onError(error.message === '' ? 'handshake failed' : error.message);
    });
  }

  receive(record: Uint8Array): void {
    this.#deliver(Buffer.from(record.buffer, record.byteOffset, record.byteLength));
  }

  secrets(): HandshakeSecrets | undefined {
    const context: Partial<CipherContext> = this.#server.cipher;
    const { cipher, masterSecret } = context;
    const clientKey = cipher?.clientWriteKey;
    const serverKey = cipher?.serverWriteKey;
    const clientNonce = cipher?.clientNonce;
    const serverNonce = cipher?.serverNonce;
    if (!masterSecret || !clientKey || !serverKey || !clientNonce || !serverNonce) return undefined;
    return { masterSecret, clientKey, clientNonce, serverKey, serverNonce };
  }

  srtpKeys(): SrtpKeys | undefined {
    const profile: number | undefined = this.#server.srtp.srtpProfile;
    if (profile !== SRTP_AES128_CM_HMAC_SHA1_80 && profile !== SRTP_AEAD_AES_128_GCM) {
      return undefined;
    }
    const keys = this.#server.extractSessionKeys(MASTER_KEY_BYTES, SALT_BYTES[profile]);
    return {
      profile,
      // Copied: werift's are slices of shared pools, which they would keep alive.
      local: { key: Uint8Array.from(keys.localKey), salt: Uint8Array.from(keys.localSalt) },
      remote: { key: Uint8Array.from(keys.remoteKey), salt: Uint8Array.from(keys.remoteSalt) },
    };
  }

  stop(): void {
    this.#callbacks = undefined;
    this.#server.dtls.flight = PAST_LAST_FLIGHT;
    this.#server.onConnect.allUnsubscribe();
    this.#server.onError.allUnsubscribe();
  }
}

/** werift asks for an address of its transport, but does not use it. */
const NOWHERE = ['', 0] as const;

type WeriftTransport = ConstructorParameters<typeof DtlsServer>[0]['transport'];

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
