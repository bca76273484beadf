// What all peers that offer share: certificate, sockets' options, memory and one egress engine.
import { networkInterfaces } from 'node:os';
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { toMediaError } from '../../base/media-error.ts';
import { SrtpWorkspace } from '../../egress/srtp-workspace.ts';
import { TsEgressEngine } from '../../egress/ts-egress-engine.ts';
import type { Stream } from '../../stream/stream.ts';
import { LoopWatch } from '../loop-watch.ts';
import type { IceServer } from '../ice-server-provider.ts';
import { StreamEgress } from '../stream-egress.ts';
import type { PeerAddress } from '../transport/peer-address.ts';
import { WeriftPeerDtls } from './dtls-client-werift.ts';
import type { IceLinkFactory } from './ice-link.ts';
import { WeriftIceLinks } from './ice-link-werift.ts';
import { localAddresses, type LocalAddressOptions } from './local-addresses.ts';
import { OfferingPeer, type OfferingPeerOptions } from './offering-peer.ts';
import type { PeerDtls } from './peer-dtls.ts';
import { sendSignaling, type SendSignaling } from './signaling-http.ts';

/** What clients work with; a test brings doubles. */
export interface WebRtcClientsComponents {
  readonly clock: Clock;
  readonly links?: IceLinkFactory;
  readonly dtls?: () => Promise<PeerDtls>;
  readonly send?: SendSignaling;
}

/** Settings of clients. */
export interface WebRtcClientsOptions {
  /** Asked for each peer. */
  readonly addresses: () => LocalAddressOptions;
  /** Longest wait for an answer of a server, in ms; asked for each peer. */
  readonly requestTimeoutMs: () => number;
}

/** What one peer asks for. */
export type PeerWish = Pick<
  OfferingPeerOptions,
  'sections' | 'connectTimeoutMs' | 'silenceTimeoutMs' | 'onCandidate' | 'dataChannel'
> & { readonly iceServers: readonly IceServer[]; readonly stunTimeoutMs: number };

const MAX_HANDSHAKES = 64;
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Makes peers. */
export class WebRtcClients {
  readonly clock: Clock;
  readonly send: SendSignaling;
  /** Name of this server in RTCP. */
  readonly cname = randomBytes(9).toString('base64url');
  readonly workspace = new SrtpWorkspace();
  readonly sendWorkspace = new SrtpWorkspace();
  readonly loop: LoopWatch;
  readonly engine: TsEgressEngine<PeerAddress>;
  readonly #links: IceLinkFactory;
  readonly #createDtls: () => Promise<PeerDtls>;
  readonly #options: WebRtcClientsOptions;
  readonly #egresses = new Map<Stream, StreamEgress<PeerAddress>>();
  #dtls: Promise<PeerDtls> | undefined;

  constructor(components: WebRtcClientsComponents, options: WebRtcClientsOptions) {
    const { clock } = components;
    this.clock = clock;
    this.loop = new LoopWatch(clock);
    this.send = components.send ?? sendSignaling;
    this.#links = components.links ?? new WeriftIceLinks();
    this.#createDtls =
      components.dtls ??
      (() =>
        WeriftPeerDtls.create(clock, {
          maxHandshakes: MAX_HANDSHAKES,
          handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
        }));
    this.#options = options;
    const sendTo = (address: PeerAddress, bytes: Uint8Array): boolean =>
      address.connection?.send(bytes) ?? false;
    this.engine = new TsEgressEngine({ clock, socket: { sendTo, isCongested: () => false } });
  }

  get requestTimeoutMs(): number {
    return this.#options.requestTimeoutMs();
  }

  /** The certificate is made for the first peer. */
  async createPeer({ iceServers, stunTimeoutMs, ...wish }: PeerWish): Promise<OfferingPeer> {
    this.#dtls ??= this.#createDtls().catch((thrown: unknown) => {
      // The next peer tries again: one failure must not last as long as the server.
      this.#dtls = undefined;
      throw toMediaError(thrown);
    });
    const dtls = await this.#dtls;
    return new OfferingPeer(
      { clock: this.clock, links: this.#links, dtls },
      {
        ...wish,
        profiles: this.engine.preferredProfiles,
        ice: {
          localAddresses: localAddresses(networkInterfaces(), this.#options.addresses()),
          ...{ iceServers, stunTimeoutMs, isRelayOnly: false },
        },
      },
    );
  }

  /** The shared engine side of a stream. */
  egressOf(stream: Stream): StreamEgress<PeerAddress> {
    const known = this.#egresses.get(stream);
    if (known) return known;
    const egress = new StreamEgress(stream, this.engine, () => this.#egresses.delete(stream));
    this.#egresses.set(stream, egress);
    return egress;
  }

  /** Frees the engine; sessions were closed before. Idempotent. */
  close(): void {
    this.engine.close();
  }
}
