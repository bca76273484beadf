// Writes whole H.264 access units as RTP payloads, RFC 6184.
import type { H264Codec } from '../codec/codec.ts';
import { H264Format } from './h264-format.ts';
import { NalPacketizer } from './nal-packetizer.ts';

/** NalPacketizer for H.264; payloads of at most `maxPayloadBytes` (1188 when left out). */
export class H264Packetizer extends NalPacketizer<H264Codec> {
  constructor(maxPayloadBytes?: number) {
    super(new H264Format(), maxPayloadBytes);
  }
}
