// One WHIP publisher: its transport, and its way into the path once its tracks are flowing.
import { randomBytes, randomUUID } from 'node:crypto';
import type { Principal } from '../auth/access-request.ts';
import { expiryOf } from '../auth/expiry.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { formatListenAddress } from '../config/listen-address.ts';
import type { SrtpWorkspace } from '../egress/srtp-workspace.ts';
import type { PublishLease, PublishOptions, Publisher } from '../path/path.ts';
import type { Session } from '../path/session-registry.ts';
import type { Stream } from '../stream/stream.ts';
import type { LoopWatch } from './loop-watch.ts';
import { PublisherIngest } from './publisher-ingest.ts';
import type { PublisherPlan } from './publisher-plan.ts';
import type { IceCredentials } from './transport/ice-credentials.ts';
import type {
  PeerCallbacks,
  PeerConnectedInfo,
  PeerEnd,
  PeerSession,
} from './transport/peer-session.ts';
import type { SessionIdentity } from './viewer-session.ts';

/** Packets kept while the tracks gather, so that the first key frame is not lost. */
const MAX_GATHERED_PACKETS = 2000;
const FEEDBACK_PERIOD_MS = 50;

/** What a publisher's session works with. */
export interface PublisherSessionComponents {
  readonly clock: Clock;
  readonly loop: LoopWatch;
  readonly logger: Logger;
  /** Memory of what comes in, and of what goes out; see PublisherIngest. */
  readonly workspace: SrtpWorkspace;
  readonly sendWorkspace: SrtpWorkspace;
  /** Attaches to the path; throws when the path refuses. */
  readonly publish: (options: PublishOptions) => PublishLease;
  readonly onClosed: (session: PublisherSession, reason: MediaError) => void;
}

/** Who publishes what to which path. */
export interface PublisherSessionOptions {
  readonly identity: SessionIdentity;
  readonly pathName: string;
  /** Whose proof the session lives by. */
  readonly principal: Principal;
  readonly plan: PublisherPlan;
  /** How long after connecting the tracks may take to flow. */
  readonly trackGatherTimeoutMs: number;
}

interface GatheredPacket {
  readonly section: number;
  readonly bytes: Uint8Array;
}

/** Publishes when every planned track has sent a packet, or after the gather time with those that have. */
export class PublisherSession implements Session, PeerCallbacks, Publisher {
  readonly id: string = randomUUID();
  readonly type = 'webRTCSession';
  readonly state = 'publish';
  readonly createdAt: number;
  readonly user: string;
  readonly query: string;
  readonly userAgent: string;

  readonly #components: PublisherSessionComponents;
  readonly #options: PublisherSessionOptions;
  readonly #logger: Logger;
  #peer: PeerSession | undefined;
  #remoteUfrag = '';
  #ingest: PublisherIngest | undefined;
  #lease: PublishLease | undefined;
  /** Track index in the stream by section; -1 for a section that never sent. */
  #trackOfSection: number[] = [];
  /** Where its packets begin in the tracks of the stream that it joined. */
  #joined: { readonly stream: Stream; readonly heads: readonly number[] } | undefined;
  #gathered: GatheredPacket[] = [];
  /** Sections that have sent. */
  readonly #seen = new Set<number>();
  #gatherTimer: Timer | undefined;
  #feedbackTimer: Timer | undefined;
  #releaseLoop: (() => void) | undefined;
  #hasScheduledPublish = false;
  #isClosed = false;

  constructor(components: PublisherSessionComponents, options: PublisherSessionOptions) {
    this.#components = components;
    this.#options = options;
    this.createdAt = components.clock.nowMs();
    this.user = options.identity.user;
    this.query = options.identity.query;
    this.userAgent = options.identity.userAgent;
    this.#logger = components.logger.scope(`session ${this.id.slice(0, 8)}`);
  }

  get path(): string {
    return this.#options.pathName;
  }

  get remoteAddress(): string {
    const address = this.#peer?.selectedAddress;
    return address
      ? formatListenAddress({ host: address.address, port: address.port })
      : this.#options.identity.remoteAddress;
  }

  get isConnected(): boolean {
    return this.#ingest !== undefined;
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

  start(peer: PeerSession, remoteUfrag: string): void {
    this.#peer = peer;
    this.#remoteUfrag = remoteUfrag;
  }

  readonly onConnected = (info: PeerConnectedInfo): void => {
    const { clock, loop, workspace, sendWorkspace } = this.#components;
    this.#releaseLoop = loop.acquire();
    this.#ingest = new PublisherIngest(
      { clock, loop, workspace, sendWorkspace, send: (bytes) => void this.#peer?.send(bytes) },
      {
        plan: this.#options.plan,
        keys: info.keys,
        localSsrc: randomBytes(4).readUInt32BE(0) || 1,
        onPacket: this.#onPacket,
        onLoss: this.#onLoss,
        onSenderReport: this.#onSenderReport,
      },
    );
    this.#feedbackTimer = clock.every(FEEDBACK_PERIOD_MS, () => {
      this.#ingest?.tick();
      this.#askForFirstKeyFrames();
      this.#schedulePublish();
    });
    this.#gatherTimer = clock.after(this.#options.trackGatherTimeoutMs, () => this.#attach());
  };

  readonly onRtp = (bytes: Uint8Array): void => {
    this.#ingest?.receiveRtp(bytes);
    this.#schedulePublish();
  };

  readonly onRtcp = (bytes: Uint8Array): void => this.#ingest?.receiveRtcp(bytes);

  /** Publishers get only reports from us; the transport knows where they go. */
  readonly onAddressChanged = (): void => undefined;

  readonly onClosed = (end: PeerEnd): void => {
    const kind = end.state === 'closed' ? 'canceled' : 'unavailable';
    this.close(new MediaError(kind, 'peer-ended', end.message));
  };

  /** Closes the session when the token expired. Once a second. */
  tick(): void {
    const expired = expiryOf(this.#options.principal, this.#components.clock.nowMs());
    if (expired) this.close(expired);
  }

  onPathClosed(reason: MediaError): void {
    this.close(reason);
  }

  /** ICE restart: new credentials of ours against the peer's new user name fragment. */
  restartIce(remoteUfrag: string): IceCredentials {
    if (!this.#peer) throw new MediaError('internal', 'internal', 'the session has no transport');
    this.#remoteUfrag = remoteUfrag;
    return this.#peer.restartIce(remoteUfrag);
  }

  stats(): Readonly<Record<string, number>> {
    const stats = this.#ingest?.stats;
    const tracks = this.#ingest?.tracks ?? [];
    const [first] = tracks;
    const sum = (count: (track: (typeof tracks)[number]) => number): number =>
      tracks.reduce((total, track) => total + count(track), 0);
    return {
      inboundBytes: stats?.bytes ?? 0,
      inboundRTPPackets: stats?.rtpPackets ?? 0,
      inboundRTPPacketsLost: sum((track) => track.reorder.lostCount),
      inboundRTPPacketsJitter: first
        ? first.reception.jitterTicks / first.reception.clockRateHz
        : 0,
      inboundRTCPPackets: stats?.rtcpPackets ?? 0,
      outboundBytes: this.#peer?.bytesSent ?? 0,
      outboundRTPPackets: 0,
      outboundRTCPPackets: stats?.rtcpPacketsSent ?? 0,
      outboundFramesDiscarded: 0,
    };
  }

  close(reason: MediaError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#gatherTimer?.cancel();
    this.#feedbackTimer?.cancel();
    this.#releaseLoop?.();
    this.#gathered = [];
    this.#lease?.close();
    this.#peer?.close();
    this.#logger.info(`closed: ${reason.message}`);
    this.#components.onClosed(this, reason);
  }

  readonly #onPacket = (section: number, packet: Uint8Array): void => {
    if (this.#lease) {
      this.#lease.writer.writeRtp(this.#trackOfSection[section] ?? -1, packet);
      return;
    }
    if (this.#isClosed) return;
    if (this.#gathered.length < MAX_GATHERED_PACKETS) {
      this.#gathered.push({ section, bytes: packet.slice() });
    }
    this.#seen.add(section);
    if (this.#seen.size === this.#options.plan.sections.length) this.#attach();
  };

  /** Readers can't repair a picture with a hole in it: only a key frame does. */
  readonly #onLoss = (section: number): void => {
    const stream = this.#lease?.stream;
    const track = stream?.tracks[this.#trackOfSection[section] ?? -1];
    if (stream && track?.kind === 'video') stream.requestKeyFrame(track);
  };

  readonly #onSenderReport = (section: number, ntpMs: number, timestampTicks: number): void => {
    const track = this.#trackOfSection[section] ?? -1;
    this.#lease?.writer.writeSenderReport(track, ntpMs, timestampTicks);
  };

  /** Publishes with the sections that have sent, and replays what was gathered. */
  #attach(): void {
    this.#gatherTimer?.cancel();
    if (this.#isClosed || this.#lease) return;
    const { sections } = this.#options.plan;
    if (this.#seen.size === 0) {
      this.close(new MediaError('deadline-exceeded', 'no-tracks', 'no media came in time'));
      return;
    }
    const active = [...sections.keys()].filter((section) => this.#seen.has(section));
    const tracks = active.flatMap((section) => sections[section]?.description ?? []);
    this.#trackOfSection = sections.map((_, section) => active.indexOf(section));
    try {
      this.#lease = this.#components.publish({
        publisher: this,
        tracks,
        writer: {
          onKeyFrameRequest: (track) => this.#ingest?.requestKeyFrame(active[track] ?? -1),
        },
      });
    } catch (thrown) {
      this.close(toMediaError(thrown));
      return;
    }
    const { stream } = this.#lease;
    this.#joined = { stream, heads: stream.tracks.map(({ ring }) => ring.head) };
    const names = tracks.map((track) => track.codec.name).join(', ');
    this.#logger.info(
      `is publishing to path '${this.path}', ${tracks.length} ` +
        `${tracks.length === 1 ? 'track' : 'tracks'} (${names}) by ${this.remoteCandidate}`,
    );
    const gathered = this.#gathered;
    this.#gathered = [];
    for (const { section, bytes } of gathered) this.#onPacket(section, bytes);
    this.#lease.writer.publish();
  }

  /** Nobody can watch before the first key frame; the stream spaces the requests out. */
  #askForFirstKeyFrames(): void {
    const stream = this.#lease?.stream;
    const heads = stream === this.#joined?.stream ? this.#joined?.heads : undefined;
    for (const track of stream?.tracks ?? []) {
      // A key frame that a predecessor left in the ring is no picture of this publisher.
      const from = heads?.[track.index] ?? 0;
      if (track.kind === 'video' && track.ring.newestKeyFrame < from)
        stream?.requestKeyFrame(track);
    }
  }

  /** Readers are woken once for all datagrams that one turn of the event loop brought. */
  #schedulePublish(): void {
    if (this.#hasScheduledPublish || !this.#lease) return;
    this.#hasScheduledPublish = true;
    setImmediate(this.#publishNow);
  }

  readonly #publishNow = (): void => {
    this.#hasScheduledPublish = false;
    if (!this.#isClosed) this.#lease?.writer.publish();
  };
}
