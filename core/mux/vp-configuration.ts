// Builds the VPCodecConfigurationRecord (vpcC), VP Codec ISO Media File Format Binding section "VP Codec Configuration".
import { BitReader } from '../codec/bit-reader.ts';

/** What the record says about a stream. */
export interface VpConfiguration {
  readonly profile: number;
  readonly bitDepth: number;
  /** 1 is 4:2:0 with chroma beside luma, 2 is 4:2:2, 3 is 4:4:4. */
  readonly chromaSubsampling: number;
  readonly isFullRange: boolean;
  /** color_space of the VP9 header. */
  readonly colorSpace: number;
}

const UNKNOWN_COLOR: readonly number[] = [2, 2, 2];
/** Color primaries, transfer and matrix (ISO/IEC 23091-2) by color_space of VP9 section 7.2.2. */
const COLORS: readonly (readonly number[])[] = [
  UNKNOWN_COLOR,
  [6, 6, 6],
  [1, 1, 1],
  [6, 6, 6],
  [7, 7, 7],
  [9, 1, 9],
  UNKNOWN_COLOR,
  [1, 13, 0],
];
const COLOR_SPACE_RGB = 7;
/** Largest picture of each level at 30 frames per second. */
const LEVELS: readonly (readonly [number, number])[] = [
  [10, 36_864],
  [11, 73_728],
  [20, 122_880],
  [21, 245_760],
  [30, 552_960],
  [31, 983_040],
  [40, 2_228_224],
  [50, 8_912_896],
];
const LARGEST_LEVEL = 60;

/** VP8, and VP9 of which nothing more is known. */
export const PLAIN_VP_CONFIGURATION: VpConfiguration = {
  profile: 0,
  bitDepth: 8,
  chromaSubsampling: 1,
  isFullRange: false,
  colorSpace: 0,
};

/** Body of the `vpcC` box, version and flags included. */
export function buildVpConfiguration(
  configuration: VpConfiguration,
  picture: { readonly widthPixels: number; readonly heightPixels: number },
): Uint8Array {
  const { profile, bitDepth, chromaSubsampling, isFullRange, colorSpace } = configuration;
  const pixels = picture.widthPixels * picture.heightPixels;
  const level = LEVELS.find(([, largest]) => pixels <= largest)?.[0] ?? LARGEST_LEVEL;
  const flags = (bitDepth << 4) | (chromaSubsampling << 1) | (isFullRange ? 1 : 0);
  const color = COLORS[colorSpace] ?? UNKNOWN_COLOR;
  return Uint8Array.of(1, 0, 0, 0, profile, level, flags, ...color, 0, 0);
}

/** Reads color_config() of a VP9 key frame (VP9 section 6.2.2) whose header was found valid. */
export function readVp9Configuration(keyFrame: Uint8Array, profile: number): VpConfiguration {
  const reader = new BitReader({ skipsEmulationPrevention: false });
  reader.reset(keyFrame);
  reader.skipBits(4 + (profile === 3 ? 1 : 0)); // frame_marker, profile, reserved
  reader.skipBits(4 + 24); // show_existing_frame, frame_type, show_frame, error_resilient_mode, sync
  const bitDepth = profile < 2 ? 8 : reader.readFlag() ? 12 : 10;
  const colorSpace = reader.readBits(3);
  const isRgb = colorSpace === COLOR_SPACE_RGB;
  const isFullRange = isRgb || reader.readFlag();
  const canSubsample = profile === 1 || profile === 3;
  if (!canSubsample) return { profile, bitDepth, chromaSubsampling: 1, isFullRange, colorSpace };
  const isSubsampledX = !isRgb && reader.readFlag();
  const chromaSubsampling = isSubsampledX ? 2 : 3;
  return { profile, bitDepth, chromaSubsampling, isFullRange, colorSpace };
}
