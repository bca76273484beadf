// Copies a run of a track's ring into one buffer of interleaved frames, ready for any number of sockets.
import { RTP_HEADER_BYTES } from '../rtp/rtp-packet.ts';
import { INTERLEAVED_HEADER_BYTES, type TrackRing } from '../stream/track-ring.ts';

/** Size of a run of packets. */
export interface RunSize {
  packets: number;
  /** RTP payload bytes, as sender reports count them (RFC 3550 section 6.4.1). */
  octets: number;
  /** Bytes with RTP and interleaved headers. */
  bytes: number;
}

/** Measures the packets `[from, to)` into `size`; holes count nothing. Allocates nothing. */
export function measureRun(ring: TrackRing, from: number, { to, size }: RunTarget): void {
  let packets = 0;
  let bytes = 0;
  for (let sequence = from; sequence < to; sequence++) {
    const length = ring.lengths[ring.slotOf(sequence)] ?? 0;
    if (length === 0) continue;
    packets++;
    bytes += length;
  }
  size.packets = packets;
  size.octets = bytes - packets * RTP_HEADER_BYTES;
  size.bytes = bytes + packets * INTERLEAVED_HEADER_BYTES;
}

/** End of a run, and where its size goes. */
export interface RunTarget {
  readonly to: number;
  readonly size: RunSize;
}

/**
 * The frames of `[from, to)` in one new buffer of `bytes` bytes, on the interleaved `channel`. The
 * ring keeps packets with their frame headers one behind the other, so a run is one copy except
 * where the ring wraps.
 */
export function copyRun(
  ring: TrackRing,
  from: number,
  { to, bytes, channel }: { readonly to: number; readonly bytes: number; readonly channel: number },
): Buffer {
  const batch = Buffer.allocUnsafe(bytes);
  let written = 0;
  let runStart = 0;
  let runEnd = 0;
  for (let sequence = from; sequence < to; sequence++) {
    const slot = ring.slotOf(sequence);
    const length = ring.lengths[slot] ?? 0;
    if (length === 0) continue;
    const start = (ring.offsets[slot] ?? 0) - INTERLEAVED_HEADER_BYTES;
    if (start !== runEnd) {
      ring.bytes.copy(batch, written, runStart, runEnd);
      written += runEnd - runStart;
      runStart = start;
    }
    runEnd = start + INTERLEAVED_HEADER_BYTES + length;
  }
  ring.bytes.copy(batch, written, runStart, runEnd);
  if (channel !== ring.interleavedChannel) setChannel(batch, channel);
  return batch;
}

function setChannel(batch: Buffer, channel: number): void {
  let position = 0;
  while (position + INTERLEAVED_HEADER_BYTES <= batch.length) {
    batch[position + 1] = channel;
    const length = ((batch[position + 2] ?? 0) << 8) | (batch[position + 3] ?? 0);
    position += INTERLEAVED_HEADER_BYTES + length;
  }
}
