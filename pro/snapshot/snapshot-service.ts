// Takes pictures of paths for the API: from the capture device or the stream, changed as asked, kept or not.
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import { checkNewFileName } from '../../core/library/relative-path.ts';
import { thumbnailPrefix, type ImageStore } from './image-store.ts';
import type { Picture } from './key-frame-decoder.ts';
import { PictureCache } from './picture-cache.ts';
import {
  checkCrop,
  decodeJpeg,
  editPicture,
  makeThumbnail,
  type CropRectangle,
  type JpegPicture,
  type PictureAdjustment,
} from './picture-edit.ts';
import type { PictureSource } from './picture-source.ts';
import type { PathStreams } from './path-streams.ts';

/** A capture device that gives pictures itself. */
export interface DeviceCamera {
  /** A JPEG; undefined when the path has no such device. Rejects when the device fails. */
  grab(pathName: string, signal?: AbortSignal): Promise<Buffer> | undefined;
}

/** What a path's configuration says about its pictures. */
export interface PictureDefaults {
  readonly crop?: CropRectangle | undefined;
  readonly brightness?: number;
  readonly contrast?: number;
  readonly saturation?: number;
  /** Width in pixels; 0 for none. */
  readonly thumbnailSize?: number;
}

/** What is asked for; what is absent comes from the path's configuration. */
export interface SnapshotRequest extends PictureDefaults {
  readonly name: string;
  /** For saved pictures: with or without `.jpg`. */
  readonly fileName?: string;
  /** Ask the capture device first, if the path has one. */
  readonly mayAskDevice?: boolean;
  /** 1..100; the service's own by default. */
  readonly quality?: number;
}

/** A picture that was saved. */
export interface SavedSnapshot {
  readonly fileName: string;
  readonly filePath: string;
  readonly fullPath: string;
  /** Name of the file; cropped pictures are not kept twice. */
  readonly original: string;
  /** Name of the small one; empty without. */
  readonly thumbnail: string;
  readonly width: number;
  readonly height: number;
}

/** What the service works with. */
export interface SnapshotServiceComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly streams: Pick<PathStreams, 'assertExists'>;
  readonly pictures: Pick<PictureSource, 'grab' | 'decode'>;
  readonly store: ImageStore;
  readonly device?: DeviceCamera;
  readonly onSaved?: (pathName: string, saved: SavedSnapshot) => void;
}

/** Settings; every one has a default. */
export interface SnapshotServiceOptions {
  readonly defaultsOf?: (pathName: string) => PictureDefaults;
  /** Memory for pictures that are asked for again; 64 MiB by default. */
  readonly cacheBytes?: number;
  readonly quality?: number;
  readonly thumbnailQuality?: number;
  readonly keyFrameTimeoutMs?: number;
  readonly deviceTimeoutMs?: number;
  /** Of a device's picture. */
  readonly maxPixels?: number;
}

type Resolved = Required<Omit<PictureDefaults, 'crop'>> & Pick<PictureAdjustment, 'crop'>;

const DEFAULTS = {
  cacheBytes: 64 * 1024 * 1024,
  quality: 95,
  thumbnailQuality: 85,
  keyFrameTimeoutMs: 5000,
  deviceTimeoutMs: 4000,
  maxPixels: 8192 * 4320,
};
const DEFAULT_THUMBNAIL = 320;
const MAX_THUMBNAIL = 4096;
const MAX_FILE_NAME_BYTES = 200;

/** All requests for the same key frame share one decoded picture, those with the same wishes one JPEG. */
export class SnapshotService {
  readonly #components: SnapshotServiceComponents;
  readonly #options: typeof DEFAULTS;
  readonly #defaultsOf: (pathName: string) => PictureDefaults;
  readonly #decoded: PictureCache<Picture>;
  readonly #finished: PictureCache<JpegPicture>;

  constructor(components: SnapshotServiceComponents, options: SnapshotServiceOptions = {}) {
    const { defaultsOf, ...settings } = options;
    this.#components = components;
    this.#options = { ...DEFAULTS, ...settings };
    this.#defaultsOf = defaultsOf ?? ((): PictureDefaults => ({}));
    // Two thirds for decoded pictures, which are ten times as large as JPEGs.
    const third = this.#options.cacheBytes / 3;
    this.#decoded = new PictureCache(2 * third, ({ rgb }) => rgb.length);
    this.#finished = new PictureCache(third, ({ jpeg }) => jpeg.length);
  }

  /**
   * A JPEG.
   * @throws MediaError `path-not-found`, `not-publishing`, `no-key-frame`, `invalid-argument` for
   * values out of range, and what decoding throws.
   */
  async take(request: SnapshotRequest, signal?: AbortSignal): Promise<Buffer> {
    return (await this.#makeJpeg(request, this.#resolve(request), signal)).jpeg;
  }

  /** Takes a picture and keeps it. @throws MediaError as `take`, `bad-file-name`, and what the store throws. */
  async save(request: SnapshotRequest, signal?: AbortSignal): Promise<SavedSnapshot> {
    const { clock, store, onSaved } = this.#components;
    const wishes = this.#resolve(request);
    const givenName = request.fileName === undefined ? undefined : checkFileName(request.fileName);
    const picture = await this.#makeJpeg(request, wishes, signal);
    const takenAt = clock.nowMs();
    const fileName = givenName ?? `${takenAt}-${randomBytes(8).toString('hex')}.jpg`;
    const { thumbnailQuality } = this.#options;
    const thumbnail =
      wishes.thumbnailSize > 0
        ? { thumbnail: await makeThumbnail(picture.jpeg, wishes.thumbnailSize, thumbnailQuality) }
        : {};
    const { name: pathName } = request;
    const stored = await store.save({
      ...{ pathName, fileName, jpeg: picture.jpeg, takenAt },
      ...thumbnail,
    });
    const { widthPixels: width, heightPixels: height } = picture;
    const saved = { ...stored, original: stored.fileName, width, height };
    onSaved?.(pathName, saved);
    return saved;
  }

  async #makeJpeg(
    request: SnapshotRequest,
    wishes: Resolved,
    signal: AbortSignal | undefined,
  ): Promise<JpegPicture> {
    const { name, mayAskDevice, quality = this.#options.quality } = request;
    this.#components.streams.assertExists(name);
    const fromDevice = mayAskDevice ? await this.#askDevice(name, signal) : undefined;
    if (fromDevice) return editPicture(fromDevice, wishes, quality);
    const { pictures } = this.#components;
    const grab = { waitMs: this.#options.keyFrameTimeoutMs, ...(signal ? { signal } : {}) };
    const frame = await pictures.grab(name, grab);
    const { brightness, contrast, saturation, crop } = wishes;
    const wishKey = JSON.stringify([brightness, contrast, saturation, crop, quality]);
    // Not the signal of one client: others may wait for the same picture.
    return this.#finished.get(`${frame.id} ${wishKey}`, async () => {
      const picture = await this.#decoded.get(frame.id, () =>
        pictures.decode(frame, { pathName: name }),
      );
      return editPicture(picture, wishes, quality);
    });
  }

  /** Undefined when there is no device, or it does not answer with a picture: the stream has one too. */
  async #askDevice(name: string, signal: AbortSignal | undefined): Promise<Picture | undefined> {
    const timeout = new AbortController();
    const { clock, device, logger } = this.#components;
    const { deviceTimeoutMs, maxPixels } = this.#options;
    const either = signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal;
    const asked = device?.grab(name, either);
    if (!asked) return undefined;
    const { promise: isLate, reject } = Promise.withResolvers<never>();
    const timer = clock.after(deviceTimeoutMs, () => {
      const late = new MediaError('deadline-exceeded', 'device-timeout', 'the device is too slow');
      reject(late);
      timeout.abort(late);
    });
    try {
      return await decodeJpeg(await Promise.race([asked, isLate]), maxPixels);
    } catch (thrown) {
      signal?.throwIfAborted();
      logger.debug(`path '${name}': no picture from its device: ${toMediaError(thrown).message}`);
      return undefined;
    } finally {
      timer.cancel();
    }
  }

  #resolve(request: SnapshotRequest): Resolved {
    const defaults = this.#defaultsOf(request.name);
    const crop = request.crop ?? defaults.crop;
    // What has no area in any picture is refused before anything is decoded.
    if (crop) checkCrop(crop);
    return {
      brightness: inRange('brightness', request.brightness ?? defaults.brightness ?? 0),
      contrast: inRange('contrast', request.contrast ?? defaults.contrast ?? 0),
      saturation: inRange('saturation', request.saturation ?? defaults.saturation ?? 0),
      thumbnailSize: thumbnailSize(
        request.thumbnailSize ?? defaults.thumbnailSize ?? DEFAULT_THUMBNAIL,
      ),
      crop,
    };
  }
}

function inRange(field: string, value: number): number {
  if (value >= -100 && value <= 100) return value;
  throw outOfRange(field, value, '-100 to 100');
}

function thumbnailSize(value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= MAX_THUMBNAIL) return value;
  throw outOfRange('thumbnailSize', value, `whole, 0 to ${MAX_THUMBNAIL}`);
}

function outOfRange(field: string, value: number, range: string): MediaError {
  const text = `${field} ${value} is out of range: ${range}`;
  return new MediaError('invalid-argument', 'value-out-of-range', text);
}

function checkFileName(given: string): string {
  const fileName = /\.jpg$/iu.test(given) ? given.slice(0, -'.jpg'.length) : given;
  if (Buffer.byteLength(fileName) > MAX_FILE_NAME_BYTES) {
    const text = `the file name has more than ${MAX_FILE_NAME_BYTES} bytes`;
    throw new MediaError('invalid-argument', 'bad-file-name', text);
  }
  // The picture of the name behind it would replace this one by its thumbnail.
  if (fileName.toLowerCase().startsWith(thumbnailPrefix)) {
    const text = `file name begins with '${thumbnailPrefix}', which thumbnails do`;
    throw new MediaError('invalid-argument', 'bad-file-name', text);
  }
  checkNewFileName(fileName);
  return checkNewFileName(`${fileName}.jpg`);
}
