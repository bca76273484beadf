// Pictures of live streams: the newest key frame, decoded.
import type { GrabbedFrame, GrabOptions, KeyFrameGrabber } from './key-frame-grabber.ts';
import type { DecodeRequest } from './key-frame-decoder-pool.ts';
import type { Picture } from './key-frame-decoder.ts';
import type { PictureSize } from './key-frame.ts';
import type { PathStreams } from './path-streams.ts';
import { decodeJpeg } from './picture-edit.ts';

/** Decodes key frames; KeyFrameDecoderPool is one. */
export interface KeyFramePictures {
  decode(request: DecodeRequest): Promise<Picture>;
}

/** What pictures are made with. */
export interface PictureSourceComponents {
  readonly streams: Pick<PathStreams, 'open'>;
  readonly grabber: Pick<KeyFrameGrabber, 'grab'>;
  readonly decoders: KeyFramePictures;
}

/** Settings; every one has a default. */
export interface PictureSourceOptions {
  /** Of a JPEG that is decoded in our process; 8192x4320 by default. */
  readonly maxPixels?: number;
}

const DEFAULT_MAX_PIXELS = 8192 * 4320;

/** Grabs and decodes. */
export class PictureSource {
  readonly #components: PictureSourceComponents;
  readonly #maxPixels: number;

  constructor(components: PictureSourceComponents, options: PictureSourceOptions = {}) {
    this.#components = components;
    this.#maxPixels = options.maxPixels ?? DEFAULT_MAX_PIXELS;
  }

  /** @throws MediaError as PathStreams.open and KeyFrameGrabber.grab. */
  async grab(pathName: string, options: GrabOptions = {}): Promise<GrabbedFrame> {
    const { streams, grabber } = this.#components;
    const opened = await streams.open(pathName, options.signal);
    try {
      return await grabber.grab(opened.stream, options);
    } finally {
      opened.close();
    }
  }

  /** @throws MediaError as KeyFrameDecoderPool.decode, or `jpeg-broken`. */
  decode(
    frame: GrabbedFrame,
    options: {
      readonly pathName: string;
      readonly scaledTo?: PictureSize;
      readonly signal?: AbortSignal;
    },
  ): Promise<Picture> {
    const { pathName: owner, ...rest } = options;
    const { content } = frame;
    return content.type === 'jpeg'
      ? decodeJpeg(content.jpeg, this.#maxPixels, options.scaledTo)
      : this.#components.decoders.decode({ keyFrame: content.keyFrame, owner, ...rest });
  }

  /** A small picture of the newest key frame, each pixel an average. @throws MediaError. */
  async smallPicture(
    pathName: string,
    scaledTo: PictureSize,
    options: GrabOptions = {},
  ): Promise<Picture> {
    const frame = await this.grab(pathName, options);
    const { signal } = options;
    return this.decode(frame, { pathName, scaledTo, ...(signal ? { signal } : {}) });
  }
}
