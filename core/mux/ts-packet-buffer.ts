// Cuts tables and PES packets into transport packets of 188 bytes, ISO/IEC 13818-1 section 2.4.3.

/** One stream of packets with a counter of its own. */
export interface TsPacketStream {
  readonly pid: number;
  /** Counts packets modulo 16; kept by the buffer. */
  continuityCounter: number;
}

/** A PES packet, header included, in pieces. */
export interface TsPayload {
  readonly chunks: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** Clock reference for its first packet, 90 kHz, below 2^33; -1 for none. */
  readonly pcrTicks: number;
  /** Whether a player can start here. */
  readonly isRandomAccess: boolean;
}

/** Bytes of a transport packet. */
export const TS_PACKET_BYTES = 188;
const HEADER_BYTES = 4;
const PAYLOAD_BYTES = TS_PACKET_BYTES - HEADER_BYTES;
const PACKETS_PER_SLAB = 348;
const SYNC_BYTE = 0x47;
const PAYLOAD_UNIT_START = 0x40;
const HAS_PAYLOAD = 0x10;
const HAS_ADAPTATION = 0x20;
const FLAG_RANDOM_ACCESS = 0x40;
const FLAG_PCR = 0x10;
const PCR_BYTES = 6;
const STUFFING = 0xff;

/** Packets since the last `take`. Payload is copied, since packets interrupt it anyway. */
export class TsPacketBuffer {
  #slab = new Uint8Array(0);
  #used = 0;
  #full: Uint8Array[] = [];

  get isEmpty(): boolean {
    return this.#used === 0 && this.#full.length === 0;
  }

  /** A table section of at most 183 bytes, in one packet. */
  addSection(stream: TsPacketStream, section: Uint8Array): void {
    const start = this.#nextPacket();
    this.#writeHeader(start, stream, PAYLOAD_UNIT_START | HAS_PAYLOAD);
    this.#slab.fill(STUFFING, start + HEADER_BYTES, start + TS_PACKET_BYTES);
    this.#slab[start + HEADER_BYTES] = 0; // pointer_field
    this.#slab.set(section, start + HEADER_BYTES + 1);
  }

  addPayload(stream: TsPacketStream, payload: TsPayload): void {
    const { chunks, pcrTicks, isRandomAccess } = payload;
    let restBytes = payload.sizeBytes;
    let wantedBytes = pcrTicks >= 0 ? 2 + PCR_BYTES : isRandomAccess ? 2 : 0;
    let startFlag = PAYLOAD_UNIT_START;
    let chunkIndex = 0;
    let chunkOffset = 0;
    while (restBytes > 0) {
      const start = this.#nextPacket();
      const adaptationBytes = Math.max(wantedBytes, PAYLOAD_BYTES - restBytes);
      const adaptationFlag = adaptationBytes > 0 ? HAS_ADAPTATION : 0;
      this.#writeHeader(start, stream, startFlag | adaptationFlag | HAS_PAYLOAD);
      if (adaptationBytes > 0) {
        const shown = startFlag === 0 ? undefined : payload;
        this.#writeAdaptation(start + HEADER_BYTES, adaptationBytes, shown);
      }
      let position = start + HEADER_BYTES + adaptationBytes;
      const end = start + TS_PACKET_BYTES;
      restBytes -= end - position;
      while (position < end) {
        const chunk = chunks[chunkIndex];
        if (chunk === undefined) break;
        const count = Math.min(end - position, chunk.length - chunkOffset);
        this.#slab.set(chunk.subarray(chunkOffset, chunkOffset + count), position);
        position += count;
        chunkOffset += count;
        if (chunkOffset < chunk.length) continue;
        chunkIndex++;
        chunkOffset = 0;
      }
      wantedBytes = 0;
      startFlag = 0;
    }
  }

  /** The packets so far, which now belong to the caller. */
  take(): Uint8Array[] {
    const chunks = this.#full;
    if (this.#used > 0) chunks.push(this.#slab.subarray(0, this.#used));
    this.#full = [];
    this.#slab = this.#slab.subarray(this.#used);
    this.#used = 0;
    return chunks;
  }

  /** Where the next packet goes. */
  #nextPacket(): number {
    if (this.#used + TS_PACKET_BYTES > this.#slab.length) {
      if (this.#used > 0) this.#full.push(this.#slab.subarray(0, this.#used));
      this.#slab = new Uint8Array(PACKETS_PER_SLAB * TS_PACKET_BYTES);
      this.#used = 0;
    }
    this.#used += TS_PACKET_BYTES;
    return this.#used - TS_PACKET_BYTES;
  }

  /** `flags`: payload unit start, adaptation field and payload, whose bits do not meet. */
  #writeHeader(start: number, stream: TsPacketStream, flags: number): void {
    const slab = this.#slab;
    slab[start] = SYNC_BYTE;
    slab[start + 1] = (flags & PAYLOAD_UNIT_START) | (stream.pid >> 8);
    slab[start + 2] = stream.pid;
    slab[start + 3] = (flags & (HAS_ADAPTATION | HAS_PAYLOAD)) | stream.continuityCounter;
    stream.continuityCounter = (stream.continuityCounter + 1) & 0x0f;
  }

  /** Section 2.4.3.4; what a shown payload does not need is stuffing. */
  #writeAdaptation(start: number, sizeBytes: number, shown: TsPayload | undefined): void {
    const slab = this.#slab;
    slab[start] = sizeBytes - 1;
    if (sizeBytes === 1) return;
    slab.fill(STUFFING, start + 2, start + sizeBytes);
    const hasPcr = shown !== undefined && shown.pcrTicks >= 0;
    const randomAccess = shown?.isRandomAccess === true ? FLAG_RANDOM_ACCESS : 0;
    slab[start + 1] = randomAccess | (hasPcr ? FLAG_PCR : 0);
    if (!hasPcr) return;
    // 33 bits at 90 kHz, 6 reserved, 9 bits of the 27 MHz remainder, which is 0 here.
    const high = Math.floor(shown.pcrTicks / 2);
    slab[start + 2] = high >>> 24;
    slab[start + 3] = high >>> 16;
    slab[start + 4] = high >>> 8;
    slab[start + 5] = high;
    slab[start + 6] = (shown.pcrTicks % 2) * 0x80 + 0x7e;
    slab[start + 7] = 0;
  }
}
