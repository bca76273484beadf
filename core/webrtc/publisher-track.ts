// One media section of a WHIP publisher: order, numbering and reception of its packets.
import { readUint16, writeUint16, writeUint32 } from '../base/bytes.ts';
import { copyBytes } from '../rtp/copy-bytes.ts';
import { NackSchedule } from '../rtp/rtcp-nack-schedule.ts';
import type { ReportBlock } from '../rtp/rtcp-reports.ts';
import { ReceptionStatistics } from '../rtp/reception-statistics.ts';
import { ReorderBuffer, type ReorderHandler } from '../rtp/reorder-buffer.ts';
import { RTP_HEADER_BYTES, type RtpPacket } from '../rtp/rtp-packet.ts';

/** How long a hole is waited for: a retransmission over 100 ms of round trip still helps. */
const HOLD_MS = 200;
/** Where nothing is sent again, only packets that overtook others are waited for. */
const PLAIN_HOLD_MS = 50;
const REORDER_PACKETS = 512;
const MAX_PACKET_BYTES = 2048;
/** While the newer of two SSRCs has sent within this time, the older one is another layer of simulcast. */
const PARALLEL_MS = 2000;
const MAX_LEFT_SSRCS = 8;

/** Payload types of a section, and who gets its packets. */
export interface PublisherTrackOptions {
  readonly payloadType: number;
  /** Retransmission payload type (RFC 4588); undefined when not negotiated. */
  readonly rtxPayloadType: number | undefined;
  readonly clockRateHz: number;
  /** Whether the publisher sends again what a NACK names. */
  readonly isRepeated: boolean;
  /** Gets the media packets in order, without padding packets, numbered without their holes. */
  readonly onPacket: (packet: Uint8Array) => void;
  /** Packets before the next one are given up. */
  readonly onLoss?: () => void;
}

/**
 * Takes unprotected packets as they arrive: unwraps retransmissions, restores the order, drops
 * packets that are only padding (browsers probe with them) and closes up the numbers.
 */
export class PublisherTrack implements ReorderHandler {
  readonly payloadType: number;
  readonly rtxPayloadType: number | undefined;
  readonly isRepeated: boolean;
  readonly reorder: ReorderBuffer;
  readonly nacks: NackSchedule;
  /** 0 before the first packet. */
  ssrc = 0;
  /** Packets of SSRCs that had given way to another one and go on all the same. */
  parallelCount = 0;
  /** SSRCs that gave way, the oldest first. */
  readonly #left: number[] = [];
  #newestMs = 0;
  readonly #clockRateHz: number;
  readonly #onPacket: (packet: Uint8Array) => void;
  readonly #onLoss: (() => void) | undefined;
  readonly #scratch = new Uint8Array(MAX_PACKET_BYTES);
  #reception: ReceptionStatistics;
  /** Padding packets so far: what numbers are moved back by. */
  #removed = 0;

  constructor(options: PublisherTrackOptions) {
    this.payloadType = options.payloadType;
    this.rtxPayloadType = options.rtxPayloadType;
    this.isRepeated = options.isRepeated;
    this.#clockRateHz = options.clockRateHz;
    this.#onPacket = options.onPacket;
    this.#onLoss = options.onLoss;
    this.#reception = new ReceptionStatistics(options.clockRateHz);
    this.reorder = new ReorderBuffer(this, {
      capacityPackets: REORDER_PACKETS,
      holdMs: options.isRepeated ? HOLD_MS : PLAIN_HOLD_MS,
      slotBytes: MAX_PACKET_BYTES,
    });
    this.nacks = new NackSchedule(this.reorder);
  }

  /** Of the SSRC that sends now. */
  get reception(): ReceptionStatistics {
    return this.#reception;
  }

  /**
   * Takes a media packet of this section. A new SSRC takes over at once; of several that send at the
   * same time (simulcast, although the answer does not take it) the one that began last is taken.
   */
  acceptMedia(packet: RtpPacket, nowMs: number): void {
    if (packet.ssrc !== this.ssrc && !this.#adopt(packet.ssrc, nowMs)) return;
    this.#newestMs = nowMs;
    this.#reception.onPacket(packet.sequenceNumber, packet.timestampTicks, nowMs);
    this.#take(packet, packet.payloadStart, packet.sequenceNumber, nowMs);
  }

  /** Takes a retransmission (RFC 4588 section 4): the original number leads its payload. */
  acceptRetransmission(packet: RtpPacket, nowMs: number): void {
    // Probes on the retransmission stream have no payload.
    if (packet.payloadLength < 2 || this.ssrc === 0) return;
    const original = readUint16(packet.bytes, packet.payloadStart);
    this.#take(packet, packet.payloadStart + 2, original, nowMs);
  }

  /** Fills a report block for the next receiver report. */
  takeReport(block: ReportBlock, nowMs: number): void {
    this.#reception.takeReport(block, nowMs);
    block.sourceSsrc = this.ssrc;
  }

  onPacket(packet: Uint8Array, extendedSequence: number): void {
    if (packet.length === RTP_HEADER_BYTES) {
      this.#removed++;
      return;
    }
    writeUint16(packet, 2, (extendedSequence - this.#removed) & 0xffff);
    this.#onPacket(packet);
  }

  onLoss(): void {
    // The hole stays in the numbers too; the stream notices it there.
    this.#onLoss?.();
  }

  onRestart(): void {
    this.#removed = 0;
  }

  /** Goes over to another SSRC; false when the present one took over from it and still sends. */
  #adopt(ssrc: number, nowMs: number): boolean {
    const place = this.#left.indexOf(ssrc);
    if (place >= 0 && nowMs - this.#newestMs < PARALLEL_MS) {
      this.parallelCount++;
      return false;
    }
    if (this.ssrc !== 0) {
      this.reorder.flush();
      this.#left.push(this.ssrc);
    }
    if (place >= 0) {
      this.#left.splice(place, 1);
      // It is joined in the middle.
      this.#onLoss?.();
    }
    if (this.#left.length > MAX_LEFT_SSRCS) this.#left.shift();
    this.ssrc = ssrc;
    this.#removed = 0;
    this.reorder.reset();
    this.#reception = new ReceptionStatistics(this.#clockRateHz);
    return true;
  }

  /** Rebuilds the packet with a plain header: no padding, no extensions, no CSRC. */
  #take(packet: RtpPacket, payloadStart: number, sequence: number, nowMs: number): void {
    const payloadBytes = packet.payloadEnd - payloadStart;
    const length = RTP_HEADER_BYTES + payloadBytes;
    if (length > MAX_PACKET_BYTES) return;
    const scratch = this.#scratch;
    scratch[0] = 0x80;
    scratch[1] = packet.isMarked ? this.payloadType | 0x80 : this.payloadType;
    writeUint16(scratch, 2, sequence);
    writeUint32(scratch, 4, packet.timestampTicks);
    writeUint32(scratch, 8, this.ssrc);
    copyBytes.call(packet.bytes, scratch, RTP_HEADER_BYTES, payloadStart, packet.payloadEnd);
    this.reorder.push(scratch.subarray(0, length), sequence, nowMs);
  }
}
