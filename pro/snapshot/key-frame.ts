// A key frame of a track, in the form a decoder takes it, with the size of its picture.
import { MediaError } from '../../core/base/media-error.ts';
import { joinAnnexB } from '../../core/codec/annex-b.ts';
import { joinAv1Obus } from '../../core/codec/av1-obu.ts';
import { parseAv1SequenceHeader } from '../../core/codec/av1-sequence-header.ts';
import type { Codec } from '../../core/codec/codec.ts';
import { H264NalType, h264NalType } from '../../core/codec/h264-nal-unit.ts';
import { parseH264Sps } from '../../core/codec/h264-sps.ts';
import { H265NalType, h265NalType, isH265Irap } from '../../core/codec/h265-nal-unit.ts';
import { parseH265Sps } from '../../core/codec/h265-sps.ts';
import { parseVp8FrameSize } from '../../core/codec/vp8-frame-header.ts';
import { parseVp9FrameHeader } from '../../core/codec/vp9-frame-header.ts';
import type { WrappedCodecName } from './matroska-frame-writer.ts';
import { withoutH264Reorder, withoutH265Reorder } from './sps-without-reorder.ts';

/** Width and height in pixels. */
export interface PictureSize {
  readonly widthPixels: number;
  readonly heightPixels: number;
}

/** Ready for a decoder. */
export interface KeyFrame extends PictureSize {
  readonly codecName: WrappedCodecName;
  /** Annex B with parameter sets, a VP8 frame, a VP9 superframe, or OBUs with size fields. */
  readonly bytes: Uint8Array;
}

/** Largest key frame that is decoded; real ones of 4K cameras stay below 4 MiB. */
const MAX_KEY_FRAME_BYTES = 12 * 1024 * 1024;
const MAX_SUPERFRAME_FRAMES = 8;

/**
 * Makes the units of an access unit (AccessUnit.units) ready; parameter sets that are not among
 * them come from `codec`.
 * @throws MediaError unsupported `codec-without-pictures`, failed-precondition `key-frame-broken`.
 */
export function makeKeyFrame(codec: Codec, units: readonly Uint8Array[]): KeyFrame {
  switch (codec.name) {
    case 'H264':
      return makeH264(units, [codec.sps, codec.pps]);
    case 'H265':
      return makeH265(units, [codec.vps, codec.sps, codec.pps]);
    case 'VP8':
      return finish('VP8', units[0], parseVp8FrameSize(units[0] ?? new Uint8Array(0)));
    case 'VP9':
      return makeVp9(units);
    case 'AV1': {
      const header = codec.sequenceHeader ? [codec.sequenceHeader] : [];
      const sizes = [...units, ...header].map(parseAv1SequenceHeader);
      const isInside = sizes.slice(0, units.length).some((size) => size !== undefined);
      const bytes = joinAv1Obus(isInside ? units : [...header, ...units]);
      return finish('AV1', bytes, sizes.find(Boolean));
    }
    default:
      throw new MediaError(
        'unsupported',
        'codec-without-pictures',
        `no picture can be made of ${codec.name}`,
      );
  }
}

type ParameterSets = readonly (Uint8Array | undefined)[];

/** Only parameter sets and slices pass: nothing else is needed for the picture. */
function makeH264(units: readonly Uint8Array[], known: ParameterSets): KeyFrame {
  const isSet = (unit: Uint8Array): boolean => {
    const type = h264NalType(unit[0] ?? 0);
    return type === H264NalType.sps || type === H264NalType.pps;
  };
  const isSlice = (unit: Uint8Array): boolean => {
    const type = h264NalType(unit[0] ?? 0);
    return type >= H264NalType.slice && type <= H264NalType.idrSlice;
  };
  const sets = withKnown(units.filter(isSet), known, (unit) => h264NalType(unit[0] ?? 0));
  const size = sets.map(parseH264Sps).find(Boolean);
  const nals = [...sets.map(withoutH264Reorder), ...units.filter(isSlice)];
  return finish('H264', joinAnnexB(nals), size);
}

function makeH265(units: readonly Uint8Array[], known: ParameterSets): KeyFrame {
  const typeOf = (unit: Uint8Array): number => h265NalType(unit[0] ?? 0);
  const isSet = (unit: Uint8Array): boolean =>
    typeOf(unit) >= H265NalType.vps && typeOf(unit) <= H265NalType.pps;
  const sets = withKnown(units.filter(isSet), known, typeOf);
  const size = sets.map(parseH265Sps).find(Boolean);
  const slices = units.filter((unit) => isH265Irap(typeOf(unit)));
  return finish('H265', joinAnnexB([...sets.map(withoutH265Reorder), ...slices]), size);
}

/** In front of the sets that came with the picture, those known for kinds that did not. */
function withKnown(
  sets: readonly Uint8Array[],
  known: ParameterSets,
  typeOf: (unit: Uint8Array) => number,
): Uint8Array[] {
  const types = new Set(sets.map(typeOf));
  const missing = known.filter((set) => set !== undefined && !types.has(typeOf(set)));
  return [...missing.filter((set) => set !== undefined), ...sets];
}

/** Spatial layers go into one superframe, VP9 bitstream specification annex B. */
function makeVp9(units: readonly Uint8Array[]): KeyFrame {
  const sizes = units.map((unit) => parseVp9FrameHeader(unit));
  const { widthPixels, heightPixels } = sizes[0] ?? {};
  const size =
    widthPixels === undefined || heightPixels === undefined
      ? undefined
      : { widthPixels, heightPixels };
  if (units.length === 1) return finish('VP9', units[0], size);
  if (units.length > MAX_SUPERFRAME_FRAMES) throw brokenKeyFrame(`${units.length} layers`);
  const index = Buffer.alloc(2 + 4 * units.length);
  const marker = 0xc0 | (3 << 3) | (units.length - 1);
  index[0] = marker;
  index[index.length - 1] = marker;
  for (const [layer, unit] of units.entries()) index.writeUInt32LE(unit.length, 1 + 4 * layer);
  return finish('VP9', Buffer.concat([...units, index]), size);
}

function finish(
  codecName: WrappedCodecName,
  bytes: Uint8Array | undefined,
  size: PictureSize | undefined,
): KeyFrame {
  if (!bytes || !size) throw brokenKeyFrame('the size of its picture is not known');
  if (bytes.length > MAX_KEY_FRAME_BYTES) throw brokenKeyFrame(`it has ${bytes.length} bytes`);
  const { widthPixels, heightPixels } = size;
  if (widthPixels < 1 || heightPixels < 1) throw brokenKeyFrame('its picture is empty');
  return { codecName, bytes, widthPixels, heightPixels };
}

function brokenKeyFrame(why: string): MediaError {
  return new MediaError('failed-precondition', 'key-frame-broken', `key frame: ${why}`);
}
