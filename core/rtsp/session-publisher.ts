// What a session that publishes does: takes packets over TCP or UDP, writes them to its path, reports back.
import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../base/clock.ts';
import { MediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { PathGrant, PathManager } from '../path/path-manager.ts';
import type { Publisher, PublishLease } from '../path/path.ts';
import { ReportPoke } from './report-poke.ts';
import { formatFrame } from './rtsp-message.ts';
import type { RtspConnection } from './rtsp-connection.ts';
import { MAX_REPORT_BYTES, TrackReceiver } from './track-receiver.ts';
import type { TransportPair } from './transport-header.ts';
import type { UdpMember, UdpPeer, UdpPorts } from './udp-ports.ts';

/** One `m=` section of the announced description. */
export interface AnnouncedMedia {
  readonly control: string | undefined;
  /** Its track; -1 for sections that are accepted but not used. */
  readonly trackIndex: number;
}

/** What a publisher needs. */
export interface SessionPublisherComponents {
  readonly pathManager: Pick<PathManager, 'publish'>;
  readonly clock: Clock;
}

/** What was announced, by whom. */
export interface SessionPublisherOptions {
  readonly grant: PathGrant;
  readonly tracks: readonly TrackDescription[];
  readonly medias: readonly AnnouncedMedia[];
  readonly publisher: Publisher;
  /** Longest silence of a publisher over UDP. */
  readonly readTimeoutMs: number;
}

const REPORT_PERIOD_MS = 5000;
/** Longest silence of a publisher over TCP. */
const TCP_SILENCE_MS = 60_000;
const RTCP_BIT = 1;
const UNUSED = -1;

/** The publishing half of a session, from ANNOUNCE to its end. */
export class SessionPublisher {
  readonly kind = 'publish';
  readonly pathName: string;
  readonly tracks: readonly TrackDescription[];
  readonly medias: readonly AnnouncedMedia[];

  readonly #components: SessionPublisherComponents;
  readonly #options: SessionPublisherOptions;
  readonly #reporterSsrc = randomBytes(4).readUInt32BE();
  /** By media. */
  readonly #isSetUp: boolean[];
  readonly #receivers: (TrackReceiver | undefined)[];
  readonly #peers: (UdpPeer | undefined)[] = [];
  /** By interleaved channel: media * 2 + RTCP_BIT, or UNUSED. */
  readonly #channels = new Int16Array(256).fill(UNUSED);
  readonly #rtcpChannels: (number | undefined)[] = [];
  readonly #poke: ReportPoke;
  readonly #flush = (): void => {
    this.#isFlushPlanned = false;
    this.#lease?.writer.publish();
  };
  #connection: RtspConnection | undefined;
  #lease: PublishLease | undefined;
  #isFlushPlanned = false;
  #reorderTimer: Timer | undefined;
  #startedMs = 0;
  #nextReportMs = 0;

  constructor(components: SessionPublisherComponents, options: SessionPublisherOptions) {
    this.#components = components;
    this.#options = options;
    this.pathName = options.grant.pathName;
    this.tracks = options.tracks;
    this.medias = options.medias;
    this.#isSetUp = options.medias.map(() => false);
    this.#receivers = options.tracks.map(() => undefined);
    this.#poke = new ReportPoke(components.clock);
  }

  get isActive(): boolean {
    return this.#lease !== undefined;
  }

  get transport(): 'tcp' | 'udp' | undefined {
    if (this.#connection) return 'tcp';
    return this.#peers.some((peer) => peer !== undefined) ? 'udp' : undefined;
  }

  /** Whether a media section was set up. */
  isSetUp(mediaIndex: number): boolean {
    return this.#isSetUp[mediaIndex] === true;
  }

  /** Whether an interleaved channel is free for a media section. */
  isChannelFree(channel: number, mediaIndex: number): boolean {
    const taken = this.#channels[channel] ?? UNUSED;
    return taken === UNUSED || taken >> 1 === mediaIndex;
  }

  /** Takes a media section over a connection. */
  setUpTcp(mediaIndex: number, channels: TransportPair, connection: RtspConnection): void {
    for (const [channel, taken] of this.#channels.entries()) {
      if (taken >> 1 === mediaIndex) this.#channels[channel] = UNUSED;
    }
    this.#connection = connection;
    this.#channels[channels.rtp] = mediaIndex * 2;
    this.#channels[channels.rtcp] = mediaIndex * 2 + RTCP_BIT;
    const trackIndex = this.medias[mediaIndex]?.trackIndex ?? UNUSED;
    if (trackIndex >= 0) this.#rtcpChannels[trackIndex] = channels.rtcp;
    this.#createReceiver(trackIndex, false);
    this.#isSetUp[mediaIndex] = true;
  }

  /** Takes a media section over UDP. @throws MediaError when the client's ports are taken. */
  setUpUdp(
    mediaIndex: number,
    ports: TransportPair,
    { udp, ip }: { readonly udp: UdpPorts; readonly ip: string },
  ): void {
    this.#peers[mediaIndex]?.close();
    this.#peers[mediaIndex] = undefined;
    const trackIndex = this.medias[mediaIndex]?.trackIndex ?? UNUSED;
    const receiver = this.#createReceiver(trackIndex, true);
    this.#peers[mediaIndex] = udp.register(ip, ports, this.#createMember(receiver));
    this.#isSetUp[mediaIndex] = true;
  }

  /** Starts to publish. @throws MediaError as PathManager.publish. */
  record(): void {
    const { pathManager, clock } = this.#components;
    const { grant, publisher, tracks } = this.#options;
    const lease = pathManager.publish(grant, { publisher, tracks });
    this.#lease = lease;
    this.#startedMs = clock.monotonicMs();
    this.#nextReportMs = this.#startedMs + REPORT_PERIOD_MS;
    for (const receiver of this.#receivers) receiver?.setWriter(lease.writer);
  }

  /** Leaves the path; what comes until the next `record()` is dropped. Idempotent. */
  pause(): void {
    for (const receiver of this.#receivers) {
      receiver?.reorder?.flush();
      receiver?.setWriter(undefined);
    }
    this.#reorderTimer?.cancel();
    this.#reorderTimer = undefined;
    this.#lease?.writer.publish();
    this.#lease?.close();
    this.#lease = undefined;
  }

  /** An interleaved frame. */
  onFrame(channel: number, payload: Uint8Array): void {
    const target = this.#channels[channel] ?? UNUSED;
    if (target === UNUSED || !this.#lease) return;
    const receiver = this.#receivers[this.medias[target >> 1]?.trackIndex ?? UNUSED];
    if (receiver === undefined) return;
    const nowMs = this.#components.clock.monotonicMs();
    if ((target & RTCP_BIT) === 0) receiver.onRtp(payload, nowMs);
    else receiver.onRtcp(payload, nowMs);
  }

  /** The frames of one read are through: wakes the readers, and the sender when it holds back the rest of a frame. */
  onReadEnd(isInsideFrame: boolean): void {
    const connection = this.#connection;
    if (!this.#lease || !connection) return;
    this.#lease.writer.publish();
    const index = this.#trackToPoke(isInsideFrame);
    if (index === UNUSED || !this.#poke.take()) return;
    this.#report(index, this.#components.clock.monotonicMs());
  }

  onDrain(): void {
    // A publisher is sent only reports.
  }

  /** Does what time brings; returns why the session must end. */
  tick(nowMs: number): MediaError | undefined {
    if (!this.#lease) return undefined;
    if (nowMs >= this.#nextReportMs) {
      this.#nextReportMs = nowMs + REPORT_PERIOD_MS;
      for (const index of this.#receivers.keys()) this.#report(index, nowMs);
    }
    const receivers = this.#receivers.filter((receiver) => receiver !== undefined);
    if (receivers.length > 0 && receivers.every((receiver) => receiver.hasLeft)) {
      return new MediaError('canceled', 'rtsp-goodbye', 'the publisher said goodbye (RTCP BYE)');
    }
    const newestMs = receivers.reduce(
      (newest, receiver) => Math.max(newest, receiver.lastPacketMs),
      this.#startedMs,
    );
    const limitMs = this.transport === 'udp' ? this.#options.readTimeoutMs : TCP_SILENCE_MS;
    if (nowMs - newestMs <= limitMs) return undefined;
    return new MediaError(
      'deadline-exceeded',
      'rtsp-publisher-silent',
      `no packet from the publisher for ${Math.round(limitMs / 1000)} s`,
    );
  }

  /** Bytes taken and sent over UDP; over TCP the connection counts. */
  get udpBytes(): { readonly inbound: number; readonly outbound: number } {
    if (this.transport !== 'udp') return { inbound: 0, outbound: 0 };
    const inbound = this.#receivers.reduce((sum, each) => sum + (each?.bytesReceived ?? 0), 0);
    return { inbound, outbound: 0 };
  }

  stats(): Record<string, number> {
    const receivers = this.#receivers.filter((receiver) => receiver !== undefined);
    const sum = (value: (receiver: TrackReceiver) => number): number =>
      receivers.reduce((total, receiver) => total + value(receiver), 0);
    return {
      inboundRTPPackets: sum((receiver) => receiver.packetsReceived),
      inboundRTPPacketsLost: sum((receiver) => receiver.packetsLost),
      inboundRTPPacketsInError: sum((receiver) => receiver.packetsInError),
      inboundRTPPacketsJitter: Math.max(0, ...receivers.map(({ jitterTicks }) => jitterTicks)),
      inboundRTCPPackets: sum((receiver) => receiver.reportsReceived),
      inboundRTCPPacketsInError: sum((receiver) => receiver.reportsInError),
    };
  }

  /** Frees everything. Idempotent. */
  close(): void {
    this.pause();
    for (const peer of this.#peers.splice(0)) peer?.close();
    this.#channels.fill(UNUSED);
  }

  #createReceiver(trackIndex: number, isUnordered: boolean): TrackReceiver | undefined {
    const track = this.tracks[trackIndex];
    if (track === undefined) return undefined;
    const receiver = new TrackReceiver({
      trackIndex,
      clockRateHz: track.codec.clockRateHz,
      payloadType: track.payloadType,
      isUnordered,
      reporterSsrc: this.#reporterSsrc,
    });
    this.#receivers[trackIndex] = receiver;
    return receiver;
  }

  #createMember(receiver: TrackReceiver | undefined): UdpMember {
    const { clock } = this.#components;
    return {
      onRtpDatagram: (bytes) => {
        if (!this.#lease || !receiver) return;
        receiver.onRtp(bytes, clock.monotonicMs());
        this.#planFlush();
        this.#planReorderPoll(receiver);
      },
      onRtcpDatagram: (bytes) => {
        if (this.#lease) receiver?.onRtcp(bytes, clock.monotonicMs());
      },
    };
  }

  /** Readers are woken once for all datagrams that one turn of the event loop brings. */
  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    setImmediate(this.#flush);
  }

  #planReorderPoll(receiver: TrackReceiver): void {
    const deadlineMs = receiver.reorder?.deadlineMs;
    if (deadlineMs === undefined || this.#reorderTimer) return;
    const { clock } = this.#components;
    this.#reorderTimer = clock.after(Math.max(1, deadlineMs - clock.monotonicMs()), () => {
      this.#reorderTimer = undefined;
      const nowMs = clock.monotonicMs();
      for (const each of this.#receivers) each?.reorder?.poll(nowMs);
      this.#planFlush();
      for (const each of this.#receivers) if (each) this.#planReorderPoll(each);
    });
  }

  /** The track of which a part is missing at the end of a read, or -1. */
  #trackToPoke(isInsideFrame: boolean): number {
    let first = UNUSED;
    for (let index = 0; index < this.#receivers.length; index++) {
      const receiver = this.#receivers[index];
      if (receiver === undefined) continue;
      if (first === UNUSED) first = index;
      if (this.tracks[index]?.kind !== 'video') continue;
      if (isInsideFrame || receiver.isInsideAccessUnit) return index;
    }
    return isInsideFrame ? first : UNUSED;
  }

  #report(trackIndex: number, nowMs: number): void {
    const receiver = this.#receivers[trackIndex];
    if (receiver === undefined) return;
    const report = Buffer.allocUnsafe(MAX_REPORT_BYTES);
    const bytes = report.subarray(0, receiver.writeReport(report, 0, nowMs));
    const channel = this.#rtcpChannels[trackIndex];
    if (this.#connection && channel !== undefined) {
      this.#connection.write(formatFrame(channel, bytes));
      return;
    }
    const mediaIndex = this.medias.findIndex((media) => media.trackIndex === trackIndex);
    this.#peers[mediaIndex]?.sendRtcp(bytes);
  }
}
