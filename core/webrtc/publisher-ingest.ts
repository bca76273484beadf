// The media plane of one WHIP publisher: unprotects, sorts, asks for what is missing, reports back.
import { readUint16, readUint24 } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { SrtcpProtector } from '../egress/srtcp-protector.ts';
import { SrtcpReceiver } from '../egress/srtcp-receiver.ts';
import { deriveSrtpKeys, type SrtpSessionKeys } from '../egress/srtp-key-derivation.ts';
import { SrtpReceiver } from '../egress/srtp-receiver.ts';
import type { SrtpWorkspace } from '../egress/srtp-workspace.ts';
import { findHeaderExtension } from '../rtp/header-extension.ts';
import { unixMsFromNtp } from '../rtp/rtcp-ntp.ts';
import { RtcpParser, type RtcpVisitor } from '../rtp/rtcp-parser.ts';
import { emptyReportBlock, type ReportBlock, type SenderInfo } from '../rtp/rtcp-reports.ts';
import { TransportFeedbackBuilder } from '../rtp/rtcp-transport-feedback.ts';
import {
  writeMaximumBitrate,
  writeNack,
  writePictureLoss,
  writeReceiverReport,
} from '../rtp/rtcp-writer.ts';
import { RtpPacket } from '../rtp/rtp-packet.ts';
import type { SrtpKeys, SrtpMasterKey, SrtpProfile } from './transport/dtls-port.ts';
import { ArrivalTimes } from './arrival-times.ts';
import type { LoopWatch } from './loop-watch.ts';
import type { PublisherPlan } from './publisher-plan.ts';
import { PublisherTrack } from './publisher-track.ts';

/** What the media plane of a publisher works with. */
export interface PublisherIngestComponents {
  readonly clock: Clock;
  readonly loop: Pick<LoopWatch, 'observe' | 'stallStartMs' | 'stallEndMs'>;
  /** For what comes in. */
  readonly workspace: SrtpWorkspace;
  /** For what goes out: feedback may be sent while a received packet is still being read. */
  readonly sendWorkspace: SrtpWorkspace;
  /** Sends one protected packet to the publisher. */
  readonly send: (bytes: Uint8Array) => void;
}

/** Plan and keys of one publisher, and who gets its media. */
export interface PublisherIngestOptions {
  readonly plan: PublisherPlan;
  readonly keys: SrtpKeys;
  /** SSRC of our reports. */
  readonly localSsrc: number;
  /** A media packet of section `index`, in order. */
  readonly onPacket: (index: number, packet: Uint8Array) => void;
  /** Packets of section `index` are given up before the next one. */
  readonly onLoss: (index: number) => void;
  /** The clock mapping of a section's sender report: wall ms and RTP timestamp of one instant. */
  readonly onSenderReport: (index: number, ntpMs: number, timestampTicks: number) => void;
}

/** Told to publishers without transport-wide feedback; their own estimate stays below it. */
const MAXIMUM_BITRATE_BPS = 10_000_000;
const REPORT_PERIOD_MS = 1000;
const MAX_NACKS = 256;
/** Feedback must fit one datagram of the path. */
const FEEDBACK_BYTES = 1100;

/** Counters of everything that came in. */
export interface IngestStats {
  rtpPackets: number;
  rtcpPackets: number;
  bytes: number;
  /** Packets of payload types that were not negotiated. */
  unknownPackets: number;
  rtcpPacketsSent: number;
}

/** Receives protected packets until it is dropped; `tick` every 50 ms or so drives its feedback. */
export class PublisherIngest implements RtcpVisitor {
  readonly stats: IngestStats = {
    rtpPackets: 0,
    rtcpPackets: 0,
    bytes: 0,
    unknownPackets: 0,
    rtcpPacketsSent: 0,
  };
  readonly tracks: readonly PublisherTrack[];
  readonly #components: PublisherIngestComponents;
  readonly #options: PublisherIngestOptions;
  readonly #srtp: SrtpReceiver;
  readonly #srtcp: SrtcpReceiver;
  readonly #protector: SrtcpProtector;
  readonly #packet = new RtpPacket();
  readonly #parser = new RtcpParser();
  readonly #arrivals: ArrivalTimes;
  readonly #feedback = new TransportFeedbackBuilder();
  readonly #missing = new Uint16Array(MAX_NACKS);
  readonly #scratch = new Uint8Array(FEEDBACK_BYTES);
  readonly #blocks: ReportBlock[];
  #lastReportMs = 0;

  constructor(components: PublisherIngestComponents, options: PublisherIngestOptions) {
    this.#components = components;
    this.#options = options;
    this.#arrivals = new ArrivalTimes(components.loop);
    const { profile, local, remote } = options.keys;
    const remoteKeys = sessionKeys(profile, remote);
    this.#srtp = new SrtpReceiver(remoteKeys, components.workspace);
    this.#srtcp = new SrtcpReceiver(remoteKeys, components.workspace);
    this.#protector = new SrtcpProtector(sessionKeys(profile, local), components.sendWorkspace);
    this.tracks = options.plan.sections.map(
      (section, index) =>
        new PublisherTrack({
          payloadType: section.format.payloadType,
          rtxPayloadType: section.rtx?.payloadType,
          clockRateHz: section.format.clockRateHz,
          isRepeated: section.format.rtcpFeedback.includes('nack'),
          onPacket: (packet) => options.onPacket(index, packet),
          onLoss: () => options.onLoss(index),
        }),
    );
    this.#blocks = this.tracks.map(() => emptyReportBlock());
  }

  /** Takes one protected RTP packet. */
  receiveRtp(bytes: Uint8Array): void {
    this.stats.rtpPackets++;
    this.stats.bytes += bytes.length;
    const plain = this.#srtp.unprotect(bytes);
    const packet = this.#packet;
    if (plain === undefined || !packet.parse(plain)) return;
    const nowMs = this.#components.clock.monotonicMs();
    this.#recordTransportSequence(packet, nowMs);
    for (const track of this.tracks) {
      if (packet.payloadType === track.payloadType) {
        track.acceptMedia(packet, nowMs);
        return;
      }
      if (packet.payloadType === track.rtxPayloadType) {
        track.acceptRetransmission(packet, nowMs);
        return;
      }
    }
    this.stats.unknownPackets++;
  }

  /** Takes one protected compound RTCP packet. */
  receiveRtcp(bytes: Uint8Array): void {
    this.stats.rtcpPackets++;
    const plain = this.#srtcp.unprotect(bytes);
    if (plain) this.#parser.parse(plain, this);
  }

  /** Gives up old holes, asks for missing packets, sends feedback and reports that are due. */
  tick(): void {
    const nowMs = this.#components.clock.monotonicMs();
    for (const track of this.tracks) {
      track.reorder.poll(nowMs);
      if (track.isRepeated) this.#sendNacks(track, nowMs);
    }
    this.#sendTransportFeedback();
    if (nowMs - this.#lastReportMs >= REPORT_PERIOD_MS) {
      this.#lastReportMs = nowMs;
      this.#sendReport(nowMs);
    }
  }

  /** Asks the publisher for a key frame of a section. */
  requestKeyFrame(index: number): void {
    const mediaSsrc = this.tracks[index]?.ssrc ?? 0;
    if (mediaSsrc === 0) return;
    const senderSsrc = this.#options.localSsrc;
    const start = this.#beginFeedback();
    this.#send(writePictureLoss(this.#scratch, start, { senderSsrc, mediaSsrc }));
  }

  onSenderReport(info: SenderInfo): void {
    const index = this.tracks.findIndex((track) => track.ssrc === info.senderSsrc);
    const track = this.tracks[index];
    if (track === undefined || info.senderSsrc === 0) return;
    const nowMs = this.#components.clock.monotonicMs();
    track.reception.onSenderReport(info.ntpSeconds, info.ntpFraction, nowMs);
    // Devices without a clock send zero each time; that says nothing about when media belong together.
    if (info.ntpSeconds === 0) return;
    const ntpMs = unixMsFromNtp(info.ntpSeconds, info.ntpFraction);
    this.#options.onSenderReport(index, ntpMs, info.rtpTicks);
  }

  #recordTransportSequence(packet: RtpPacket, nowMs: number): void {
    const { transportSequenceId, sendTimeId } = this.#options.plan;
    if (transportSequenceId === 0) return;
    const offset = findHeaderExtension(packet, transportSequenceId, 2);
    if (offset < 0) return;
    const sendTime = sendTimeId === 0 ? -1 : findHeaderExtension(packet, sendTimeId, 3);
    const arrivalMs =
      sendTime < 0 ? nowMs : this.#arrivals.arrivalOf(nowMs, readUint24(packet.bytes, sendTime));
    this.#feedback.record(readUint16(packet.bytes, offset), arrivalMs);
  }

  #sendNacks(track: PublisherTrack, nowMs: number): void {
    const count = track.nacks.collect(nowMs, this.#missing);
    if (count === 0) return;
    const end = writeNack(this.#scratch, this.#beginFeedback(), {
      senderSsrc: this.#options.localSsrc,
      mediaSsrc: track.ssrc,
      sequenceNumbers: this.#missing,
      count,
    });
    this.#send(end);
  }

  #sendTransportFeedback(): void {
    const senderSsrc = this.#options.localSsrc;
    const mediaSsrc = this.tracks[0]?.ssrc ?? 0;
    // A gap in time splits a report; what is left after some rounds waits for the next tick.
    for (let round = 0; round < 4 && this.#feedback.hasPending; round++) {
      const start = this.#beginFeedback();
      const end = this.#feedback.write(this.#scratch, start, { senderSsrc, mediaSsrc });
      if (end === start) return;
      this.#send(end);
    }
  }

  #sendReport(nowMs: number): void {
    const active: ReportBlock[] = [];
    this.tracks.forEach((track, index) => {
      const block = this.#blocks[index];
      if (track.ssrc === 0 || !block) return;
      track.takeReport(block, nowMs);
      active.push(block);
    });
    const senderSsrc = this.#options.localSsrc;
    let end = writeReceiverReport(this.#scratch, 0, { senderSsrc, blocks: active });
    if (this.#options.plan.wantsMaximumBitrate) {
      end = writeMaximumBitrate(this.#scratch, end, {
        senderSsrc,
        bitrateBps: MAXIMUM_BITRATE_BPS,
        mediaSsrcs: active.map((block) => block.sourceSsrc),
      });
    }
    this.#send(end);
  }

  /** Where feedback begins: behind an empty report, unless reduced-size RTCP was agreed. */
  #beginFeedback(): number {
    const { plan, localSsrc } = this.#options;
    if (plan.hasReducedSizeRtcp) return 0;
    return writeReceiverReport(this.#scratch, 0, { senderSsrc: localSsrc });
  }

  #send(length: number): void {
    if (length === 0) return;
    const packet = this.#protector.protect(this.#scratch.subarray(0, length));
    if (!packet) return;
    this.stats.rtcpPacketsSent++;
    this.#components.send(packet);
  }
}

function sessionKeys(profile: SrtpProfile, master: SrtpMasterKey): SrtpSessionKeys {
  return deriveSrtpKeys({ profile, masterKey: master.key, masterSalt: master.salt });
}
