// Takes Opus packets out of an Ogg stream (RFC 3533, RFC 7845) as it comes out of an encoder's pipe.
import { readUint8 } from '../base/bytes.ts';

/**
 * ```
 *  0..3 "OggS" | 4 version | 5 flags | 6..13 granule | 14..17 serial | 18..21 page number |
 *  22..25 CRC | 26 number of segments | 27.. lacing values | packets
 * ```
 */
const PAGE_HEADER_BYTES = 27;
const CAPTURE = 0x4f676753;
/** A page has at most 255 segments of 255 bytes. */
const MAX_PAGE_BYTES = PAGE_HEADER_BYTES + 255 + 255 * 255;
/** An Opus packet of 120 ms at the highest rate is shorter (RFC 6716 section 3.4). */
const MAX_PACKET_BYTES = 8192;
/** OpusHead and OpusTags come first (RFC 7845 section 5). */
const HEADER_PACKETS = 2;

/** Incremental reader; packets that cross pages are joined. */
export class OggOpusReader {
  /** Bytes that were not Ogg. */
  skippedBytes = 0;
  readonly #onPacket: (packet: Uint8Array) => void;
  #buffer = Buffer.alloc(0);
  #partial = Buffer.alloc(0);
  #packetCount = 0;

  /** `onPacket` gets each Opus packet, valid during the call; the two header packets are left out. */
  constructor(onPacket: (packet: Uint8Array) => void) {
    this.#onPacket = onPacket;
  }

  /** Takes the next bytes of the pipe. */
  push(chunk: Uint8Array): void {
    this.#buffer =
      this.#buffer.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#buffer, chunk]);
    let start = 0;
    for (;;) {
      start = this.#findPage(start);
      const end = this.#pageEnd(start);
      if (end < 0) break;
      this.#readPage(start);
      start = end;
    }
    this.#buffer = this.#buffer.subarray(start);
    if (this.#buffer.length > MAX_PAGE_BYTES) this.#buffer = Buffer.alloc(0);
  }

  #findPage(start: number): number {
    let offset = start;
    while (offset + 4 <= this.#buffer.length && this.#buffer.readUInt32BE(offset) !== CAPTURE) {
      offset++;
    }
    this.skippedBytes += offset - start;
    return offset;
  }

  /** End of the page at `start`, or -1 while it is incomplete. */
  #pageEnd(start: number): number {
    const table = start + PAGE_HEADER_BYTES;
    if (table > this.#buffer.length) return -1;
    const segments = readUint8(this.#buffer, start + 26);
    if (table + segments > this.#buffer.length) return -1;
    let end = table + segments;
    for (let index = 0; index < segments; index++) end += readUint8(this.#buffer, table + index);
    return end <= this.#buffer.length ? end : -1;
  }

  #readPage(start: number): void {
    const table = start + PAGE_HEADER_BYTES;
    const segments = readUint8(this.#buffer, start + 26);
    let packetStart = table + segments;
    let position = packetStart;
    for (let index = 0; index < segments; index++) {
      const lacing = readUint8(this.#buffer, table + index);
      position += lacing;
      if (lacing === 255) continue;
      this.#finishPacket(this.#buffer.subarray(packetStart, position));
      packetStart = position;
    }
    if (packetStart < position) this.#keepPartial(this.#buffer.subarray(packetStart, position));
  }

  #keepPartial(bytes: Buffer): void {
    this.#partial =
      this.#partial.length + bytes.length > MAX_PACKET_BYTES
        ? Buffer.alloc(0)
        : Buffer.concat([this.#partial, bytes]);
  }

  #finishPacket(rest: Buffer): void {
    const packet = this.#partial.length === 0 ? rest : Buffer.concat([this.#partial, rest]);
    this.#partial = Buffer.alloc(0);
    if (this.#packetCount < HEADER_PACKETS) {
      this.#packetCount++;
      return;
    }
    if (packet.length > 0 && packet.length <= MAX_PACKET_BYTES) this.#onPacket(packet);
  }
}
