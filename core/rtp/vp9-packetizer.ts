// Writes VP9 frames as RTP payloads, RFC 9628, with the shortest descriptor there is.
import { isVp9KeyFrame } from '../codec/vp9-frame-header.ts';
import { copyBytes } from './copy-bytes.ts';
import { PacketFlag, type PacketSink } from './packet-sink.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES } from './track-normalizer.ts';
import { Vp9Bit } from './vp9-payload-descriptor.ts';

const DESCRIPTOR_BYTES = 1;
const INTER_PICTURE_BIT = 0x40;
const MAX_DATA_BYTES = MAX_NORMALIZED_PAYLOAD_BYTES - DESCRIPTOR_BYTES;

/** For whole frames or superframes, as a file has them. */
export class Vp9Packetizer {
  /** Returns false, having written nothing, for an empty frame. */
  packetize(frame: Uint8Array, timestampTicks: number, sink: PacketSink): boolean {
    const [first] = frame;
    if (first === undefined) return false;
    const isKeyFrame = isVp9KeyFrame(first);
    const common = isKeyFrame ? 0 : INTER_PICTURE_BIT;
    let flags: number = PacketFlag.accessUnitStart | (isKeyFrame ? PacketFlag.keyFrameStart : 0);
    for (let start = 0; start < frame.length; start += MAX_DATA_BYTES) {
      const end = Math.min(frame.length, start + MAX_DATA_BYTES);
      const isLast = end === frame.length;
      const offset = sink.reserve(DESCRIPTOR_BYTES + end - start);
      sink.bytes[offset] = common | (start === 0 ? Vp9Bit.start : 0) | (isLast ? Vp9Bit.end : 0);
      copyBytes.call(frame, sink.bytes, offset + DESCRIPTOR_BYTES, start, end);
      sink.commit(timestampTicks, isLast, isLast ? flags | PacketFlag.accessUnitEnd : flags);
      flags = 0;
    }
    return true;
  }
}
