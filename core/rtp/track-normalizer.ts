// What every codec's normaliser does: source packets in, packets fit for every reader out, once per track.
import type { Codec } from '../codec/codec.ts';
import type { PacketSink } from './packet-sink.ts';
import type { RtpPacket } from './rtp-packet.ts';

/** Largest RTP payload a normaliser writes: 1200-byte packets, RTP header included. */
export const MAX_NORMALIZED_PAYLOAD_BYTES = 1188;

/**
 * Turns the packets of one source track into packets that every reader can take: payloads of at
 * most `MAX_NORMALIZED_PAYLOAD_BYTES`, parameter sets before each key frame, access unit
 * delimiters dropped, odd audio sizes cut to whole frames. Formats that are not understood pass
 * unchanged. Never throws on input: a bad payload is dropped and counted.
 */
export interface TrackNormalizer {
  /** The codec with the newest parameters; a new object each time they change. */
  readonly codec: Codec;
  /** Source packets whose payload could not be understood. */
  readonly packetsInError: number;
  /** Whether timestamps of complete access units were seen going backwards (B-frames, or once a clock set back). */
  readonly hasReorderedFrames: boolean;
  /** Whether they do so again and again: only then these are B-frames. Absent where a format has none. */
  readonly hasBFrames?: boolean;
  /** Takes the next packet in sequence order and writes zero or more packets to `sink`. */
  push(packet: RtpPacket, sink: PacketSink): void;
  /** Tells that packets were lost before the next `push`; what they damage is dropped. */
  noteLoss(sink: PacketSink): void;
  /** Forgets half-received access units; the next packet comes from a restarted source. */
  restart(codec: Codec): void;
}
