// DTLS for peers that offer: one certificate, werift's DtlsClient where the answer is passive and
// its DtlsServer where the answer is active. What dtls-werift.ts says of werift holds here too.
import { X509Certificate } from 'node:crypto';
import {
  CipherContext,
  DtlsClient,
  HashAlgorithm,
  NamedCurveAlgorithm,
  SignatureAlgorithm,
} from 'werift';
import type { Clock } from '../../base/clock.ts';
import type {
  HandshakeEngine,
  HandshakeEngineCallbacks,
  HandshakeSecrets,
} from '../transport/dtls-handshake-engine.ts';
import {
  SRTP_AEAD_AES_128_GCM,
  SRTP_AES128_CM_HMAC_SHA1_80,
  type CertificateFingerprint,
  type DtlsCallbacks,
  type DtlsPort,
  type DtlsPortOptions,
  type SrtpKeys,
  type SrtpProfile,
} from '../transport/dtls-port.ts';
import { WeriftDtlsFactory, type WeriftIdentity } from '../transport/dtls-werift.ts';
import { DtlsClientHandshake } from './dtls-client-handshake.ts';
import type { DtlsRole, PeerDtls } from './peer-dtls.ts';

/** Limits of all handshakes. */
export interface WeriftPeerDtlsOptions {
  readonly maxHandshakes: number;
  readonly handshakeTimeoutMs: number;
}

const MASTER_KEY_BYTES = 16;
const SALT_BYTES = { [SRTP_AES128_CM_HMAC_SHA1_80]: 14, [SRTP_AEAD_AES_128_GCM]: 12 } as const;
/** Above every flight number, so that a sleeping retransmission loop ends when it wakes. */
const PAST_LAST_FLIGHT = 100;

/** Makes associations in either role that show one self-signed ECDSA P-256 certificate. */
export class WeriftPeerDtls implements PeerDtls {
  readonly localFingerprint: CertificateFingerprint;
  readonly #identity: WeriftIdentity;
  readonly #clock: Clock;
  readonly #options: WeriftPeerDtlsOptions;
  readonly #servers: WeriftDtlsFactory;

  private constructor(identity: WeriftIdentity, clock: Clock, options: WeriftPeerDtlsOptions) {
    const { fingerprint256 } = new X509Certificate(identity.certPem);
    this.localFingerprint = { algorithm: 'sha-256', value: fingerprint256 };
    this.#identity = identity;
    this.#clock = clock;
    this.#options = options;
    this.#servers = WeriftDtlsFactory.withIdentity(identity, clock, options);
  }

  /** Makes the certificate, which takes some milliseconds. */
  static async create(clock: Clock, options: WeriftPeerDtlsOptions): Promise<WeriftPeerDtls> {
    const identity = await CipherContext.createSelfSignedCertificateWithKey(
      { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
      NamedCurveAlgorithm.secp256r1_23,
    );
    return new WeriftPeerDtls(identity, clock, options);
  }

  start(role: DtlsRole, options: DtlsPortOptions, callbacks: DtlsCallbacks): DtlsPort {
    if (role === 'server') return this.#servers.create(options, callbacks);
    const client = new DtlsClientHandshake(
      {
        clock: this.#clock,
        createEngine: (profiles, engine) =>
          new WeriftClientEngine(this.#identity, profiles, engine),
      },
      { ...options, handshakeTimeoutMs: this.#options.handshakeTimeoutMs },
      callbacks,
    );
    client.start();
    return client;
  }
}

type WeriftTransport = ConstructorParameters<typeof DtlsClient>[0]['transport'];

/** One DtlsClient on a transport that is a pair of functions. */
class WeriftClientEngine implements HandshakeEngine {
  readonly #client: DtlsClient;
  readonly #transport: WeriftTransport;
  #callbacks: HandshakeEngineCallbacks | undefined;

  constructor(
    identity: WeriftIdentity,
    profiles: readonly SrtpProfile[],
    callbacks: HandshakeEngineCallbacks,
  ) {
    this.#callbacks = callbacks;
    this.#transport = createTransport((datagram) => this.#callbacks?.send(datagram));
    this.#client = new DtlsClient({
      transport: this.#transport,
      cert: identity.certPem,
      key: identity.keyPem,
      signatureHash: identity.signatureHash,
      srtpProfiles: [...profiles],
      extendedMasterSecret: true,
    });
    const onError = (thrown: unknown): void => {
      const text = thrown instanceof Error ? thrown.message : String(thrown);
      this.#callbacks?.onError(text === '' ? 'handshake failed' : text);
    };
    this.#client.onError.subscribe(onError);
    this.#client.connect().catch(onError);
  }

  receive(record: Uint8Array): void {
    const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
    this.#transport.onData(bytes, NOWHERE);
  }

  secrets(): HandshakeSecrets | undefined {
    const context: Partial<CipherContext> = this.#client.cipher;
    const { cipher, masterSecret } = context;
    const clientKey = cipher?.clientWriteKey;
    const serverKey = cipher?.serverWriteKey;
    const clientNonce = cipher?.clientNonce;
    const serverNonce = cipher?.serverNonce;
    if (!masterSecret || !clientKey || !serverKey || !clientNonce || !serverNonce) return undefined;
    return { masterSecret, clientKey, clientNonce, serverKey, serverNonce };
  }

  srtpKeys(): SrtpKeys | undefined {
    const profile: number | undefined = this.#client.srtp.srtpProfile;
    if (profile !== SRTP_AES128_CM_HMAC_SHA1_80 && profile !== SRTP_AEAD_AES_128_GCM) {
      return undefined;
    }
    const keys = this.#client.extractSessionKeys(MASTER_KEY_BYTES, SALT_BYTES[profile]);
    return {
      profile,
      // Copied: werift's are slices of shared pools, which they would keep alive.
      local: { key: Uint8Array.from(keys.localKey), salt: Uint8Array.from(keys.localSalt) },
      remote: { key: Uint8Array.from(keys.remoteKey), salt: Uint8Array.from(keys.remoteSalt) },
    };
  }

  stop(): void {
    this.#callbacks = undefined;
    this.#client.dtls.flight = PAST_LAST_FLIGHT;
    this.#client.onError.allUnsubscribe();
  }
}

/** werift asks for an address of its transport, but does not use it. */
const NOWHERE = ['', 0] as const;

function createTransport(send: (datagram: Uint8Array) => void): WeriftTransport {
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
