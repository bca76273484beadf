// The stream that engines are compared with: bursts of 14 packets of 1200 bytes, a frame of 4 Mbit/s.
import { PacketFlag } from '../../../core/rtp/packet-sink.ts';
import { TrackRing } from '../../../core/stream/track-ring.ts';

/** Packets of one frame. */
export const BURST_PACKETS = 14;
/** RTP payload; with the header 1200 bytes. */
export const PAYLOAD_BYTES = 1188;
const TICKS_PER_FRAME = 3000;
const payload = Buffer.alloc(PAYLOAD_BYTES, 0x5a);

/** A ring as streams have it, with a key frame at its start. */
export function createBenchRing(): TrackRing {
  const ring = new TrackRing({
    ...{ payloadType: 96, ssrc: 0x01020304, interleavedChannel: 0, firstSequence: 1000 },
    ...{ initialBytes: 4 << 20, maxBytes: 4 << 20, initialPackets: 4096, minHistoryMs: 0 },
  });
  writeBurst(ring, true);
  return ring;
}

/** Writes one frame. */
export function writeBurst(ring: TrackRing, isKeyFrame = false): void {
  const ticks = Math.floor(ring.packetsWritten / BURST_PACKETS) * TICKS_PER_FRAME;
  ring.nowMs = performance.now();
  for (let i = 0; i < BURST_PACKETS; i++) {
    const isLast = i === BURST_PACKETS - 1;
    const offset = ring.reserve(PAYLOAD_BYTES);
    ring.bytes.set(payload, offset);
    const first = isKeyFrame && i === 0 ? PacketFlag.keyFrameStart : 0;
    ring.commit(ticks, isLast, first | (isLast ? PacketFlag.accessUnitEnd : 0));
  }
}

const rtp = Buffer.alloc(12 + PAYLOAD_BYTES, 0x5a);

/** The same stream as single RTP packets; the bytes are reused by the next call. */
export function rtpBytes(sequenceNumber: number): Buffer {
  const isLast = sequenceNumber % BURST_PACKETS === BURST_PACKETS - 1;
  rtp[0] = 0x80;
  rtp[1] = 96 | (isLast ? 0x80 : 0);
  rtp.writeUInt16BE(sequenceNumber & 0xffff, 2);
  rtp.writeUInt32BE((Math.floor(sequenceNumber / BURST_PACKETS) * TICKS_PER_FRAME) >>> 0, 4);
  rtp.writeUInt32BE(0x01020304, 8);
  return rtp;
}
