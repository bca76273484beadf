// What one reader was sent of each track, and the sender reports that tell it so.
import type { Clock } from '../base/clock.ts';
import { ntpFractionOf, ntpSecondsOf } from '../rtp/rtcp-ntp.ts';
import { emptySenderInfo } from '../rtp/rtcp-reports.ts';
import { writeSenderReport, writeSourceDescription } from '../rtp/rtcp-writer.ts';
import { RTP_HEADER_BYTES } from '../rtp/rtp-packet.ts';
import type { Stream } from '../stream/stream.ts';

const CNAME = Buffer.from('mediamtx-pro');
const MAX_REPORT_BYTES = 64;

/** Counters per track of the stream. */
export class OutboundTracks {
  packets = 0;
  /** RTP packets with their headers. */
  bytes = 0;
  reports = 0;
  readonly #packets: number[];
  readonly #octets: number[];

  constructor(trackCount: number) {
    this.#packets = new Array<number>(trackCount).fill(0);
    this.#octets = new Array<number>(trackCount).fill(0);
  }

  /** Counts packets with `octets` bytes of payload. */
  count(trackIndex: number, packets: number, octets: number): void {
    this.packets += packets;
    this.bytes += octets + packets * RTP_HEADER_BYTES;
    this.#packets[trackIndex] = (this.#packets[trackIndex] ?? 0) + packets;
    this.#octets[trackIndex] = (this.#octets[trackIndex] ?? 0) + octets;
  }

  /** Counts one packet of `bytes` bytes with its header. */
  countPacket(trackIndex: number, bytes: number): void {
    this.count(trackIndex, 1, bytes - RTP_HEADER_BYTES);
  }

  /**
   * A sender report with CNAME for a track, made for now; undefined before the stream knows the time
   * of its first packet.
   */
  createReport(stream: Stream, trackIndex: number, clock: Clock): Buffer | undefined {
    const track = stream.tracks[trackIndex];
    const rtpTicks = stream.clock.ticksAt(trackIndex, clock.monotonicMs());
    if (track === undefined || rtpTicks === undefined) return undefined;
    const info = emptySenderInfo();
    const nowMs = clock.nowMs();
    info.senderSsrc = track.ring.ssrc;
    info.ntpSeconds = ntpSecondsOf(nowMs);
    info.ntpFraction = ntpFractionOf(nowMs);
    info.rtpTicks = rtpTicks;
    info.packetCount = this.#packets[trackIndex] ?? 0;
    info.octetCount = this.#octets[trackIndex] ?? 0;
    const report = Buffer.allocUnsafe(MAX_REPORT_BYTES);
    const end = writeSenderReport(report, 0, { info });
    this.reports++;
    return report.subarray(
      0,
      writeSourceDescription(report, end, { ssrc: track.ring.ssrc, cname: CNAME }),
    );
  }
}
