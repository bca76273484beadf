// The one memory of a track: packets in order, with an index that every reader walks with a cursor.
import { writeUint16, writeUint32 } from '../base/bytes.ts';
import { PacketFlag, type PacketSink } from '../rtp/packet-sink.ts';
import { RTP_HEADER_BYTES } from '../rtp/rtp-packet.ts';

/**
 * Bytes in front of each stored packet: room for the RTSP interleaved frame header
 * (`$`, channel, 16-bit length; RFC 2326 section 10.12), so that runs of packets can be sent to
 * RTSP readers over TCP as they lie in memory.
 */
export const INTERLEAVED_HEADER_BYTES = 4;

const PREFIX_BYTES = INTERLEAVED_HEADER_BYTES + RTP_HEADER_BYTES;
/** Beyond this, 16-bit sequence numbers of held packets would be ambiguous. */
const MAX_PACKETS = 32768;

/** Identity and limits of a ring; sizes in bytes, counts powers of two. */
export interface TrackRingOptions {
  readonly payloadType: number;
  readonly ssrc: number;
  /** Channel written into the interleaved header: the RTP channel of this track in the usual layout. */
  readonly interleavedChannel: number;
  /** First extended sequence number. */
  readonly firstSequence: number;
  readonly initialBytes: number;
  readonly maxBytes: number;
  readonly initialPackets: number;
  /** Packets younger than this make the ring grow (up to maxBytes) instead of being overwritten. */
  readonly minHistoryMs: number;
}

/**
 * Packets of one track, addressed by extended sequence number: `[tail, head)` is held, `head` comes
 * next. Each stored packet is a whole RTP packet with a 12-byte header. Writing never allocates
 * except when the ring grows. A hole (lost media) is an entry of length 0.
 *
 * Index arrays are public for the per-packet path; use `slotOf(sequence)` and read only inside
 * `[tail, head)`.
 */
export class TrackRing implements PacketSink {
  readonly payloadType: number;
  readonly ssrc: number;
  readonly interleavedChannel: number;
  bytes: Buffer;
  /** Offset of the RTP header in `bytes`; the interleaved header lies 4 bytes before it. */
  offsets: Uint32Array;
  /** Length of the RTP packet, header included; 0 for a hole. */
  lengths: Uint16Array;
  /** RTP timestamp as stored in the packet. */
  timestamps: Uint32Array;
  /** PacketFlag bits. */
  flags: Uint8Array;
  /** Monotonic arrival time in milliseconds. */
  arrivalsMs: Float64Array;
  head: number;
  tail: number;
  /** Extended sequence number of the newest packet with keyFrameStart; -1 when none is held. */
  newestKeyFrame = -1;
  /** Ticks added to every timestamp, so that a restarted source continues the old timeline. */
  timestampOffsetTicks = 0;
  /** Time stamped on packets that are committed from now on; the writer sets it once per read. */
  nowMs = 0;
  bytesWritten = 0;
  packetsWritten = 0;
  /** Increments each time `bytes` is replaced by a larger slab. */
  generation = 0;

  readonly #options: TrackRingOptions;
  #mask: number;
  #writePosition = 0;
  #reservedStart = 0;
  #reservedLength = 0;

  constructor(options: TrackRingOptions) {
    this.#options = options;
    this.payloadType = options.payloadType;
    this.ssrc = options.ssrc;
    this.interleavedChannel = options.interleavedChannel;
    this.bytes = Buffer.from(new SharedArrayBuffer(options.initialBytes));
    const packets = options.initialPackets;
    this.#mask = packets - 1;
    this.offsets = new Uint32Array(packets);
    this.lengths = new Uint16Array(packets);
    this.timestamps = new Uint32Array(packets);
    this.flags = new Uint8Array(packets);
    this.arrivalsMs = new Float64Array(packets);
    this.head = options.firstSequence;
    this.tail = options.firstSequence;
  }

  /** Index of a held packet in the index arrays. */
  slotOf(sequence: number): number {
    return sequence & this.#mask;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  reserve(payloadLength: number): number {
    const needed = PREFIX_BYTES + payloadLength;
    this.#makeIndexRoom();
    let start = this.#findRoom(needed);
    while (start < 0) {
      this.#grow(needed);
      start = this.#findRoom(needed);
    }
    this.#reservedStart = start;
    this.#reservedLength = payloadLength;
    return start + PREFIX_BYTES;
  }

  commit(timestampTicks: number, isMarked: boolean, flags: number): void {
    const sequence = this.head;
    const slot = sequence & this.#mask;
    const start = this.#reservedStart;
    const header = start + INTERLEAVED_HEADER_BYTES;
    const length = RTP_HEADER_BYTES + this.#reservedLength;
    const timestamp = (timestampTicks + this.timestampOffsetTicks) >>> 0;
    const bytes = this.bytes;
    bytes[start] = 0x24;
    bytes[start + 1] = this.interleavedChannel;
    writeUint16(bytes, start + 2, length);
    bytes[header] = 0x80;
    bytes[header + 1] = isMarked ? this.payloadType | 0x80 : this.payloadType;
    writeUint16(bytes, header + 2, sequence & 0xffff);
    writeUint32(bytes, header + 4, timestamp);
    writeUint32(bytes, header + 8, this.ssrc);
    this.offsets[slot] = header;
    this.lengths[slot] = length;
    this.timestamps[slot] = timestamp;
    this.flags[slot] = flags;
    this.arrivalsMs[slot] = this.nowMs;
    if ((flags & PacketFlag.keyFrameStart) !== 0) this.newestKeyFrame = sequence;
    this.#writePosition = header + length;
    this.head = sequence + 1;
    this.packetsWritten++;
    this.bytesWritten += length;
  }

  leaveGap(): void {
    this.#makeIndexRoom();
    const slot = this.head & this.#mask;
    this.offsets[slot] = this.#writePosition;
    this.lengths[slot] = 0;
    this.timestamps[slot] = 0;
    this.flags[slot] = 0;
    this.arrivalsMs[slot] = this.nowMs;
    this.head++;
  }

  /** Sequence number of the newest held packet that is no hole; -1 when there is none. */
  get newestPacket(): number {
    for (let sequence = this.head - 1; sequence >= this.tail; sequence--) {
      if (this.lengths[sequence & this.#mask] !== 0) return sequence;
    }
    return -1;
  }

  /** Timestamp of the newest packet; 0 when nothing is held. */
  get newestTimestampTicks(): number {
    const newest = this.newestPacket;
    return newest < 0 ? 0 : (this.timestamps[newest & this.#mask] ?? 0);
  }

  #makeIndexRoom(): void {
    if (this.head - this.tail <= this.#mask) return;
    if (this.#isTailYoung() && this.#mask + 1 < MAX_PACKETS) this.#growIndex();
    else this.#dropTail();
  }

  /** Returns where `needed` bytes can go, dropping old packets in the way, or -1 when the ring should grow. */
  #findRoom(needed: number): number {
    const size = this.bytes.length;
    if (needed > size) return -1;
    let start = this.#writePosition;
    if (start + needed > size) {
      // The rest of the slab is too short: what lies there is the oldest and goes first.
      while (this.head > this.tail && this.#tailStart() >= start) {
        if (this.#mayGrow()) return -1;
        this.#dropTail();
      }
      start = 0;
      this.#writePosition = 0;
    }
    const end = start + needed;
    while (this.head > this.tail) {
      const tailStart = this.#tailStart();
      if (tailStart < start || tailStart >= end) break;
      if (this.#mayGrow()) return -1;
      this.#dropTail();
    }
    return start;
  }

  #tailStart(): number {
    const slot = this.tail & this.#mask;
    const offset = this.offsets[slot] ?? 0;
    return this.lengths[slot] === 0 ? offset : offset - INTERLEAVED_HEADER_BYTES;
  }

  #isTailYoung(): boolean {
    return this.nowMs - (this.arrivalsMs[this.tail & this.#mask] ?? 0) < this.#options.minHistoryMs;
  }

  #mayGrow(): boolean {
    return this.bytes.length * 2 <= this.#options.maxBytes && this.#isTailYoung();
  }

  #dropTail(): void {
    if (this.tail === this.newestKeyFrame) this.newestKeyFrame = -1;
    this.tail++;
  }

  #grow(needed: number): void {
    let size = this.bytes.length * 2;
    while (size < needed) size *= 2;
    const next = Buffer.from(new SharedArrayBuffer(size));
    let position = 0;
    for (let sequence = this.tail; sequence < this.head; sequence++) {
      const slot = sequence & this.#mask;
      const length = this.lengths[slot] ?? 0;
      if (length === 0) {
        this.offsets[slot] = position;
        continue;
      }
      const start = (this.offsets[slot] ?? 0) - INTERLEAVED_HEADER_BYTES;
      this.bytes.copy(next, position, start, start + INTERLEAVED_HEADER_BYTES + length);
      this.offsets[slot] = position + INTERLEAVED_HEADER_BYTES;
      position += INTERLEAVED_HEADER_BYTES + length;
    }
    this.bytes = next;
    this.#writePosition = position;
    this.generation++;
  }

  #growIndex(): void {
    const packets = (this.#mask + 1) * 2;
    const mask = packets - 1;
    const offsets = new Uint32Array(packets);
    const lengths = new Uint16Array(packets);
    const timestamps = new Uint32Array(packets);
    const flags = new Uint8Array(packets);
    const arrivalsMs = new Float64Array(packets);
    for (let sequence = this.tail; sequence < this.head; sequence++) {
      const from = sequence & this.#mask;
      const to = sequence & mask;
      offsets[to] = this.offsets[from] ?? 0;
      lengths[to] = this.lengths[from] ?? 0;
      timestamps[to] = this.timestamps[from] ?? 0;
      flags[to] = this.flags[from] ?? 0;
      arrivalsMs[to] = this.arrivalsMs[from] ?? 0;
    }
    this.offsets = offsets;
    this.lengths = lengths;
    this.timestamps = timestamps;
    this.flags = flags;
    this.arrivalsMs = arrivalsMs;
    this.#mask = mask;
  }
}
