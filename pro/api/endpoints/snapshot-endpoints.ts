// Pictures of devices and of live streams, and the settings of periodic ones.
import { z } from 'zod';
import { MediaError } from '../../../core/base/media-error.ts';
import { jsonReply, type HttpReply } from '../../../core/http/http-reply.ts';
import { jsonEndpoint, mediaEndpoint, wrap } from '../../../core/api/define-endpoint.ts';
import type { Endpoint } from '../../../core/api/endpoint.ts';
import { numberText } from '../../../core/api/parameters.ts';

/** How to take a picture. */
export interface SnapshotOrder {
  readonly name: string;
  readonly fileName?: string;
  /** Pixels; clamped to the picture. */
  readonly crop?: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  /** -100..100 each. */
  readonly brightness?: number;
  readonly contrast?: number;
  readonly saturation?: number;
  /** Width in pixels; 0 for none. */
  readonly thumbnailSize?: number;
  /** Ask the capture device first, if the path has one. */
  readonly mayAskDevice: boolean;
}

/** A picture that was saved. */
export interface SavedPicture {
  readonly fileName: string;
  readonly filePath: string;
  readonly fullPath: string;
  /** Name of the picture before cropping. */
  readonly original: string;
  /** Name of the small one; empty without. */
  readonly thumbnail: string;
  readonly width: number;
  readonly height: number;
}

/** Periodic pictures of a path. */
export interface PeriodicSetting {
  readonly enabled: boolean;
  readonly intervalSeconds: number;
  readonly quality: number;
}

/** Some of it. */
export type PeriodicChange = {
  readonly [K in keyof PeriodicSetting]?: PeriodicSetting[K] | undefined;
};

/** What these endpoints ask for; all throw MediaError. */
export interface SnapshotApi {
  readonly take: (order: SnapshotOrder, signal: AbortSignal) => Promise<Buffer>;
  readonly save: (order: SnapshotOrder, signal: AbortSignal) => Promise<SavedPicture>;
  readonly readSetting: (name: string) => Promise<PeriodicSetting>;
  /** Absent fields stay as they are; resolves to the whole setting. */
  readonly writeSetting: (name: string, change: PeriodicChange) => Promise<PeriodicSetting>;
  readonly fileUrl: (filePath: string) => string;
}

const TAG = 'Snapshots';

const cropSchema = z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() });

const querySchema = z.object({
  name: z.string('name is required').describe('path name'),
  fileType: z
    .enum(['stream', 'url', 'file'])
    .default('stream')
    .describe('stream answers the JPEG itself; url and file save it and answer where it is'),
  fileName: z.string().optional(),
  imageCopy: z.string().optional().describe('crop as JSON: {"x":0,"y":0,"w":640,"h":360}'),
  brightness: numberText(-100, 100).optional(),
  contrast: numberText(-100, 100).optional(),
  saturation: numberText(-100, 100).optional(),
  thumbnailSize: numberText(0, 4096).optional().describe('width in pixels, default 320, 0: none'),
});

const savedSchema = z.object({
  success: z.literal(true),
  filePath: z.string(),
  fileURL: z.string(),
  filename: z.string(),
  fullPath: z.string(),
  original: z.string().describe('the picture before cropping'),
  thumbnail: z.string(),
  width: z.int(),
  height: z.int(),
});

const settingSchema = z.object({
  enabled: z.boolean().describe('false at first'),
  interval: z.number().min(1).max(86_400).describe('seconds, 10 at first'),
  quality: z.int().min(1).max(100).describe('of the JPEG, 80 at first'),
});

/** GET snapshot, publish/snapshot; GET and POST snapshot/config. */
export function snapshotEndpoints(api: SnapshotApi): readonly Endpoint[] {
  return [
    pictureEndpoint(api, {
      path: '/api/v2/snapshot',
      summary: 'Picture of the capture device, else of the live stream',
      mayAskDevice: true,
    }),
    pictureEndpoint(api, {
      path: '/api/v2/publish/snapshot',
      summary: 'Picture of the live stream',
      mayAskDevice: false,
    }),
    readSettingEndpoint(api),
    writeSettingEndpoint(api),
  ];
}

function pictureEndpoint(
  api: SnapshotApi,
  what: { readonly path: string; readonly summary: string; readonly mayAskDevice: boolean },
): Endpoint {
  const { path, summary, mayAskDevice } = what;
  return mediaEndpoint({
    ...{ method: 'GET', path, summary, tag: TAG },
    failures: ['not-found', 'already-exists', 'unavailable', 'deadline-exceeded'],
    query: querySchema,
    answer: { type: 'media', contentTypes: ['image/jpeg'], jsonSchema: savedSchema },
    handle: async ({ query, request }) => {
      const { fileType, imageCopy, ...rest } = query;
      const crop = imageCopy === undefined ? {} : { crop: parseCrop(imageCopy) };
      const order = { ...withoutUndefined(rest), name: query.name, ...crop, mayAskDevice };
      return fileType === 'stream'
        ? jpegReply(await api.take(order, request.signal))
        : savedReply(api, await api.save(order, request.signal));
    },
  });
}

function readSettingEndpoint(api: SnapshotApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'GET', path: '/api/v2/snapshot/config/*name', tag: TAG },
    summary: 'Periodic pictures of a path',
    failures: ['not-found'],
    params: z.object({ name: z.string().describe('path name, may hold slashes') }),
    result: z.object({ pathName: z.string(), ...settingSchema.shape }),
    handle: async ({ params: { name } }) => ({
      pathName: name,
      ...settingItem(await api.readSetting(name)),
    }),
  });
}

function writeSettingEndpoint(api: SnapshotApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'POST', path: '/api/v2/snapshot/config/*name', tag: TAG },
    summary: 'Change the periodic pictures of a path; what is left out stays; takes effect at once',
    failures: ['not-found', 'resource-exhausted'],
    params: z.object({ name: z.string() }),
    body: settingSchema.partial(),
    result: z.object({ config: z.object({ pathName: z.string(), ...settingSchema.shape }) }),
    handle: async ({ params: { name }, body: { enabled, interval, quality } }) => {
      const change = { enabled, intervalSeconds: interval, quality };
      const setting = await api.writeSetting(name, change);
      return { config: { pathName: name, ...settingItem(setting) } };
    },
  });
}

function settingItem(setting: PeriodicSetting): z.output<typeof settingSchema> {
  const { enabled, intervalSeconds, quality } = setting;
  return { enabled, interval: intervalSeconds, quality };
}

function jpegReply(jpeg: Buffer): HttpReply {
  const headers = { 'Content-Type': 'image/jpeg', 'Cache-Control': 'no-store' };
  return {
    status: 200,
    headers: { ...headers, 'Content-Length': String(jpeg.length) },
    body: jpeg,
  };
}

function savedReply(api: SnapshotApi, picture: SavedPicture): HttpReply {
  const { fileName, filePath, ...rest } = picture;
  const result: z.output<typeof savedSchema> = {
    ...{ success: true, filename: fileName, filePath },
    ...{ fileURL: api.fileUrl(filePath), ...rest },
  };
  return jsonReply(wrap(result, 'flat'));
}

function parseCrop(text: string): z.output<typeof cropSchema> {
  try {
    return cropSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new MediaError(
      'invalid-argument',
      'invalid-crop',
      `query field 'imageCopy': must be JSON {"x","y","w","h"}, got '${text.slice(0, 100)}'`,
      { cause },
    );
  }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(values: T): Defined<T> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  // Generic edge: the same keys, without those that hold nothing.
  return Object.fromEntries(entries) as Defined<T>;
}
