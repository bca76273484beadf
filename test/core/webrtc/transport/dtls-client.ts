// A DTLS client (werift's) wired to a DtlsPort by an in-memory network that tests can disturb.
import { X509Certificate } from 'node:crypto';
import { CipherContext, DtlsClient, HashAlgorithm, SignatureAlgorithm } from 'werift';
import type {
  CertificateFingerprint,
  DtlsConnectedInfo,
  DtlsFailure,
  DtlsPort,
  DtlsPortFactory,
  SrtpProfile,
} from '../../../../core/webrtc/transport/dtls-port.ts';

/** Certificate and key of a client. */
export interface ClientIdentity {
  readonly certPem: string;
  readonly keyPem: string;
  readonly fingerprint: CertificateFingerprint;
}

/** Makes a self-signed ECDSA P-256 certificate. */
export async function createClientIdentity(): Promise<ClientIdentity> {
  const { certPem, keyPem } = await CipherContext.createSelfSignedCertificateWithKey({
    signature: SignatureAlgorithm.ecdsa_3,
    hash: HashAlgorithm.sha256_4,
  });
  const value = new X509Certificate(certPem).fingerprint256;
  return { certPem, keyPem, fingerprint: { algorithm: 'sha-256', value } };
}

/** Turns one datagram into those that arrive: none (lost), several, or changed ones. */
export type Disturbance = (datagram: Uint8Array) => readonly Uint8Array[];

export interface DtlsPairOptions {
  readonly factory: DtlsPortFactory;
  readonly identity: ClientIdentity;
  readonly expected?: readonly CertificateFingerprint[];
  readonly serverProfiles?: readonly SrtpProfile[];
  readonly clientProfiles?: readonly SrtpProfile[];
}

/** A server under test and a client; datagrams travel one event-loop turn. */
export class DtlsPair implements Disposable {
  readonly server: DtlsPort;
  readonly client: DtlsClient;
  /** Everything sent so far. */
  readonly fromClient: Uint8Array[] = [];
  readonly fromServer: Uint8Array[] = [];
  disturbToServer: Disturbance = (datagram) => [datagram];
  disturbToClient: Disturbance = (datagram) => [datagram];
  connected: DtlsConnectedInfo | undefined;
  failure: { readonly failure: DtlsFailure; readonly message: string } | undefined;
  closedCount = 0;
  isClientConnected = false;
  readonly #toClient: (datagram: Uint8Array) => void;

  constructor(options: DtlsPairOptions) {
    const transport = {
      type: 'udp',
      address: { address: '', family: 'IPv4', port: 0 },
      closed: false,
      onData: ignoreData,
      send: (datagram: Uint8Array): Promise<void> => {
        const copy = Uint8Array.from(datagram);
        this.fromClient.push(copy);
        for (const arriving of this.disturbToServer(copy)) {
          setImmediate(() => this.server.receive(arriving));
        }
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
    this.client = new DtlsClient({
      transport,
      cert: options.identity.certPem,
      key: options.identity.keyPem,
      signatureHash: { hash: HashAlgorithm.sha256_4, signature: SignatureAlgorithm.ecdsa_3 },
      srtpProfiles: [...(options.clientProfiles ?? [7, 1])],
      extendedMasterSecret: true,
    });
    this.client.onConnect.subscribe(() => {
      this.isClientConnected = true;
    });
    this.#toClient = (datagram) => transport.onData(Buffer.from(datagram), ['', 0]);
    this.server = options.factory.create(
      {
        remoteFingerprints: options.expected ?? [options.identity.fingerprint],
        profiles: options.serverProfiles ?? [1, 7],
      },
      {
        send: (datagram) => this.#deliverToClient(datagram),
        onConnected: (info) => {
          this.connected = info;
        },
        onClosed: () => {
          this.closedCount++;
        },
        onFailed: (failure, message) => {
          this.failure = { failure, message };
        },
      },
    );
  }

  /** Starts the client and lets packets travel until the server is done, one way or the other. */
  async handshake(): Promise<void> {
    void this.client.connect();
    await this.settle(() => this.connected !== undefined || this.failure !== undefined);
  }

  /** Lets packets travel until `isDone`, at most 200 turns of the event loop. */
  async settle(isDone: () => boolean): Promise<void> {
    for (let turn = 0; turn < 200 && !isDone(); turn++) await turnEventLoop();
  }

  /** Gives all datagrams of the client to the server once more, as a retransmission would. */
  async repeatFromClient(first: number, last: number): Promise<void> {
    for (const datagram of this.fromClient.slice(first, last)) this.server.receive(datagram);
    await turnEventLoop();
  }

  /** Ends the client's retransmission timers. */
  [Symbol.dispose](): void {
    this.server.close();
    this.client.dtls.flight = 100;
  }

  #deliverToClient(datagram: Uint8Array): void {
    const copy = Uint8Array.from(datagram);
    this.fromServer.push(copy);
    for (const arriving of this.disturbToClient(copy)) {
      setImmediate(() => this.#toClient(arriving));
    }
  }
}

type OnData = (data: Buffer, address: readonly [string, number]) => void;
const ignoreData: OnData = () => undefined;

/** Waits one turn of the event loop. */
export function turnEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
