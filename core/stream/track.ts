// One elementary stream inside a Stream: its codec, its ring, and the way source packets take into it.
import type { Codec, MediaKind, TrackDescription } from '../codec/codec.ts';
import type { RtpPacket } from '../rtp/rtp-packet.ts';
import type { TrackNormalizer } from '../rtp/track-normalizer.ts';
import type { TrackRing } from './track-ring.ts';

/** Late packets in a row after which the source is taken as having restarted its numbering. */
const RESTART_AFTER_LATE_PACKETS = 16;
/** A jump of the numbers by more, either way, is a restart and no loss (RFC 3550 appendix A.1). */
const MAX_DROPOUT = 3000;

/** What arrived on a track since it exists; all counters only grow. */
export interface TrackStats {
  packetsReceived: number;
  bytesReceived: number;
  packetsLost: number;
  /** Packets that were not RTP or whose payload could not be understood. */
  packetsInError: number;
  /** Packets that came after their place was given up, and duplicates. */
  packetsLate: number;
}

/** Parts of a track. */
export interface TrackOptions {
  readonly index: number;
  readonly description: TrackDescription;
  readonly normalizer: TrackNormalizer;
  readonly ring: TrackRing;
}

/**
 * A track of a stream. Readers use `codec`, `ring` and `payloadType`; only the StreamWriter calls
 * `accept` and `restart`.
 */
export class Track {
  /** Position in the stream's track list, 0-based. */
  readonly index: number;
  readonly kind: MediaKind;
  readonly payloadType: number;
  readonly ring: TrackRing;
  readonly normalizer: TrackNormalizer;
  readonly stats: TrackStats = {
    packetsReceived: 0,
    bytesReceived: 0,
    packetsLost: 0,
    packetsInError: 0,
    packetsLate: 0,
  };

  #sourcePayloadType: number;
  #sourceSsrc = -1;
  #expectedSequence = -1;
  #latePackets = 0;
  /** Set when the next packet opens a new timeline that has to continue the old one. */
  #mustRebase = false;

  constructor(options: TrackOptions) {
    this.index = options.index;
    this.kind = options.description.kind;
    this.payloadType = options.description.payloadType;
    this.#sourcePayloadType = options.description.payloadType;
    this.normalizer = options.normalizer;
    this.ring = options.ring;
  }

  /** The codec with its newest parameters; a new object each time they change. */
  get codec(): Codec {
    return this.normalizer.codec;
  }

  get clockRateHz(): number {
    return this.normalizer.codec.clockRateHz;
  }

  /** SSRC of the source, or -1 before its first packet. */
  get sourceSsrc(): number {
    return this.#sourceSsrc;
  }

  /** Takes one parsed source packet in arrival order; returns whether it was used. */
  accept(packet: RtpPacket): boolean {
    const stats = this.stats;
    stats.packetsReceived++;
    stats.bytesReceived += packet.bytes.length;
    if (packet.payloadType !== this.#sourcePayloadType) {
      // Comfort noise, telephone events and the like, mixed into a track of something else.
      stats.packetsInError++;
      return false;
    }
    if (packet.ssrc !== this.#sourceSsrc) this.#adoptSource(packet);
    const ahead = (packet.sequenceNumber - this.#expectedSequence) & 0xffff;
    if (ahead !== 0 && !this.#acceptJump(packet, ahead)) return false;
    this.#latePackets = 0;
    this.#expectedSequence = (packet.sequenceNumber + 1) & 0xffff;
    if (this.#mustRebase) this.#rebase(packet);
    const errorsBefore = this.normalizer.packetsInError;
    this.normalizer.push(packet, this.ring);
    if (this.normalizer.packetsInError === errorsBefore) return true;
    stats.packetsInError++;
    return false;
  }

  /** A new publisher continues this track: its packets are put behind the ones already here. */
  restart(description: TrackDescription): void {
    this.#sourcePayloadType = description.payloadType;
    this.normalizer.restart(description.codec);
    this.#sourceSsrc = -1;
    this.#expectedSequence = -1;
  }

  #adoptSource(packet: RtpPacket): void {
    if (this.#sourceSsrc !== -1) this.normalizer.noteLoss(this.ring);
    else if (this.ring.packetsWritten > 0) {
      // Not before: readers take the age of the hole for the time by which they are late.
      this.ring.leaveGap();
    }
    this.#sourceSsrc = packet.ssrc;
    this.#expectedSequence = packet.sequenceNumber;
    this.#mustRebase = this.ring.packetsWritten > 0;
  }

  /** Loss, a late packet, or numbers that start anew. */
  #acceptJump(packet: RtpPacket, ahead: number): boolean {
    if (ahead <= MAX_DROPOUT) {
      this.stats.packetsLost += ahead;
      this.normalizer.noteLoss(this.ring);
      return true;
    }
    const isLate = 0x10000 - ahead <= MAX_DROPOUT;
    if (isLate && ++this.#latePackets < RESTART_AFTER_LATE_PACKETS) {
      this.stats.packetsLate++;
      return false;
    }
    this.normalizer.noteLoss(this.ring);
    this.#mustRebase = true;
    this.#expectedSequence = packet.sequenceNumber;
    return true;
  }

  /** Chooses the offset that lets the new timeline go on where wall time says the old one would be. */
  #rebase(packet: RtpPacket): void {
    this.#mustRebase = false;
    const ring = this.ring;
    const newest = ring.newestPacket;
    if (newest < 0) return;
    const slot = ring.slotOf(newest);
    const elapsedMs = Math.max(1, ring.nowMs - (ring.arrivalsMs[slot] ?? ring.nowMs));
    const elapsedTicks = Math.round((elapsedMs * this.clockRateHz) / 1000);
    const target = (ring.timestamps[slot] ?? 0) + elapsedTicks;
    ring.timestampOffsetTicks = (target - packet.timestampTicks) | 0;
  }
}
