// Makes a JPEG of ours smaller, larger or turned; the only file of this room that knows sharp.
import sharp from 'sharp';
import { MediaError } from '../../../core/base/media-error.ts';

/** What a client wants to be different; 0 leaves it. */
export interface FrameShape {
  readonly widthPixels: number;
  readonly heightPixels: number;
  /** 0, 90, 180 or 270, clockwise. */
  readonly turnDegrees: number;
}

const MAX_SIDE = 4096;
const MAX_AT_ONCE = 4;
const QUALITY = 85;

/** Reads `width|w`, `height|h` and `rotate`; what is no number of pixels counts as absent, as with go2rtc. */
export function readFrameShape(query: URLSearchParams): FrameShape {
  const turn = Number(query.get('rotate') ?? 0);
  return {
    widthPixels: sideOf(query.get('width') ?? query.get('w')),
    heightPixels: sideOf(query.get('height') ?? query.get('h')),
    turnDegrees: [90, 180, 270, -90].includes(turn) ? (turn + 360) % 360 : 0,
  };
}

/** Shapes pictures, a few at once. */
export class FrameShaper {
  #running = 0;

  /**
   * With one side given the other one follows; with both the picture is stretched.
   * @throws MediaError `go2rtc-frame-busy` when too many are being made.
   */
  async shape(jpeg: Buffer, shape: FrameShape): Promise<Buffer> {
    const { widthPixels: width, heightPixels: height, turnDegrees } = shape;
    if (width === 0 && height === 0 && turnDegrees === 0) return jpeg;
    if (this.#running >= MAX_AT_ONCE) {
      const message = `${MAX_AT_ONCE} pictures are being changed already`;
      throw new MediaError('resource-exhausted', 'go2rtc-frame-busy', message);
    }
    this.#running++;
    try {
      let image = sharp(jpeg, { failOn: 'error' });
      if (turnDegrees !== 0) image = image.rotate(turnDegrees);
      if (width > 0 && height > 0) image = image.resize({ width, height, fit: 'fill' });
      else if (width > 0) image = image.resize({ width });
      else if (height > 0) image = image.resize({ height });
      return await image.jpeg({ quality: QUALITY }).toBuffer();
    } finally {
      this.#running--;
    }
  }
}

function sideOf(text: string | null): number {
  const side = Number(text ?? 0);
  return Number.isInteger(side) && side > 0 ? Math.min(side, MAX_SIDE) : 0;
}
