// Writes Opus packets as RTP payloads (RFC 7587 section 4.2), one each.
import { WHOLE_ACCESS_UNIT } from './audio-packet.ts';
import { copyBytes } from './copy-bytes.ts';
import { OpusFrames } from './opus-frames.ts';
import type { PacketSink } from './packet-sink.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES } from './track-normalizer.ts';

/** Packetizer for whole Opus packets, as a file or an encoder gives them. */
export class OpusPacketizer {
  /** Sets the marker of the next packet: the first one after silence (RFC 7587 section 4.1). */
  isTalkStart = false;
  readonly #frames = new OpusFrames();

  /**
   * Writes an Opus packet. One that is too long for an RTP payload is split into its frames, each
   * with its own timestamp. Returns false, having written nothing, when it is no valid Opus packet
   * or one frame alone is too long (above 475 kbit/s at 20 ms).
   */
  packetize(packet: Uint8Array, timestampTicks: number, sink: PacketSink): boolean {
    if (!this.#frames.parse(packet, 0, packet.length)) return false;
    if (packet.length > MAX_NORMALIZED_PAYLOAD_BYTES)
      return this.#split(packet, timestampTicks, sink);
    const offset = sink.reserve(packet.length);
    copyBytes.call(packet, sink.bytes, offset, 0, packet.length);
    this.#commit(timestampTicks, sink);
    return true;
  }

  #split(packet: Uint8Array, timestampTicks: number, sink: PacketSink): boolean {
    const { frameCount, frameTicks, starts, ends, singleFrameToc } = this.#frames;
    for (let index = 0; index < frameCount; index++) {
      const length = (ends[index] ?? 0) - (starts[index] ?? 0);
      if (length + 1 > MAX_NORMALIZED_PAYLOAD_BYTES) return false;
    }
    for (let index = 0; index < frameCount; index++) {
      const start = starts[index] ?? 0;
      const end = ends[index] ?? 0;
      const offset = sink.reserve(1 + end - start);
      sink.bytes[offset] = singleFrameToc;
      copyBytes.call(packet, sink.bytes, offset + 1, start, end);
      this.#commit((timestampTicks + index * frameTicks) >>> 0, sink);
    }
    return true;
  }

  #commit(timestampTicks: number, sink: PacketSink): void {
    sink.commit(timestampTicks, this.isTalkStart, WHOLE_ACCESS_UNIT);
    this.isTalkStart = false;
  }
}
