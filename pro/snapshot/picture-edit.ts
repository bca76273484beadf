// Everything that sharp does: colours, crop, thumbnails, JPEG. The only file of this room that knows it.
import sharp, { type Sharp } from 'sharp';
import { MediaError } from '../../core/base/media-error.ts';
import type { Picture } from './key-frame-decoder.ts';
import type { PictureSize } from './key-frame.ts';

// One picture on one thread: the media path needs the cores. Nothing is asked for twice here.
sharp.concurrency(1);
sharp.cache(false);

/** A rectangle in pixels, as clients give it; parts outside the picture don't count. */
export interface CropRectangle {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** What is changed; -100..100 each, 0 leaves it. */
export interface PictureAdjustment {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  readonly crop: CropRectangle | undefined;
}

/** A finished JPEG. */
export interface JpegPicture extends PictureSize {
  readonly jpeg: Buffer;
}

const CHANNELS = 3;
const MIDDLE_GREY = 127.5;
const JPEG_START = Buffer.from([0xff, 0xd8, 0xff]);
const MAX_JPEG_BYTES = 32 * 1024 * 1024;

/** @throws MediaError invalid-argument `invalid-crop` for a rectangle without area. */
export function checkCrop(crop: CropRectangle): void {
  const { x, y, w, h } = crop;
  if ([x, y, w, h].every(Number.isFinite) && w > 0 && h > 0) return;
  throw new MediaError('invalid-argument', 'invalid-crop', `imageCopy ${show(crop)} has no area`);
}

/**
 * The part of a crop rectangle that lies inside the picture, in whole pixels.
 * @throws MediaError invalid-argument `crop-outside`, or `invalid-crop` for a rectangle without area.
 */
export function clampCrop(crop: CropRectangle, size: PictureSize): CropRectangle {
  const { x, y, w, h } = crop;
  checkCrop(crop);
  const left = Math.max(0, Math.round(x));
  const top = Math.max(0, Math.round(y));
  const right = Math.min(size.widthPixels, Math.round(x + w));
  const bottom = Math.min(size.heightPixels, Math.round(y + h));
  if (right <= left || bottom <= top) {
    const message = `imageCopy ${show(crop)} is outside the picture of ${size.widthPixels}x${size.heightPixels}`;
    throw new MediaError('invalid-argument', 'crop-outside', message);
  }
  return { x: left, y: top, w: right - left, h: bottom - top };
}

function show({ x, y, w, h }: CropRectangle): string {
  return `{x:${x}, y:${y}, w:${w}, h:${h}}`;
}

/**
 * Adjusts, crops and encodes. Each pixel is changed by itself, so the crop goes first.
 * @throws MediaError as clampCrop.
 */
export async function editPicture(
  picture: Picture,
  adjustment: PictureAdjustment,
  quality: number,
): Promise<JpegPicture> {
  const crop = adjustment.crop && clampCrop(adjustment.crop, picture);
  let image = rawImage(picture);
  if (crop) image = image.extract({ left: crop.x, top: crop.y, width: crop.w, height: crop.h });
  image = adjustColors(image, adjustment);
  return {
    jpeg: await image.jpeg({ quality, mozjpeg: false }).toBuffer(),
    widthPixels: crop?.w ?? picture.widthPixels,
    heightPixels: crop?.h ?? picture.heightPixels,
  };
}

/** A smaller or larger JPEG of a JPEG of ours; the aspect stays. */
export async function makeThumbnail(
  jpeg: Buffer,
  widthPixels: number,
  quality: number,
): Promise<Buffer> {
  return openJpeg(jpeg, Number.MAX_SAFE_INTEGER)
    .resize({ width: widthPixels })
    .jpeg({ quality })
    .toBuffer();
}

/**
 * Decodes a JPEG of a camera or device, scaled when asked to.
 * @throws MediaError `failed-precondition` `jpeg-broken`.
 */
export async function decodeJpeg(
  jpeg: Uint8Array,
  maxPixels: number,
  scaledTo?: PictureSize,
): Promise<Picture> {
  try {
    let image = openJpeg(jpeg, maxPixels).toColourspace('srgb').removeAlpha();
    if (scaledTo) {
      const { widthPixels: width, heightPixels: height } = scaledTo;
      image = image.resize({ width, height, fit: 'fill' });
    }
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    if (info.channels !== CHANNELS) throw brokenJpeg(`it has ${info.channels} channels`);
    return { widthPixels: info.width, heightPixels: info.height, rgb: data };
  } catch (thrown) {
    if (thrown instanceof MediaError) throw thrown;
    throw brokenJpeg(thrown instanceof Error ? thrown.message : 'unknown', thrown);
  }
}

/** Nothing but JPEG reaches the library's many parsers: it chooses by the first bytes. */
function openJpeg(jpeg: Uint8Array, maxPixels: number): Sharp {
  const start = Buffer.from(jpeg.buffer, jpeg.byteOffset, Math.min(jpeg.length, JPEG_START.length));
  if (!start.equals(JPEG_START)) throw brokenJpeg('it is not a JPEG');
  if (jpeg.length > MAX_JPEG_BYTES) throw brokenJpeg(`it has ${jpeg.length} bytes`);
  return sharp(jpeg, { limitInputPixels: maxPixels, failOn: 'error', animated: false });
}

function rawImage({ rgb, widthPixels, heightPixels }: Picture): Sharp {
  const raw = { width: widthPixels, height: heightPixels, channels: CHANNELS } as const;
  return sharp(rgb, { raw, limitInputPixels: false });
}

/** brightness scales, contrast scales around the middle grey, saturation scales the chroma. */
function adjustColors(image: Sharp, adjustment: PictureAdjustment): Sharp {
  const brightness = 1 + adjustment.brightness / 100;
  const contrast = 1 + adjustment.contrast / 100;
  const saturation = 1 + adjustment.saturation / 100;
  let result = image;
  if (brightness !== 1 || contrast !== 1) {
    result = result.linear(brightness * contrast, MIDDLE_GREY * (1 - contrast));
  }
  if (saturation === 0) return result.grayscale().toColourspace('srgb');
  return saturation === 1 ? result : result.modulate({ saturation });
}

function brokenJpeg(why: string, cause?: unknown): MediaError {
  return new MediaError('failed-precondition', 'jpeg-broken', `JPEG picture: ${why}`, { cause });
}
