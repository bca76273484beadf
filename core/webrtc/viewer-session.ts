// One WHEP viewer: its transport, its rows in the egress engine, its RTCP.
import type { Principal } from '../auth/access-request.ts';
import { expiryOf } from '../auth/expiry.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import { formatListenAddress } from '../config/listen-address.ts';
import { SrtcpReceiver } from '../egress/srtcp-receiver.ts';
import { deriveSrtpKeys } from '../egress/srtp-key-derivation.ts';
import type { SrtpWorkspace } from '../egress/srtp-workspace.ts';
import type { EgressEngine } from '../egress/egress-engine.ts';
import { emptyViewerCounters } from '../egress/empty-viewer-counters.ts';
import type { ReadLease } from '../path/path.ts';
import type { Session } from '../path/session-registry.ts';
import type { Stream } from '../stream/stream.ts';
import type { IceCredentials } from './transport/ice-credentials.ts';
import type { PeerAddress } from './transport/peer-address.ts';
import type {
  PeerCallbacks,
  PeerConnectedInfo,
  PeerEnd,
  PeerSession,
} from './transport/peer-session.ts';
import type { EgressMember, StreamEgress } from './stream-egress.ts';
import { FirstPacketWatch } from './first-packet-watch.ts';
import type { PlannedSection, ViewerPlan } from './viewer-plan.ts';
import { bFramesMessage } from './viewer-plan.ts';
import { ViewerRtcp, type ViewerMedia } from './viewer-rtcp.ts';

/** Who is at the other end, for the API and the log. */
export interface SessionIdentity {
  readonly user: string;
  readonly remoteAddress: string;
  readonly query: string;
  readonly userAgent: string;
}

/** What a viewer's session works with. */
export interface ViewerSessionComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly engine: EgressEngine<PeerAddress>;
  readonly workspace: SrtpWorkspace;
  /** The shared engine side of a stream. */
  readonly egressOf: (stream: Stream) => StreamEgress<PeerAddress>;
  readonly onClosed: (session: ViewerSession, reason: MediaError) => void;
  /** The first picture was sent, or the first sound when there is no picture. */
  readonly onFirstPacket?: (() => void) | undefined;
}

/** Who watches what. */
export interface ViewerSessionOptions {
  /** UUID, the same as the path reader's. */
  readonly id: string;
  readonly identity: SessionIdentity;
  /** Whose proof the session lives by. */
  readonly principal: Principal;
  readonly lease: ReadLease;
  readonly plan: ViewerPlan;
  /** Stable name of this server in RTCP. */
  readonly cname: string;
  /** Frees what belongs to the session besides the lease, e.g. its part in a transcoder. */
  readonly onRelease?: () => void;
}

/** Viewers get their first media the moment the handshake is done. */
export class ViewerSession implements Session, PeerCallbacks, EgressMember {
  readonly id: string;
  readonly type = 'webRTCSession';
  readonly state = 'read';
  readonly createdAt: number;
  readonly user: string;
  readonly query: string;
  readonly userAgent: string;

  readonly #components: ViewerSessionComponents;
  readonly #options: ViewerSessionOptions;
  readonly #egresses: StreamEgress<PeerAddress>[] = [];
  readonly #logger: Logger;
  #peer: PeerSession | undefined;
  #remoteUfrag = '';
  #medias: ViewerMedia[] = [];
  #rtcp: ViewerRtcp | undefined;
  #srtcp: SrtcpReceiver | undefined;
  #firstPacket: FirstPacketWatch | undefined;
  #finalStats: Readonly<Record<string, number>> | undefined;
  #isClosed = false;

  constructor(components: ViewerSessionComponents, options: ViewerSessionOptions) {
    this.#components = components;
    this.#options = options;
    this.id = options.id;
    this.createdAt = components.clock.nowMs();
    this.user = options.identity.user;
    this.query = options.identity.query;
    this.userAgent = options.identity.userAgent;
    this.#logger = components.logger.scope(`session ${this.id.slice(0, 8)}`);
  }

  get path(): string {
    return this.#options.lease.path;
  }

  get remoteAddress(): string {
    const address = this.#peer?.selectedAddress;
    return address
      ? formatListenAddress({ host: address.address, port: address.port })
      : this.#options.identity.remoteAddress;
  }

  get plan(): ViewerPlan {
    return this.#options.plan;
  }

  get isConnected(): boolean {
    return this.#rtcp !== undefined;
  }

  /** The peer's user name fragment of the newest offer or restart. */
  get remoteUfrag(): string {
    return this.#remoteUfrag;
  }

  get localCandidate(): string {
    return this.#peer?.localCandidate ?? '';
  }

  get remoteCandidate(): string {
    return this.#peer?.remoteCandidate ?? '';
  }

  /** Gives the session its transport; the session joins the streams it was planned for. */
  start(peer: PeerSession, remoteUfrag: string): void {
    this.#peer = peer;
    this.#remoteUfrag = remoteUfrag;
    for (const { stream } of this.#options.plan.sections) {
      const egress = this.#components.egressOf(stream);
      if (this.#egresses.includes(egress)) continue;
      egress.join(this);
      this.#egresses.push(egress);
    }
  }

  readonly onConnected = (info: PeerConnectedInfo): void => {
    const { clock, engine, workspace } = this.#components;
    const { sections } = this.#options.plan;
    const { keys } = info;
    this.#medias = sections.map((section) => this.#addToEngine(section, info));
    const remote = deriveSrtpKeys({
      profile: keys.profile,
      masterKey: keys.remote.key,
      masterSalt: keys.remote.salt,
    });
    this.#srtcp = new SrtcpReceiver(remote, workspace);
    this.#rtcp = new ViewerRtcp(
      { clock, engine },
      { medias: this.#medias, cname: this.#options.cname },
    );
    this.#watchFirstPacket();
    const tracks = sections.map(({ track }) => track.codec.name).join(', ');
    this.#logger.info(
      `is reading from path '${this.path}', ${sections.length} ` +
        `${sections.length === 1 ? 'track' : 'tracks'} (${tracks}) by ${this.remoteCandidate}`,
    );
  };

  /** Viewers send no media. */
  readonly onRtp = (): void => undefined;

  readonly onRtcp = (bytes: Uint8Array): void => {
    const plain = this.#srtcp?.unprotect(bytes);
    if (plain) this.#rtcp?.receive(plain);
  };

  readonly onAddressChanged = (address: PeerAddress): void => {
    for (const media of this.#medias) this.#components.engine.setAddress(media.handle, address);
  };

  readonly onClosed = (end: PeerEnd): void => {
    const kind = end.state === 'closed' ? 'canceled' : 'unavailable';
    this.close(new MediaError(kind, 'peer-ended', end.message));
  };

  onStreamClosed(reason: MediaError): void {
    this.close(reason);
  }

  /** Sends sender reports; closes the session when the video has B-frames or the token expired. Once a second. */
  tick(): void {
    if (this.#isClosed) return;
    const { clock } = this.#components;
    const expired = expiryOf(this.#options.principal, clock.nowMs());
    if (expired) {
      this.close(expired);
      return;
    }
    for (const { track } of this.#options.plan.sections) {
      if (track.kind === 'video' && track.normalizer.hasBFrames === true) {
        this.close(new MediaError('unsupported', 'b-frames', bFramesMessage(track)));
        return;
      }
    }
    this.#rtcp?.sendReports();
  }

  /** ICE restart: new credentials of ours against the peer's new user name fragment. */
  restartIce(remoteUfrag: string): IceCredentials {
    if (!this.#peer) throw new MediaError('internal', 'internal', 'the session has no transport');
    this.#remoteUfrag = remoteUfrag;
    return this.#peer.restartIce(remoteUfrag);
  }

  stats(): Readonly<Record<string, number>> {
    if (this.#finalStats) return this.#finalStats;
    const totals = emptyViewerCounters();
    for (const media of this.#medias) {
      const counters = emptyViewerCounters();
      this.#components.engine.readCounters(media.handle, counters);
      totals.packetsSent += counters.packetsSent;
      totals.packetsRetransmitted += counters.packetsRetransmitted;
      totals.packetsDropped += counters.packetsDropped;
      totals.octetsSent += counters.octetsSent;
      totals.skips += counters.skips;
    }
    const reception = this.#rtcp?.reception;
    return {
      inboundBytes: this.#peer?.bytesReceived ?? 0,
      inboundRTPPackets: 0,
      inboundRTPPacketsLost: 0,
      inboundRTPPacketsJitter: 0,
      inboundRTCPPackets: reception?.rtcpPacketsReceived ?? 0,
      outboundBytes: totals.octetsSent,
      outboundRTPPackets: totals.packetsSent,
      outboundRTCPPackets: reception?.rtcpPacketsSent ?? 0,
      outboundRTPPacketsRetransmitted: totals.packetsRetransmitted,
      outboundRTPPacketsDiscarded: totals.packetsDropped,
      outboundRTPPacketsReportedLost: reception?.packetsLost ?? 0,
      outboundFramesDiscarded: totals.skips,
      roundTripMs: reception?.roundTripMs ?? 0,
    };
  }

  close(reason: MediaError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const stats = this.stats();
    this.#finalStats = stats;
    this.#firstPacket?.close();
    this.#rtcp?.sendBye();
    for (const media of this.#medias) this.#components.engine.removeViewer(media.handle);
    this.#medias = [];
    for (const egress of this.#egresses) egress.leave(this);
    this.#peer?.close();
    this.#options.onRelease?.();
    this.#options.lease.close(stats['outboundBytes']);
    this.#logger.info(`closed: ${reason.message}`);
    this.#components.onClosed(this, reason);
  }

  #watchFirstPacket(): void {
    const { clock, engine, onFirstPacket } = this.#components;
    if (!onFirstPacket || this.#firstPacket) return;
    const video = this.#medias.find(({ track }) => track.kind === 'video') ?? this.#medias[0];
    if (!video) return;
    const counters = emptyViewerCounters();
    const hasStarted = (): boolean => {
      engine.readCounters(video.handle, counters);
      return counters.hasStarted;
    };
    this.#firstPacket = new FirstPacketWatch(clock, hasStarted, onFirstPacket);
  }

  #addToEngine(section: PlannedSection, info: PeerConnectedInfo): ViewerMedia {
    const { engine, egressOf } = this.#components;
    const { stream, track, match, ssrc, rtxSsrc } = section;
    const handle = engine.addViewer(egressOf(stream).handleOf(track), {
      address: info.address,
      profile: info.keys.profile,
      masterKey: info.keys.local.key,
      masterSalt: info.keys.local.salt,
      ssrc,
      payloadType: match.format.payloadType,
      ...(match.rtx && rtxSsrc !== undefined
        ? { rtx: { ssrc: rtxSsrc, payloadType: match.rtx.payloadType } }
        : {}),
      onKeyFrameNeeded: () => stream.requestKeyFrame(track),
    });
    return { stream, track, handle, ssrc };
  }
}
