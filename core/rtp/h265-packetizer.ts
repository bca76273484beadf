// Writes whole H.265 access units as RTP payloads, RFC 7798.
import type { H265Codec } from '../codec/codec.ts';
import { H265Format } from './h265-format.ts';
import { NalPacketizer } from './nal-packetizer.ts';

/** NalPacketizer for H.265; payloads of at most `maxPayloadBytes` (1188 when left out). */
export class H265Packetizer extends NalPacketizer<H265Codec> {
  constructor(maxPayloadBytes?: number) {
    super(new H265Format(), maxPayloadBytes);
  }
}
