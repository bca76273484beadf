// Rewrites parameter sets so that a decoder that sees only key frames gives each picture at once.
import { BitReader } from '../../core/codec/bit-reader.ts';
import { BitWriter } from '../../core/codec/bit-writer.ts';
import { parseH264Sps } from '../../core/codec/h264-sps.ts';
import { parseH265Sps } from '../../core/codec/h265-sps.ts';

/** NAL unit header bytes. */
const H264_HEADER_BYTES = 1;
const H265_HEADER_BYTES = 2;
/** ITU-T H.265 section A.4.2. */
const MAX_DPB_PICTURES = 16;

/**
 * Takes the promise about reordered frames out of an H.264 parameter set (ITU-T H.264 section
 * E.1.1, bitstream_restriction_flag): it is the last thing in there. Without it a decoder waits
 * only when it has seen reordered frames. Returns `sps` itself when there is nothing to change.
 */
export function withoutH264Reorder(sps: Uint8Array): Uint8Array {
  const parsed = parseH264Sps(sps);
  if (parsed?.restrictionBit === undefined || parsed.maxReorderFrames === 0) return sps;
  const writer = new BitWriter();
  copyBits(readerOf(sps, H264_HEADER_BYTES), writer, parsed.restrictionBit);
  writer.writeBits(0, 1);
  writer.writeBits(1, 1); // rbsp_stop_one_bit
  return nalUnit(sps.subarray(0, H264_HEADER_BYTES), writer.toBytes());
}

/**
 * Sets sps_max_num_reorder_pics and sps_max_latency_increase_plus1 of an H.265 parameter set to 0
 * (ITU-T H.265 section 7.3.2.2). Returns `sps` itself when there is nothing to change.
 */
export function withoutH265Reorder(sps: Uint8Array): Uint8Array {
  const parsed = parseH265Sps(sps);
  if (parsed === undefined || parsed.maxReorderFrames === 0) return sps;
  const writer = new BitWriter();
  const reader = readerOf(sps, H265_HEADER_BYTES);
  copyBits(reader, writer, parsed.orderingBit);
  const isPerSubLayer = reader.readFlag();
  writer.writeBits(isPerSubLayer ? 1 : 0, 1);
  const layers = isPerSubLayer ? parsed.maxSubLayers : 1;
  for (let index = 0; index < layers; index++) {
    writeUe(writer, Math.min(reader.readUe(), MAX_DPB_PICTURES)); // sps_max_dec_pic_buffering_minus1
    reader.readUe();
    writeUe(writer, 0);
    reader.readUe();
    writeUe(writer, 0);
  }
  copyBits(reader, writer, reader.bitsLeft);
  return nalUnit(sps.subarray(0, H265_HEADER_BYTES), writer.toBytes());
}

function readerOf(nal: Uint8Array, start: number): BitReader {
  const reader = new BitReader({ skipsEmulationPrevention: true });
  reader.reset(nal, start);
  return reader;
}

function copyBits(reader: BitReader, writer: BitWriter, count: number): void {
  for (let index = 0; index < count; index++) {
    const bit = reader.readBit();
    if (reader.isOverrun) return;
    writer.writeBits(bit, 1);
  }
}

function writeUe(writer: BitWriter, value: number): void {
  const bits = Math.floor(Math.log2(value + 1));
  writer.writeBits(0, bits);
  writer.writeBits(value + 1, bits + 1);
}

/** Puts the emulation prevention bytes back (ITU-T H.264 section 7.4.1). */
function nalUnit(header: Uint8Array, payload: Uint8Array): Uint8Array {
  const bytes = [...header];
  let zeros = 0;
  for (const byte of payload) {
    if (zeros >= 2 && byte <= 3) {
      bytes.push(3);
      zeros = 0;
    }
    bytes.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Uint8Array.from(bytes);
}
