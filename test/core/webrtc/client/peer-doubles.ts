// An ICE link and a DTLS that a test turns by hand, and the answer of a peer.
import type { IceCandidate } from '../../../../core/sdp/ice-candidate.ts';
import type {
  IceLink,
  IceLinkCallbacks,
  IceLinkFactory,
  IceLinkOptions,
  RemoteIce,
} from '../../../../core/webrtc/client/ice-link.ts';
import type { DtlsRole, PeerDtls } from '../../../../core/webrtc/client/peer-dtls.ts';
import type {
  DtlsCallbacks,
  DtlsPort,
  DtlsPortOptions,
} from '../../../../core/webrtc/transport/dtls-port.ts';

export const HOST: IceCandidate = {
  ...{ foundation: '1', component: 1, transport: 'udp', priority: 100 },
  ...{ address: '127.0.0.1', port: 4000, type: 'host', extensions: [] },
};

/** Tells one host candidate when it gathers. */
export class LinkDouble implements IceLink {
  readonly credentials = { ufrag: 'ours', password: 'p'.repeat(24) };
  readonly options: IceLinkOptions;
  readonly callbacks: IceLinkCallbacks;
  readonly sent: Uint8Array[] = [];
  readonly remoteCandidates: (IceCandidate | undefined)[] = [];
  remote: RemoteIce | undefined;
  isUp = false;
  isClosed = false;
  /** Settles gather(), for tests of trickling. */
  readonly gathered = Promise.withResolvers<undefined>();
  hasAddress = true;

  constructor(options: IceLinkOptions, callbacks: IceLinkCallbacks) {
    this.options = options;
    this.callbacks = callbacks;
  }

  get selectedPair(): IceLink['selectedPair'] {
    return {
      ...{ local: 'host/udp/127.0.0.1/4000', remote: 'host/udp/127.0.0.1/5000' },
      ...{ remoteAddress: '127.0.0.1', remotePort: 5000 },
    };
  }

  async gather(): Promise<void> {
    if (this.hasAddress) this.callbacks.onCandidate(HOST);
    await this.gathered.promise;
  }

  connect(remote: RemoteIce): void {
    this.remote = remote;
  }

  /** The checks succeeded. */
  comeUp(): void {
    this.isUp = true;
    this.callbacks.onConnected();
  }

  addRemoteCandidate(candidate: IceCandidate): void {
    this.remoteCandidates.push(candidate);
  }

  endRemoteCandidates(): void {
    this.remoteCandidates.push(undefined);
  }

  send(bytes: Uint8Array): boolean {
    if (this.isUp && !this.isClosed) this.sent.push(bytes);
    return this.isUp && !this.isClosed;
  }

  close(): void {
    this.isClosed = true;
  }
}

/** Keeps the links that were made. */
export class LinkDoubles implements IceLinkFactory {
  readonly links: LinkDouble[] = [];

  create(options: IceLinkOptions, callbacks: IceLinkCallbacks): IceLink {
    const link = new LinkDouble(options, callbacks);
    this.links.push(link);
    return link;
  }
}

/** Keeps what was started. */
export class DtlsDouble implements PeerDtls {
  readonly localFingerprint = { algorithm: 'sha-256', value: 'AA:BB' };
  readonly received: Uint8Array[] = [];
  role: DtlsRole | undefined;
  callbacks: DtlsCallbacks | undefined;
  readonly applicationData: Uint8Array[] = [];
  isClosed = false;

  start(role: DtlsRole, _options: DtlsPortOptions, callbacks: DtlsCallbacks): DtlsPort {
    this.role = role;
    this.callbacks = callbacks;
    return {
      receive: (datagram) => void this.received.push(datagram),
      close: () => void (this.isClosed = true),
    };
  }

  /** The handshake is done. */
  connect(): void {
    const key = { key: new Uint8Array(16), salt: new Uint8Array(14) };
    this.callbacks?.onConnected({
      keys: { profile: 1, local: key, remote: key },
      remoteFingerprint: this.localFingerprint,
      ...(this.callbacks.onApplicationData && {
        sendApplicationData: (bytes) => this.applicationData.push(bytes) > 0,
      }),
    });
  }
}

/** An answer to one video section. */
export function answerText(options: {
  readonly setup?: string;
  readonly isLite?: boolean;
  readonly lines?: readonly string[];
  readonly port?: number;
  readonly kind?: string;
}): string {
  const { setup = 'passive', isLite = true, lines = [], port = 9, kind = 'video' } = options;
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    ...(isLite ? ['a=ice-lite'] : []),
    'a=group:BUNDLE 0',
    `m=${kind} ${port} UDP/TLS/RTP/SAVPF 96`,
    'a=mid:0',
    'a=ice-ufrag:theirs',
    'a=ice-pwd:theirpasswordtheirpassword',
    `a=fingerprint:sha-256 ${Array(32).fill('CD').join(':')}`,
    `a=setup:${setup}`,
    'a=rtcp-mux',
    'a=sendonly',
    'a=rtpmap:96 H264/90000',
    ...lines,
    '',
  ].join('\r\n');
}
