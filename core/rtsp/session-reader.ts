// What a session that reads does: chooses tracks, plays them over TCP or UDP, reports and listens to reports.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import type { ReadLease } from '../path/path.ts';
import { RtcpParser, type RtcpVisitor } from '../rtp/rtcp-parser.ts';
import type { ReportBlock } from '../rtp/rtcp-reports.ts';
import type { Stream } from '../stream/stream.ts';
import type { Track } from '../stream/track.ts';
import type { FanoutRegistry } from './fanout-registry.ts';
import type { RtpInfo } from './rtp-info-header.ts';
import { formatFrame } from './rtsp-message.ts';
import type { RtspConnection } from './rtsp-connection.ts';
import type { StreamCursor } from './stream-cursor.ts';
import { TcpReader } from './tcp-reader.ts';
import type { FanoutMember } from './tcp-fanout.ts';
import type { TransportPair } from './transport-header.ts';
import type { UdpPeer, UdpPorts } from './udp-ports.ts';
import { UdpReader } from './udp-reader.ts';

/** What a reader needs. */
export interface SessionReaderComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fanouts: FanoutRegistry;
}

/** What is read, and who wants to know of its end. */
export interface SessionReaderOptions {
  readonly lease: ReadLease;
  readonly onStreamClosed: (reason: MediaError) => void;
  /** Oldest age of queued bytes before the reader is given up. */
  readonly maxQueueAgeMs: number;
}

const REPORT_PERIOD_MS = 5000;
const DISCARD_LOG_PERIOD_MS = 10_000;

/** The reading half of a session, from its first SETUP to its end. */
export class SessionReader implements RtcpVisitor {
  readonly kind = 'read';
  readonly pathName: string;
  readonly stream: Stream;

  readonly #components: SessionReaderComponents;
  readonly #options: SessionReaderOptions;
  /** By track. */
  readonly #channels: (TransportPair | undefined)[];
  readonly #peers: (UdpPeer | undefined)[];
  readonly #reportedLost: number[];
  readonly #rtcp = new RtcpParser();
  #connection: RtspConnection | undefined;
  #tcpMember: FanoutMember | undefined;
  #udpReader: UdpReader | undefined;
  #isActive = false;
  #rtcpPackets = 0;
  #lastRtcpMs = 0;
  #nextReportMs = 0;
  #nextDiscardLogMs = 0;
  #loggedFrames = 0;
  #loggedPackets = 0;

  constructor(components: SessionReaderComponents, options: SessionReaderOptions) {
    this.#components = components;
    this.#options = options;
    this.pathName = options.lease.path;
    this.stream = options.lease.stream;
    this.#channels = this.stream.tracks.map(() => undefined);
    this.#peers = this.stream.tracks.map(() => undefined);
    this.#reportedLost = this.stream.tracks.map(() => 0);
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  get transport(): 'tcp' | 'udp' | undefined {
    if (this.#connection) return 'tcp';
    return this.#peers.some((peer) => peer !== undefined) ? 'udp' : undefined;
  }

  /** Monotonic time of the newest RTCP packet of a UDP reader. */
  get lastRtcpMs(): number {
    return this.#lastRtcpMs;
  }

  /** Tracks that were set up. */
  get tracks(): readonly Track[] {
    return this.stream.tracks.filter((track) => this.isSetUp(track.index));
  }

  isSetUp(trackIndex: number): boolean {
    return this.#channels[trackIndex] !== undefined || this.#peers[trackIndex] !== undefined;
  }

  /** Whether an interleaved channel is free for a track. */
  isChannelFree(channel: number, trackIndex: number): boolean {
    return this.#channels.every(
      (pair, index) => index === trackIndex || (pair?.rtp !== channel && pair?.rtcp !== channel),
    );
  }

  /** Sends a track over a connection. */
  setUpTcp(trackIndex: number, channels: TransportPair, connection: RtspConnection): void {
    this.#connection = connection;
    this.#channels[trackIndex] = channels;
    this.#tcpMember = undefined;
  }

  /** Sends a track over UDP. @throws MediaError when the client's ports are taken. */
  setUpUdp(
    trackIndex: number,
    ports: TransportPair,
    { udp, ip }: { readonly udp: Pick<UdpPorts, 'register'>; readonly ip: string },
  ): void {
    this.#peers[trackIndex]?.close();
    this.#peers[trackIndex] = undefined;
    this.#peers[trackIndex] = udp.register(ip, ports, {
      // Players punch holes into firewalls with RTP packets to us.
      onRtpDatagram: () => this.#noteRtcp(),
      onRtcpDatagram: (bytes) => this.#onRtcp(bytes),
    });
    this.#udpReader = undefined;
  }

  /**
   * Puts the reader where `start()` will begin and returns what RTP-Info says of each track, without
   * URLs; both in the same turn of the event loop. @throws MediaError when the stream has ended.
   */
  prepare(): Map<number, Omit<RtpInfo, 'url'>> {
    if (this.stream.closedReason) throw this.stream.closedReason;
    const cursor = this.#connection ? this.#prepareTcp(this.#connection) : this.#prepareUdp();
    const nowMs = this.#components.clock.monotonicMs();
    this.#lastRtcpMs = nowMs;
    this.#nextReportMs = nowMs;
    return new Map(this.tracks.map((track) => [track.index, this.#startOf(track, cursor)]));
  }

  /** Starts to send, the reports first. */
  start(): void {
    this.#isActive = true;
    this.#sendReports(this.#components.clock.monotonicMs());
    if (this.#tcpMember) this.#fanout().add(this.#tcpMember);
    else this.#udpReader?.start();
  }

  /** Stops sending until the next `start()`. Idempotent. */
  pause(): void {
    this.#isActive = false;
    if (this.#tcpMember) this.#fanout().remove(this.#tcpMember);
    this.#udpReader?.stop();
  }

  /** An interleaved frame: readers send reports. */
  onFrame(channel: number, payload: Uint8Array): void {
    for (let index = 0; index < this.#channels.length; index++) {
      if (this.#channels[index]?.rtcp === channel) {
        this.#onRtcp(payload);
        return;
      }
    }
  }

  onReadEnd(): void {
    // Reports are handled one by one.
  }

  onDrain(): void {
    if (this.#isActive && this.#tcpMember) this.#fanout().feed(this.#tcpMember.reader);
  }

  /** Does what time brings; returns why the session must end. */
  tick(nowMs: number): MediaError | undefined {
    if (!this.#isActive) return undefined;
    if (nowMs >= this.#nextReportMs) this.#sendReports(nowMs);
    this.#logDiscarded(nowMs);
    const ageMs = this.#connection?.measureQueueAge(nowMs) ?? 0;
    if (ageMs <= this.#options.maxQueueAgeMs) return undefined;
    return new MediaError(
      'deadline-exceeded',
      'rtsp-reader-stuck',
      `reader is too slow: it took nothing of what was queued for ${Math.round(ageMs / 1000)} s`,
    );
  }

  stats(): Record<string, number> {
    const { outbound, cursor } = this.#sender ?? {};
    return {
      inboundRTCPPackets: this.#rtcpPackets,
      inboundRTCPPacketsInError: this.#rtcp.malformedCount,
      outboundRTPPackets: outbound?.packets ?? 0,
      outboundRTPPacketsReportedLost: this.#reportedLost.reduce((sum, lost) => sum + lost, 0),
      outboundRTPPacketsDiscarded: cursor?.discardedPackets ?? 0,
      outboundRTCPPackets: outbound?.reports ?? 0,
    };
  }

  /** Bytes taken and sent over UDP; over TCP the connection counts. */
  get udpBytes(): { readonly inbound: number; readonly outbound: number } {
    return { inbound: 0, outbound: this.#udpReader?.outbound.bytes ?? 0 };
  }

  /** Frees everything, and tells the path what was sent in all. Idempotent. */
  close(sentBytes = 0): void {
    this.pause();
    for (const peer of this.#peers.splice(0)) peer?.close();
    this.#logDiscarded(Number.POSITIVE_INFINITY);
    this.#options.lease.close(sentBytes);
  }

  /** For the RTCP parser. */
  onReportBlock(block: ReportBlock): void {
    const track = this.stream.tracks.find(({ ring }) => ring.ssrc === block.sourceSsrc);
    if (track) this.#reportedLost[track.index] = Math.max(0, block.cumulativeLost);
  }

  /** For the RTCP parser. */
  onPictureLoss(mediaSsrc: number): void {
    const track = this.stream.tracks.find(({ ring }) => ring.ssrc === mediaSsrc);
    if (track && this.isSetUp(track.index)) this.stream.requestKeyFrame(track);
  }

  get #sender(): TcpReader | UdpReader | undefined {
    return this.#tcpMember?.reader ?? this.#udpReader;
  }

  #fanout(): ReturnType<FanoutRegistry['of']> {
    return this.#components.fanouts.of(this.stream);
  }

  #prepareTcp(connection: RtspConnection): StreamCursor {
    const fanout = this.#fanout();
    this.#tcpMember ??= {
      reader: fanout.createReader({
        sink: connection,
        channels: this.#channels.map((pair) => pair?.rtp ?? -1),
      }),
      onStreamClosed: this.#options.onStreamClosed,
    };
    fanout.prepare(this.#tcpMember.reader);
    return this.#tcpMember.reader.cursor;
  }

  #prepareUdp(): StreamCursor {
    this.#udpReader ??= new UdpReader({
      stream: this.stream,
      clock: this.#components.clock,
      peers: this.#peers,
      onStreamClosed: this.#options.onStreamClosed,
    });
    this.#udpReader.prepare();
    return this.#udpReader.cursor;
  }

  /** The packet that a track begins with; before it has one, what its clock says. */
  #startOf(track: Track, cursor: StreamCursor): Omit<RtpInfo, 'url'> {
    const { ring, index } = track;
    const next = cursor.nextOf(index);
    if (next < ring.head) {
      const timestampTicks = ring.timestamps[ring.slotOf(next)] ?? 0;
      return { sequenceNumber: next & 0xffff, timestampTicks };
    }
    const ticks = this.stream.clock.ticksAt(index, this.#components.clock.monotonicMs());
    return {
      sequenceNumber: next & 0xffff,
      ...(ticks !== undefined && { timestampTicks: ticks }),
    };
  }

  #sendReports(nowMs: number): void {
    this.#nextReportMs = nowMs + REPORT_PERIOD_MS;
    for (const { index } of this.tracks) {
      const report = this.#sender?.outbound.createReport(
        this.stream,
        index,
        this.#components.clock,
      );
      if (report === undefined) continue;
      const channel = this.#channels[index]?.rtcp;
      if (this.#connection && channel !== undefined) {
        this.#connection.write(formatFrame(channel, report));
      } else this.#peers[index]?.sendRtcp(report);
    }
  }

  #onRtcp(bytes: Uint8Array): void {
    this.#noteRtcp();
    this.#rtcpPackets++;
    this.#rtcp.parse(bytes, this);
  }

  #noteRtcp(): void {
    this.#lastRtcpMs = this.#components.clock.monotonicMs();
  }

  #logDiscarded(nowMs: number): void {
    const cursor = this.#sender?.cursor;
    if (cursor === undefined || cursor.discardedPackets === this.#loggedPackets) return;
    if (nowMs < this.#nextDiscardLogMs) return;
    const frames = cursor.discardedFrames - this.#loggedFrames;
    this.#loggedFrames = cursor.discardedFrames;
    this.#loggedPackets = cursor.discardedPackets;
    this.#nextDiscardLogMs = nowMs + DISCARD_LOG_PERIOD_MS;
    this.#components.logger.warn(`reader is too slow, discarding ${frames} frames`);
  }
}
