// The decoder configuration that a key frame brings along: what a file has to announce for it.
import { av1ObuType, Av1ObuType } from '../codec/av1-obu.ts';
import type { Codec, H264Codec, H265Codec } from '../codec/codec.ts';
import { H264NalType, h264NalType } from '../codec/h264-nal-unit.ts';
import { H265NalType, h265NalType } from '../codec/h265-nal-unit.ts';
import { parseVp8FrameSize } from '../codec/vp8-frame-header.ts';
import { parseVp9FrameHeader } from '../codec/vp9-frame-header.ts';

/** What a decoder has to know before a key frame. */
export interface DecoderSetup {
  readonly codec: Codec;
  /** Equal for key frames that the same decoder takes without starting anew. */
  readonly marks: readonly Uint8Array[];
}

/**
 * Reads the configuration out of a key frame: the track's own may be newer than a key frame of the
 * past. What the key frame lacks is taken from `codec`.
 */
export function decoderSetupOf(codec: Codec, units: readonly Uint8Array[]): DecoderSetup {
  switch (codec.name) {
    case 'H264':
      return h264Setup(codec, units);
    case 'H265':
      return h265Setup(codec, units);
    case 'AV1': {
      const isHeader = (obu: Uint8Array): boolean =>
        av1ObuType(obu[0] ?? 0) === Av1ObuType.sequenceHeader;
      const sequenceHeader = units.find(isHeader) ?? codec.sequenceHeader;
      if (sequenceHeader === undefined) return { codec, marks: [] };
      return { codec: { ...codec, sequenceHeader }, marks: [sequenceHeader] };
    }
    case 'VP8': {
      const size = units[0] && parseVp8FrameSize(units[0]);
      return { codec, marks: size ? [sizeMark(size.widthPixels, size.heightPixels)] : [] };
    }
    case 'VP9': {
      const header = units[0] && parseVp9FrameHeader(units[0]);
      if (header === undefined) return { codec, marks: [] };
      const { profile, widthPixels = 0, heightPixels = 0 } = header;
      return {
        codec: { ...codec, profileId: profile },
        marks: [sizeMark(widthPixels, heightPixels, profile)],
      };
    }
    default:
      return { codec, marks: [] };
  }
}

/** Whether a decoder set up for `known` can go on with `next`. */
export function isSameDecoder(known: DecoderSetup, next: DecoderSetup): boolean {
  return (
    known.marks.length === next.marks.length &&
    known.marks.every((mark, index) => isSame(mark, next.marks[index]))
  );
}

function h264Setup(codec: H264Codec, units: readonly Uint8Array[]): DecoderSetup {
  const ofType = (type: number): Uint8Array[] =>
    units.filter((nal) => h264NalType(nal[0] ?? 0) === type);
  const allSps = ofType(H264NalType.sps);
  const allPps = ofType(H264NalType.pps);
  const sps = chosen(allSps, codec.sps);
  const pps = chosen(allPps, codec.pps);
  if (sps === undefined || pps === undefined) return { codec, marks: [] };
  return { codec: { ...codec, sps, pps }, marks: [...allSps, ...allPps] };
}

function h265Setup(codec: H265Codec, units: readonly Uint8Array[]): DecoderSetup {
  const ofType = (type: number): Uint8Array[] =>
    units.filter((nal) => h265NalType(nal[0] ?? 0) === type);
  const allVps = ofType(H265NalType.vps);
  const allSps = ofType(H265NalType.sps);
  const allPps = ofType(H265NalType.pps);
  const vps = chosen(allVps, codec.vps);
  const sps = chosen(allSps, codec.sps);
  const pps = chosen(allPps, codec.pps);
  if (vps === undefined || sps === undefined || pps === undefined) return { codec, marks: [] };
  return { codec: { ...codec, vps, sps, pps }, marks: [...allVps, ...allSps, ...allPps] };
}

/** The track knows which set its slices refer to; of a key frame of the past, the first is taken. */
function chosen(
  sets: readonly Uint8Array[],
  known: Uint8Array | undefined,
): Uint8Array | undefined {
  return sets.find((set) => isSame(set, known)) ?? sets[0] ?? known;
}

function sizeMark(...values: readonly number[]): Uint8Array {
  return new Uint8Array(values.flatMap((value) => [value >> 8, value & 0xff]));
}

function isSame(bytes: Uint8Array, other: Uint8Array | undefined): boolean {
  return other !== undefined && Buffer.compare(bytes, other) === 0;
}
