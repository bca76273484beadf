// How much color a picture has: what tells a signal from a grey, black or plain picture.

/** Which pixels count. */
export type ColorMetric = 'color' | 'tissue' | 'box';

/** Lowest and highest value of a channel, both included, 0..255. */
export interface ChannelRange {
  readonly min: number;
  readonly max: number;
}

/** Limits of the colors that count. */
export interface ColorBox {
  readonly red: ChannelRange;
  readonly green: ChannelRange;
  readonly blue: ChannelRange;
}

/** How a picture is judged. */
export interface ColorRule {
  readonly metric: ColorMetric;
  /** A pixel is grey when red differs from green and from blue by at most this, 0..255. */
  readonly greyTolerance: number;
  /** For the metric `box`. */
  readonly box?: ColorBox;
  /** Whether pictures whose color is a single plain one score 0. */
  readonly ignoresFlat: boolean;
}

/** Red, green, blue, a byte each. */
export interface RgbPicture {
  readonly rgb: Uint8Array;
}

/** What a picture is worth. */
export interface ColorScore {
  /** Share of the pixels that count, 0..100, whole. */
  readonly score: number;
  /** The color is a single plain one: a card that says that there is no signal, or a logo on black. */
  readonly isFlat: boolean;
}

/** What is used unless a path says otherwise. */
export const defaultColorRule: ColorRule = {
  metric: 'color',
  greyTolerance: 10,
  ignoresFlat: true,
};

/** Limits of the metric `tissue`: what endoscopes see. */
const TISSUE: ColorBox = {
  red: { min: 130, max: 240 },
  green: { min: 60, max: 160 },
  blue: { min: 40, max: 130 },
};

/** Bits of each channel that choose a bin of the histogram. */
const BIN_BITS = 4;
const BINS = 2 ** (3 * BIN_BITS);
/** How far a pixel of the plain color may be off: compression and noise. */
const FLAT_TOLERANCE = 14;
/** Of the colored pixels: the rest may be a logo. */
const FLAT_SHARE = 0.8;
/** With text the edges are mixtures with white or black, which keep the hue. */
const FLAT_SHARE_OF_ONE_HUE = 0.5;
const ONE_HUE_SHARE = 0.97;
/** Cosine of 12 degrees. */
const SAME_HUE_COSINE = 0.978;

/** Judges a picture; small ones (100x100) say the same as large ones. */
export function scoreColor({ rgb }: RgbPicture, rule: ColorRule): ColorScore {
  const pixels = Math.floor(rgb.length / 3);
  if (pixels === 0) return { score: 0, isFlat: false };
  const isFlat = hasOnePlainColor(rgb, rule.greyTolerance);
  if (isFlat && rule.ignoresFlat) return { score: 0, isFlat };
  const box = rule.metric === 'tissue' ? TISSUE : rule.box;
  const counted =
    rule.metric === 'color' || !box ? countColored(rgb, rule.greyTolerance) : countInside(rgb, box);
  return { score: Math.round((100 * counted) / pixels), isFlat };
}

function countColored(rgb: Uint8Array, tolerance: number): number {
  let count = 0;
  for (let offset = 0; offset + 2 < rgb.length; offset += 3) {
    if (isColored(rgb, offset, tolerance)) count++;
  }
  return count;
}

function isColored(rgb: Uint8Array, offset: number, tolerance: number): boolean {
  const red = rgb[offset] ?? 0;
  const green = rgb[offset + 1] ?? 0;
  const blue = rgb[offset + 2] ?? 0;
  return Math.abs(red - green) > tolerance || Math.abs(red - blue) > tolerance;
}

function countInside(rgb: Uint8Array, { red, green, blue }: ColorBox): number {
  let count = 0;
  for (let offset = 0; offset + 2 < rgb.length; offset += 3) {
    const isInside =
      isWithin(rgb[offset], red) &&
      isWithin(rgb[offset + 1], green) &&
      isWithin(rgb[offset + 2], blue);
    if (isInside) count++;
  }
  return count;
}

function isWithin(value: number | undefined, { min, max }: ChannelRange): boolean {
  return value !== undefined && value >= min && value <= max;
}

/**
 * Whether nearly all colored pixels have the same color. Tissue has one hue too, but light falls
 * on it: its pixels differ in brightness.
 */
function hasOnePlainColor(rgb: Uint8Array, tolerance: number): boolean {
  const plain = mostFrequentColor(rgb, tolerance);
  if (!plain) return false;
  const [red, green, blue] = plain;
  const chroma = chromaOf(red, green, blue);
  let colored = 0;
  let same = 0;
  let sameHue = 0;
  for (let offset = 0; offset + 2 < rgb.length; offset += 3) {
    if (!isColored(rgb, offset, tolerance)) continue;
    colored++;
    const r = rgb[offset] ?? 0;
    const g = rgb[offset + 1] ?? 0;
    const b = rgb[offset + 2] ?? 0;
    const distance = Math.max(Math.abs(r - red), Math.abs(g - green), Math.abs(b - blue));
    if (distance <= FLAT_TOLERANCE) same++;
    if (hueCosine(chroma, chromaOf(r, g, b)) >= SAME_HUE_COSINE) sameHue++;
  }
  if (same >= FLAT_SHARE * colored) return true;
  return same >= FLAT_SHARE_OF_ONE_HUE * colored && sameHue >= ONE_HUE_SHARE * colored;
}

type Rgb = readonly [red: number, green: number, blue: number];

/** Mean of the fullest bin of a histogram of the colored pixels; undefined when none is colored. */
function mostFrequentColor(rgb: Uint8Array, tolerance: number): Rgb | undefined {
  const counts = new Uint32Array(BINS);
  const shift = 8 - BIN_BITS;
  const binAt = (offset: number): number =>
    ((rgb[offset] ?? 0) >> shift) * 2 ** (2 * BIN_BITS) +
    ((rgb[offset + 1] ?? 0) >> shift) * 2 ** BIN_BITS +
    ((rgb[offset + 2] ?? 0) >> shift);
  let fullest = -1;
  for (let offset = 0; offset + 2 < rgb.length; offset += 3) {
    if (!isColored(rgb, offset, tolerance)) continue;
    const bin = binAt(offset);
    const count = (counts[bin] ?? 0) + 1;
    counts[bin] = count;
    if (fullest < 0 || count > (counts[fullest] ?? 0)) fullest = bin;
  }
  if (fullest < 0) return undefined;
  let [red, green, blue] = [0, 0, 0];
  for (let offset = 0; offset + 2 < rgb.length; offset += 3) {
    if (!isColored(rgb, offset, tolerance) || binAt(offset) !== fullest) continue;
    red += rgb[offset] ?? 0;
    green += rgb[offset + 1] ?? 0;
    blue += rgb[offset + 2] ?? 0;
  }
  const count = counts[fullest] ?? 1;
  return [red / count, green / count, blue / count];
}

/** Red and blue against green: a vector whose direction is the hue. */
function chromaOf(red: number, green: number, blue: number): readonly [number, number] {
  return [red - (green + blue) / 2, ((green - blue) * Math.sqrt(3)) / 2];
}

function hueCosine(a: readonly [number, number], b: readonly [number, number]): number {
  const lengths = Math.hypot(a[0], a[1]) * Math.hypot(b[0], b[1]);
  return lengths === 0 ? 1 : (a[0] * b[0] + a[1] * b[1]) / lengths;
}
