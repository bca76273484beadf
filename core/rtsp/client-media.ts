// The packets of one pulled session: from channels or sockets to the stream, reports back, silence noticed.
import { randomBytes } from 'node:crypto';
import { readUint8 } from '../base/bytes.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import { RTP_HEADER_BYTES } from '../rtp/rtp-packet.ts';
import type { SourceWriter } from '../stream/source-writer.ts';
import type { SetUpTrack } from './client-setup.ts';
import { ClientStallDetector } from './client-stall-detector.ts';
import { ReportPoke } from './report-poke.ts';
import { formatFrame } from './rtsp-message.ts';
import type { RtspClient } from './rtsp-client.ts';
import { MAX_REPORT_BYTES, TrackReceiver } from './track-receiver.ts';

/** What the media of a session need. */
export interface ClientMediaComponents {
  readonly clock: Clock;
  readonly client: RtspClient;
  /** Called with the first packet. @throws MediaError when the path does not want the stream. */
  readonly publish: (tracks: readonly TrackDescription[]) => SourceWriter;
  /** The session must end. */
  readonly onFailure: (failure: MediaError) => void;
}

/** Limits of silence. */
export interface ClientMediaOptions {
  readonly readTimeoutMs: number;
  /** How long UDP may bring nothing at the start; undefined is as long as any silence. */
  readonly firstPacketTimeoutMs: number | undefined;
}

interface MediaTrack extends SetUpTrack {
  readonly receiver: TrackReceiver;
}

const REPORT_PERIOD_MS = 5000;
const TICK_MS = 1000;
/** Reports out of turn are not worth more memory than this. */
const MAX_POKE_QUEUE_BYTES = 4096;
const RTCP_BIT = 1;
const UNUSED = -1;

/** Receives from `start()` to `close()`; announces the tracks when the first packet is there. */
export class ClientMedia {
  /** Frames on channels that were not agreed on. */
  wrongChannelFrames = 0;

  readonly #components: ClientMediaComponents;
  readonly #options: ClientMediaOptions;
  readonly #tracks: readonly MediaTrack[];
  /** By interleaved channel: track * 2 + RTCP_BIT, or UNUSED. */
  readonly #channels = new Int16Array(256).fill(UNUSED);
  readonly #rtcpChannels: number[] = [];
  readonly #poke: ReportPoke;
  readonly #stalls = new ClientStallDetector();
  readonly #flush = (): void => {
    this.#flushHandle = undefined;
    this.#writer?.publish();
  };
  #writer: SourceWriter | undefined;
  #flushHandle: NodeJS.Immediate | undefined;
  #tick: Timer | undefined;
  #silence: Timer | undefined;
  #reorderTimer: Timer | undefined;
  #startedMs = 0;
  #nextReportMs = 0;
  #isClosed = false;

  constructor(
    components: ClientMediaComponents,
    tracks: readonly SetUpTrack[],
    options: ClientMediaOptions,
  ) {
    this.#components = components;
    this.#options = options;
    this.#poke = new ReportPoke(components.clock);
    const reporterSsrc = randomBytes(4).readUInt32BE();
    this.#tracks = tracks.map(({ track, transport }, trackIndex) => {
      const { codec, payloadType } = track;
      const { clockRateHz } = codec;
      const isUnordered = transport.type === 'udp';
      const receiver = new TrackReceiver({
        ...{ trackIndex, clockRateHz, payloadType, isUnordered, reporterSsrc },
      });
      return { track, transport, receiver };
    });
    this.#connectTransports();
  }

  /** Whether a packet of media has come. */
  get hasStarted(): boolean {
    return this.#writer !== undefined;
  }

  /** Begins to wait for packets; call it when PLAY was answered. */
  start(): void {
    if (this.#isClosed) return;
    const { clock } = this.#components;
    const { firstPacketTimeoutMs, readTimeoutMs } = this.#options;
    this.#startedMs = clock.monotonicMs();
    this.#nextReportMs = this.#startedMs + REPORT_PERIOD_MS;
    this.#tick = clock.every(TICK_MS, () => this.#onTick());
    this.#watchSilence(firstPacketTimeoutMs ?? readTimeoutMs);
    for (const { transport } of this.#tracks) if (transport.type === 'udp') transport.pair.punch();
  }

  /** An interleaved frame. */
  onFrame(channel: number, payload: Uint8Array): void {
    if (this.#isClosed) return;
    let target = this.#channels[channel] ?? UNUSED;
    if (target === UNUSED) target = this.#adoptChannel(channel, payload);
    if (target === UNUSED) return;
    if ((target & RTCP_BIT) === 0) this.#onRtp(target >> 1, payload);
    else this.#onRtcp(target >> 1, payload);
  }

  /** The frames of one read are through: wakes the readers, and the camera when it waits for us. */
  onReadEnd(isInsideFrame: boolean): void {
    const writer = this.#writer;
    if (!writer || this.#isClosed) return;
    writer.publish();
    const index = this.#openVideoTrack(isInsideFrame);
    const nowMs = this.#components.clock.monotonicMs();
    this.#stalls.onReadEnd(index !== UNUSED, nowMs);
    if (index === UNUSED || !this.#stalls.isStalling) return;
    const { queuedBytes } = this.#components.client.connection;
    if (queuedBytes <= MAX_POKE_QUEUE_BYTES && this.#poke.take()) this.#report(index, nowMs);
  }

  /** Stops and passes on what was held back. The UDP sockets are the caller's. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    for (const { receiver } of this.#tracks) receiver.reorder?.flush();
    this.#writer?.publish();
    this.#isClosed = true;
    for (const timer of [this.#tick, this.#silence, this.#reorderTimer]) timer?.cancel();
    if (this.#flushHandle) clearImmediate(this.#flushHandle);
    this.#flushHandle = undefined;
  }

  #connectTransports(): void {
    for (const [index, { transport }] of this.#tracks.entries()) {
      if (transport.type === 'tcp') {
        this.#channels[transport.channels.rtp] = index * 2;
        this.#channels[transport.channels.rtcp] = index * 2 + RTCP_BIT;
        this.#rtcpChannels[index] = transport.channels.rtcp;
      } else {
        transport.pair.setHandler({
          onRtpDatagram: (bytes) => this.#onDatagram(index, bytes),
          onRtcpDatagram: (bytes) => this.#onRtcp(index, bytes),
        });
      }
    }
  }

  #onDatagram(index: number, bytes: Uint8Array): void {
    this.#onRtp(index, bytes);
    this.#planFlush();
    this.#planReorderPoll();
  }

  #onRtp(index: number, bytes: Uint8Array): void {
    const track = this.#tracks[index];
    if (track === undefined || this.#isClosed) return;
    if (!this.#writer && !this.#open(track, bytes)) return;
    track.receiver.onRtp(bytes, this.#components.clock.monotonicMs());
  }

  #onRtcp(index: number, bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#tracks[index]?.receiver.onRtcp(bytes, this.#components.clock.monotonicMs());
  }

  /** Announces the tracks if this is a packet of media. */
  #open({ track }: MediaTrack, bytes: Uint8Array): boolean {
    if (!isRtpOf(track, bytes)) return false;
    try {
      const writer = this.#components.publish(this.#tracks.map((each) => each.track));
      this.#writer = writer;
      for (const { receiver } of this.#tracks) receiver.setWriter(writer);
      return true;
    } catch (thrown) {
      this.#components.onFailure(toMediaError(thrown));
      return false;
    }
  }

  /** Some cameras answer with our channels and send on theirs: an RTP packet of a mute track shows which. */
  #adoptChannel(channel: number, payload: Uint8Array): number {
    this.wrongChannelFrames++;
    if (channel % 2 !== 0 || this.#channels[channel + 1] !== UNUSED) return UNUSED;
    const index = this.#tracks.findIndex(
      ({ track, receiver, transport }) =>
        transport.type === 'tcp' && receiver.packetsReceived === 0 && isRtpOf(track, payload),
    );
    if (index < 0) return UNUSED;
    this.#channels[channel] = index * 2;
    this.#channels[channel + 1] = index * 2 + RTCP_BIT;
    this.#rtcpChannels[index] = channel + 1;
    return index * 2;
  }

  /** The video track of which a part is missing at the end of a read, or -1. */
  #openVideoTrack(isInsideFrame: boolean): number {
    for (let index = 0; index < this.#tracks.length; index++) {
      const each = this.#tracks[index];
      if (each?.track.kind !== 'video') continue;
      if (isInsideFrame || each.receiver.isInsideAccessUnit) return index;
    }
    return UNUSED;
  }

  /** Readers are woken once for all datagrams that one turn of the event loop brings. */
  #planFlush(): void {
    if (!this.#isClosed) this.#flushHandle ??= setImmediate(this.#flush);
  }

  #planReorderPoll(): void {
    if (this.#reorderTimer || this.#isClosed) return;
    let deadlineMs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#tracks.length; index++) {
      const own = this.#tracks[index]?.receiver.reorder?.deadlineMs;
      if (own !== undefined && own < deadlineMs) deadlineMs = own;
    }
    if (deadlineMs === Number.POSITIVE_INFINITY) return;
    const { clock } = this.#components;
    this.#reorderTimer = clock.after(Math.max(1, deadlineMs - clock.monotonicMs()), () => {
      this.#reorderTimer = undefined;
      const nowMs = clock.monotonicMs();
      for (const { receiver } of this.#tracks) receiver.reorder?.poll(nowMs);
      this.#planFlush();
      this.#planReorderPoll();
    });
  }

  #onTick(): void {
    const nowMs = this.#components.clock.monotonicMs();
    if (nowMs >= this.#nextReportMs) {
      this.#nextReportMs = nowMs + REPORT_PERIOD_MS;
      for (const index of this.#tracks.keys()) this.#report(index, nowMs);
    }
    if (!this.#tracks.every(({ receiver }) => receiver.hasLeft)) return;
    const text = `${this.#components.client.place} said goodbye (RTCP BYE)`;
    this.#components.onFailure(new MediaError('unavailable', 'rtsp-source-goodbye', text));
  }

  #report(index: number, nowMs: number): void {
    const track = this.#tracks[index];
    if (track === undefined) return;
    const report = Buffer.allocUnsafe(MAX_REPORT_BYTES);
    const bytes = report.subarray(0, track.receiver.writeReport(report, 0, nowMs));
    if (track.transport.type === 'udp') {
      track.transport.pair.sendRtcp(bytes);
      return;
    }
    const { client } = this.#components;
    client.connection.write(formatFrame(this.#rtcpChannels[index] ?? 0, bytes));
    client.checkQueue();
  }

  /** Ends the session at the very moment when the newest packet is too old. */
  #watchSilence(waitMs: number): void {
    const { clock } = this.#components;
    this.#silence = clock.after(waitMs, () => {
      if (!this.hasStarted) {
        this.#failSilent(this.#options.firstPacketTimeoutMs);
        return;
      }
      const newestMs = this.#tracks.reduce(
        (newest, { receiver }) => Math.max(newest, receiver.lastPacketMs),
        this.#startedMs,
      );
      const leftMs = newestMs + this.#options.readTimeoutMs - clock.monotonicMs();
      if (leftMs > 0) this.#watchSilence(leftMs);
      else this.#failSilent(undefined);
    });
  }

  #failSilent(firstPacketTimeoutMs: number | undefined): void {
    const { client, onFailure } = this.#components;
    const lost = this.#lostOnTheWay();
    if (firstPacketTimeoutMs !== undefined) {
      const text = `${client.place} sent nothing over UDP for ${firstPacketTimeoutMs / 1000} s${lost}`;
      onFailure(new MediaError('unavailable', 'rtsp-udp-silent', text));
      return;
    }
    const text = `${client.place} sent no media for ${this.#options.readTimeoutMs / 1000} s${lost}`;
    onFailure(new MediaError('unavailable', 'rtsp-source-silent', text));
  }

  /** What came and could not be used, for the error. */
  #lostOnTheWay(): string {
    let strangers = 0;
    for (const { transport } of this.#tracks) {
      if (transport.type === 'udp') strangers += transport.pair.strangerCount;
    }
    if (strangers > 0) {
      return ` (${strangers} datagrams came from elsewhere; rtspAnyPort takes other ports)`;
    }
    const wrong = this.wrongChannelFrames;
    return wrong > 0 ? ` (${wrong} frames came on channels that were not agreed on)` : '';
  }
}

function isRtpOf({ payloadType }: TrackDescription, bytes: Uint8Array): boolean {
  if (bytes.length < RTP_HEADER_BYTES || readUint8(bytes, 0) >> 6 !== 2) return false;
  return (readUint8(bytes, 1) & 0x7f) === payloadType;
}
