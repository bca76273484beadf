// One Cluster of known size made of SimpleBlocks, RFC 9559 sections 5.1.3 and 10.
import { writeUint16, writeUint32 } from '../base/bytes.ts';
import { MatroskaId } from './matroska-ids.ts';

/** A frame of one track. */
export interface MatroskaBlock {
  /** 1..126, as in the header. */
  readonly trackNumber: number;
  /** Showing time against the Cluster's timestamp, in milliseconds, -32768..32767. */
  readonly relativeMs: number;
  readonly isKeyFrame: boolean;
  /** The payload, as the track's framing made it; not to be changed afterwards. */
  readonly chunks: readonly Uint8Array[];
  readonly sizeBytes: number;
}

/**
 * ```
 * 0xa3 | size, 4 bytes | track number, 1 byte | relative time, 2 bytes | flags | payload
 * ```
 * Flags: bit 7 key frame; no lacing.
 */
const BLOCK_HEADER_BYTES = 9;
const BLOCK_FIELDS_BYTES = 4;
const SIZE_MARKER = 0x10000000;
const KEY_FRAME = 0x80;
const MAX_TRACK_NUMBER = 126;
const MIN_RELATIVE_MS = -0x8000;
const MAX_RELATIVE_MS = 0x7fff;
/** Largest payload of one block: what four bytes of size can say. */
const MAX_BLOCK_BYTES = 0x0ffffffe - BLOCK_FIELDS_BYTES;
/** Identifier, size in 8 bytes; then the timestamp: identifier, size, 8 bytes. */
const CLUSTER_HEADER_BYTES = 12;
const TIMESTAMP_BYTES = 10;

/** Collects blocks in decoding order; `finish` makes them one piece. */
export class MatroskaCluster {
  readonly #chunks: Uint8Array[] = [];
  #blockBytes = 0;

  /** Bytes of the whole element. */
  get sizeBytes(): number {
    return CLUSTER_HEADER_BYTES + TIMESTAMP_BYTES + this.#blockBytes;
  }

  /** Returns false, and adds nothing, for what a SimpleBlock can't say. */
  add(block: MatroskaBlock): boolean {
    const { trackNumber, relativeMs, isKeyFrame, chunks, sizeBytes } = block;
    if (trackNumber < 1 || trackNumber > MAX_TRACK_NUMBER) return false;
    if (relativeMs < MIN_RELATIVE_MS || relativeMs > MAX_RELATIVE_MS) return false;
    if (sizeBytes === 0 || sizeBytes > MAX_BLOCK_BYTES) return false;
    const header = new Uint8Array(BLOCK_HEADER_BYTES);
    header[0] = MatroskaId.simpleBlock;
    writeUint32(header, 1, SIZE_MARKER + BLOCK_FIELDS_BYTES + sizeBytes);
    header[5] = 0x80 | trackNumber;
    writeUint16(header, 6, relativeMs);
    header[8] = isKeyFrame ? KEY_FRAME : 0;
    this.#chunks.push(header);
    for (const chunk of chunks) this.#chunks.push(chunk);
    this.#blockBytes += BLOCK_HEADER_BYTES + sizeBytes;
    return true;
  }

  /** The blocks in one buffer; the cluster must not be used afterwards. */
  finish(): Uint8Array {
    return Buffer.concat(this.#chunks.splice(0), this.#blockBytes);
  }
}

/** What stands before the blocks; the timestamp, in milliseconds, always takes the same room. */
export function buildClusterStart(timestampMs: number, blockBytes: number): Uint8Array {
  const bytes = new Uint8Array(CLUSTER_HEADER_BYTES + TIMESTAMP_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MatroskaId.cluster);
  view.setBigUint64(4, BigInt(TIMESTAMP_BYTES + blockBytes) | (1n << 56n));
  bytes[12] = MatroskaId.timestamp;
  bytes[13] = 0x88;
  view.setBigUint64(14, BigInt(Math.max(0, Math.round(timestampMs))));
  return bytes;
}
