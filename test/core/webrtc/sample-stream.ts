// Streams of a few codecs and packets for them, for the tests of this folder.
import type { Clock } from '../../../core/base/clock.ts';
import { writeUint16, writeUint32 } from '../../../core/base/bytes.ts';
import type { Codec, TrackDescription } from '../../../core/codec/codec.ts';
import { Stream } from '../../../core/stream/stream.ts';
import type { StreamWriter, StreamWriterOptions } from '../../../core/stream/stream-writer.ts';

export const H264: Codec = { name: 'H264', clockRateHz: 90000, packetizationMode: 1 };
export const H265: Codec = { name: 'H265', clockRateHz: 90000 };
export const VP8: Codec = { name: 'VP8', clockRateHz: 90000 };
export const OPUS: Codec = { name: 'Opus', clockRateHz: 48000, channelCount: 2 };
export const PCMA: Codec = { name: 'G711', clockRateHz: 8000, channelCount: 1, isMuLaw: false };
export const AAC: Codec = {
  ...{ name: 'MPEG-4 Audio', clockRateHz: 48000, sampleRateHz: 48000, channelCount: 2 },
  config: Uint8Array.of(0x11, 0x90),
  framing: { type: 'generic', sizeLength: 13, indexLength: 3, indexDeltaLength: 3 },
};

const VIDEO_NAMES = new Set(['H264', 'H265', 'VP8', 'VP9', 'AV1', 'M-JPEG']);

/** Tracks of these codecs, payload types from 96 on. */
export function tracksOf(...codecs: readonly Codec[]): TrackDescription[] {
  return codecs.map((codec, index) => ({
    kind: VIDEO_NAMES.has(codec.name) ? 'video' : 'audio',
    codec,
    payloadType: 96 + index,
  }));
}

export function streamOf(...codecs: readonly Codec[]): Stream {
  return new Stream(tracksOf(...codecs));
}

export function attachedStream(
  clock: Clock,
  codecs: readonly Codec[],
  options: StreamWriterOptions = {},
): { readonly stream: Stream; readonly writer: StreamWriter } {
  const descriptions = tracksOf(...codecs);
  const stream = new Stream(descriptions, { clock });
  return { stream, writer: stream.attach(descriptions, options) };
}

export interface PacketFields {
  readonly payloadType: number;
  readonly sequence: number;
  readonly ticks?: number;
  readonly ssrc?: number;
  readonly isMarked?: boolean;
  readonly payload?: Uint8Array;
  /** One-byte header extension elements (RFC 8285), without the profile word. */
  readonly extension?: Uint8Array;
  /** Padding bytes behind the payload; the last one says how many. */
  readonly paddingBytes?: number;
}

/** One RTP packet. */
export function rtpPacket(fields: PacketFields): Uint8Array {
  const payload = fields.payload ?? new Uint8Array(0);
  const padding = new Uint8Array(fields.paddingBytes ?? 0);
  if (padding.length > 0) padding[padding.length - 1] = padding.length;
  const extension = extensionBlock(fields.extension);
  const header = new Uint8Array(12);
  header[0] = 0x80 | (extension.length > 0 ? 0x10 : 0) | (padding.length > 0 ? 0x20 : 0);
  header[1] = fields.payloadType | (fields.isMarked === true ? 0x80 : 0);
  writeUint16(header, 2, fields.sequence & 0xffff);
  writeUint32(header, 4, (fields.ticks ?? 0) >>> 0);
  writeUint32(header, 8, fields.ssrc ?? 0x1234);
  return Buffer.concat([header, extension, payload, padding]);
}

/** A key frame of VP8 in one packet (RFC 7741, RFC 6386 section 9.1): 16x16 pixels. */
export const VP8_KEY_FRAME = Uint8Array.of(0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 16, 0, 16, 0, 1, 2);
/** A frame of VP8 that needs the one before it. */
export const VP8_DELTA_FRAME = Uint8Array.of(0x10, 0x11, 0, 0, 1, 2);

function extensionBlock(elements: Uint8Array | undefined): Uint8Array {
  if (elements === undefined) return new Uint8Array(0);
  const words = Math.ceil(elements.length / 4);
  const block = new Uint8Array(4 + words * 4);
  writeUint16(block, 0, 0xbede);
  writeUint16(block, 2, words);
  block.set(elements, 4);
  return block;
}
