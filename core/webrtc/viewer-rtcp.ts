// The RTCP side of one viewer: answers NACK and key frame wishes, sends sender reports.
import type { Clock } from '../base/clock.ts';
import type { EgressEngine, ViewerHandle } from '../egress/egress-engine.ts';
import { emptyViewerCounters } from '../egress/empty-viewer-counters.ts';
import { ntpFractionOf, ntpMiddle, ntpSecondsOf, roundTripMs } from '../rtp/rtcp-ntp.ts';
import { RtcpParser, type RtcpVisitor } from '../rtp/rtcp-parser.ts';
import { emptySenderInfo, type ReportBlock } from '../rtp/rtcp-reports.ts';
import {
  writeBye,
  writeReceiverReport,
  writeSenderReport,
  writeSourceDescription,
} from '../rtp/rtcp-writer.ts';
import type { Stream } from '../stream/stream.ts';
import type { Track } from '../stream/track.ts';

/** One track as one viewer gets it. */
export interface ViewerMedia {
  readonly stream: Stream;
  readonly track: Track;
  readonly handle: ViewerHandle;
  readonly ssrc: number;
}

/** What is known of a viewer's reception. */
export interface ViewerReception {
  /** Milliseconds; undefined before the first report that answers ours. */
  roundTripMs: number | undefined;
  /** Packets lost in total, over all tracks, as the viewer last reported. */
  packetsLost: number;
  /** Receiver-estimated maximum bitrate in bit/s; undefined when never sent. */
  maximumBitrateBps: number | undefined;
  nackedPackets: number;
  keyFrameRequests: number;
  rtcpPacketsReceived: number;
  rtcpPacketsSent: number;
}

/** What the RTCP side of a viewer works with. */
export interface ViewerRtcpComponents {
  readonly clock: Clock;
  readonly engine: Pick<EgressEngine<unknown>, 'retransmit' | 'sendRtcp' | 'readCounters'>;
}

/** Most NACKed packets taken from one compound packet and track. */
const MAX_NACKS = 512;
const REPORT_BYTES = 256;

/** Handles plain (already unprotected) RTCP of one viewer. */
export class ViewerRtcp implements RtcpVisitor {
  readonly reception: ViewerReception = {
    roundTripMs: undefined,
    packetsLost: 0,
    maximumBitrateBps: undefined,
    nackedPackets: 0,
    keyFrameRequests: 0,
    rtcpPacketsReceived: 0,
    rtcpPacketsSent: 0,
  };
  readonly #components: ViewerRtcpComponents;
  readonly #medias: readonly ViewerMedia[];
  readonly #cname: Uint8Array;
  readonly #parser = new RtcpParser();
  readonly #nacked = new Uint16Array(MAX_NACKS);
  readonly #lost: number[];
  #nackCount = 0;
  #nackMedia: ViewerMedia | undefined;

  constructor(
    components: ViewerRtcpComponents,
    options: { readonly medias: readonly ViewerMedia[]; readonly cname: string },
  ) {
    this.#components = components;
    this.#medias = options.medias;
    this.#lost = options.medias.map(() => 0);
    this.#cname = Buffer.from(options.cname);
  }

  /** Takes one compound packet, unprotected. */
  receive(plain: Uint8Array): void {
    this.reception.rtcpPacketsReceived++;
    this.#nackCount = 0;
    this.#parser.parse(plain, this);
    this.#flushNacks();
  }

  /** Sends a sender report and CNAME for every track that has started (RFC 3550 section 6.4.1). */
  sendReports(): void {
    const { clock, engine } = this.#components;
    const wallMs = clock.nowMs();
    const monotonicMs = clock.monotonicMs();
    for (const media of this.#medias) {
      engine.readCounters(media.handle, COUNTERS);
      const ticks = media.stream.clock.ticksAt(media.track.index, monotonicMs);
      if (!COUNTERS.hasStarted || ticks === undefined) continue;
      INFO.senderSsrc = media.ssrc;
      INFO.ntpSeconds = ntpSecondsOf(wallMs);
      INFO.ntpFraction = ntpFractionOf(wallMs);
      INFO.rtpTicks = (ticks + COUNTERS.timestampOffsetTicks) >>> 0;
      INFO.packetCount = COUNTERS.packetsSent;
      INFO.octetCount = COUNTERS.octetsSent;
      let end = writeSenderReport(SCRATCH, 0, { info: INFO });
      end = writeSourceDescription(SCRATCH, end, { ssrc: media.ssrc, cname: this.#cname });
      engine.sendRtcp(media.handle, SCRATCH.subarray(0, end));
      this.reception.rtcpPacketsSent++;
    }
  }

  /** Says goodbye for every track, in a compound packet as RFC 3550 section 6.1 wants it. */
  sendBye(): void {
    for (const { ssrc, handle } of this.#medias) {
      let end = writeReceiverReport(SCRATCH, 0, { senderSsrc: ssrc });
      end = writeSourceDescription(SCRATCH, end, { ssrc, cname: this.#cname });
      end = writeBye(SCRATCH, end, ssrc);
      this.#components.engine.sendRtcp(handle, SCRATCH.subarray(0, end));
    }
  }

  onNack(mediaSsrc: number, sequenceNumber: number): void {
    if (this.#nackMedia?.ssrc !== mediaSsrc) {
      this.#flushNacks();
      this.#nackMedia = this.#mediaOf(mediaSsrc);
    }
    if (this.#nackMedia === undefined || this.#nackCount >= MAX_NACKS) return;
    this.#nacked[this.#nackCount++] = sequenceNumber;
    this.reception.nackedPackets++;
  }

  onPictureLoss(mediaSsrc: number): void {
    this.#requestKeyFrame(mediaSsrc);
  }

  onFullIntraRequest(mediaSsrc: number): void {
    this.#requestKeyFrame(mediaSsrc);
  }

  onMaximumBitrate(bitrateBps: number): void {
    this.reception.maximumBitrateBps = bitrateBps;
  }

  onReportBlock(block: ReportBlock): void {
    const index = this.#medias.findIndex((media) => media.ssrc === block.sourceSsrc);
    if (index < 0) return;
    const before = this.#lost[index] ?? 0;
    this.#lost[index] = Math.max(before, block.cumulativeLost);
    this.reception.packetsLost += Math.max(0, block.cumulativeLost - before);
    const wallMs = this.#components.clock.nowMs();
    const now = ntpMiddle(ntpSecondsOf(wallMs), ntpFractionOf(wallMs));
    const roundTrip = roundTripMs(now, block.lastSenderReport, block.delaySinceLastSenderReport);
    if (roundTrip !== undefined) this.reception.roundTripMs = roundTrip;
  }

  #mediaOf(ssrc: number): ViewerMedia | undefined {
    for (const media of this.#medias) if (media.ssrc === ssrc) return media;
    return undefined;
  }

  #requestKeyFrame(mediaSsrc: number): void {
    const media = this.#mediaOf(mediaSsrc);
    if (!media) return;
    this.reception.keyFrameRequests++;
    media.stream.requestKeyFrame(media.track);
  }

  #flushNacks(): void {
    if (this.#nackCount > 0 && this.#nackMedia) {
      const { engine } = this.#components;
      engine.retransmit(this.#nackMedia.handle, this.#nacked, this.#nackCount);
    }
    this.#nackCount = 0;
    this.#nackMedia = undefined;
  }
}

/** Reused by every viewer: all of this runs synchronously on one thread. */
const SCRATCH = new Uint8Array(REPORT_BYTES);
const INFO = emptySenderInfo();
const COUNTERS = emptyViewerCounters();
