// Incoming SRTP of one key: index estimation, replay protection, authentication, decryption.
import { readUint8, readUint16, readUint32 } from '../base/bytes.ts';
import { RTP_HEADER_BYTES } from '../rtp/rtp-packet.ts';
import { createFrameCipher } from './create-frame-cipher.ts';
import type { FrameCipher } from './frame-cipher.ts';
import { MAX_FRAME_BYTES, type PacketFrame } from './packet-frame.ts';
import { ReceivedStreams } from './received-streams.ts';
import type { SrtpSessionKeys } from './srtp-key-derivation.ts';
import type { SrtpWorkspace } from './srtp-workspace.ts';

/** Packets that a receiver refused, by reason; all counters only grow. */
export interface SrtpReceiverStats {
  packetsReceived: number;
  /** Too short, too long, or not the expected version. */
  packetsMalformed: number;
  /** Came before, or is too old to tell. */
  packetsReplayed: number;
  /** Wrong authentication tag. */
  packetsUnauthentic: number;
  /** From an SSRC beyond the number that is kept. */
  packetsFromTooManySsrcs: number;
}

/** Limits of a receiver. */
export interface SrtpReceiverOptions {
  /** SSRCs accepted under this key. Default 32. */
  readonly maxSsrcs?: number;
}

const DEFAULT_MAX_SSRCS = 32;
/** Half a second at 8 Mbit/s: packets sent again without RTX arrive late under their old index. */
const WINDOW_BITS = 1024;
const SEQUENCE_SPAN = 0x10000;
const HALF_SPAN = 0x8000;
const MAX_ROLLOVER = 0xffffffff;

/** Unprotects RTP packets. Never throws on input; what is refused is counted. */
export class SrtpReceiver {
  readonly stats: SrtpReceiverStats = {
    packetsReceived: 0,
    packetsMalformed: 0,
    packetsReplayed: 0,
    packetsUnauthentic: 0,
    packetsFromTooManySsrcs: 0,
  };

  readonly #cipher: FrameCipher;
  readonly #frame: PacketFrame;
  readonly #streams: ReceivedStreams;
  readonly #authenticatesRollover: boolean;

  constructor(keys: SrtpSessionKeys, workspace: SrtpWorkspace, options: SrtpReceiverOptions = {}) {
    this.#cipher = createFrameCipher(keys.profile, keys.rtp, workspace);
    this.#frame = workspace.frame;
    this.#authenticatesRollover = keys.profile === 1;
    this.#streams = new ReceivedStreams({
      maxSsrcs: options.maxSsrcs ?? DEFAULT_MAX_SSRCS,
      windowBits: WINDOW_BITS,
    });
  }

  /**
   * The plain RTP packet, or undefined when `packet` is refused. The result lies in the workspace
   * and is valid until its next use; `packet` stays unchanged.
   */
  unprotect(packet: Uint8Array): Uint8Array | undefined {
    const stats = this.stats;
    stats.packetsReceived++;
    const plainBytes = packet.length - this.#cipher.tagBytes;
    const headerBytes = headerBytesOf(packet, plainBytes);
    if (headerBytes === 0) {
      stats.packetsMalformed++;
      return undefined;
    }
    const ssrc = readUint32(packet, 8);
    const window = this.#streams.find(ssrc);
    if (window === undefined && this.#streams.isFull) {
      stats.packetsFromTooManySsrcs++;
      return undefined;
    }
    const index = estimateIndex(window?.highest ?? -1, readUint16(packet, 2));
    if (index < 0 || window?.isFresh(index) === false) {
      stats.packetsReplayed++;
      return undefined;
    }
    const frame = this.#frame;
    frame.load(packet, plainBytes);
    frame.loadTag(packet, plainBytes, this.#cipher.tagBytes);
    frame.ssrc = ssrc;
    frame.index = index;
    frame.headerBytes = headerBytes;
    frame.secretBytes = plainBytes - headerBytes;
    if (this.#authenticatesRollover) frame.setTrailer(Math.floor(index / SEQUENCE_SPAN));
    if (!this.#cipher.open()) {
      stats.packetsUnauthentic++;
      return undefined;
    }
    this.#streams.accept(ssrc, index);
    return frame.packetView();
  }
}

/** Length of the RTP header, CSRCs and extension included; 0 when the packet cannot be one. */
function headerBytesOf(packet: Uint8Array, plainBytes: number): number {
  if (plainBytes < RTP_HEADER_BYTES || packet.length > MAX_FRAME_BYTES) return 0;
  const first = readUint8(packet, 0);
  if (first >> 6 !== 2) return 0;
  let headerBytes = RTP_HEADER_BYTES + (first & 0x0f) * 4;
  if ((first & 0x10) !== 0) {
    if (headerBytes + 4 > plainBytes) return 0;
    headerBytes += 4 + readUint16(packet, headerBytes + 2) * 4;
  }
  return headerBytes > plainBytes ? 0 : headerBytes;
}

/**
 * The index that a sequence number most likely stands for (RFC 3711 section 3.3.1 and appendix A);
 * -1 when it would lie outside the 48 bits. `highest` is the newest index, -1 for none.
 */
function estimateIndex(highest: number, sequenceNumber: number): number {
  if (highest < 0) return sequenceNumber;
  let rollover = Math.floor(highest / SEQUENCE_SPAN);
  const newest = highest % SEQUENCE_SPAN;
  if (newest < HALF_SPAN) {
    if (sequenceNumber - newest > HALF_SPAN) rollover--;
  } else if (newest - HALF_SPAN > sequenceNumber) {
    rollover++;
  }
  if (rollover < 0 || rollover > MAX_ROLLOVER) return -1;
  return rollover * SEQUENCE_SPAN + sequenceNumber;
}
