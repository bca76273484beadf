// Recorded files: lists by day and of favourites, rename, delete, dashboard, timeline.
import { z } from 'zod';
import { jsonEndpoint } from '../../../core/api/define-endpoint.ts';
import type { Endpoint } from '../../../core/api/endpoint.ts';
import { numberText } from '../../../core/api/parameters.ts';

/** A file below the recordings folder. */
export interface FileFacts {
  readonly name: string;
  /** With a slash first. */
  readonly filePath: string;
  readonly fullPath: string;
  readonly sizeBytes: number;
  /** Date ms. */
  readonly modifiedAt: number;
  readonly fileType: 'video' | 'image' | 'other';
  /** Empty when unknown. */
  readonly pathName: string;
  /** Date ms of the first picture; undefined for pictures and unknown files. */
  readonly startAt: number | undefined;
  readonly durationMs: number | undefined;
  readonly isRecording: boolean;
}

/** Which files. */
export interface FileFilter {
  readonly date?: string | undefined;
  readonly fileType?: string | undefined;
  readonly search?: string | undefined;
  readonly name?: string | undefined;
  readonly page?: number | undefined;
  readonly itemsPerPage?: number | undefined;
}

/** Space and counts. */
export interface DashboardFacts {
  readonly filesCount: number;
  readonly jpgCount: number;
  readonly videoCount: number;
  readonly pathCount: number;
  readonly disk: {
    readonly allBytes: number;
    readonly freeBytes: number;
    readonly usedBytes: number;
  };
}

/** What was recorded of a path, and what was not. */
export interface TimelineFacts {
  readonly recordings: readonly FileFacts[];
  readonly gaps: readonly {
    readonly fromAt: number;
    readonly toAt: number;
    readonly reason: string;
  }[];
}

/** What a retention sweep removed, or would remove. */
export interface SweepFacts {
  readonly files: readonly {
    readonly filePath: string;
    readonly sizeBytes: number;
    readonly reason: string;
  }[];
  readonly bytes: number;
}

/** What these endpoints ask for; all throw MediaError. */
export interface FilesApi {
  readonly listByDate: (
    filter: FileFilter,
  ) => Promise<{ readonly files: readonly FileFacts[]; readonly total: number }>;
  readonly listFavorites: (
    filter: FileFilter,
  ) => Promise<{ readonly files: readonly FileFacts[]; readonly total: number }>;
  readonly rename: (fullPath: string, name: string) => Promise<{ readonly newPath: string }>;
  /** Answers with the path below the recordings folder. */
  readonly remove: (fullPath: string) => Promise<{ readonly filePath: string }>;
  readonly favorite: (
    fullPath: string,
    name: string | undefined,
  ) => Promise<{ readonly newPath: string }>;
  readonly dashboard: () => Promise<DashboardFacts>;
  readonly timeline: (name: string, fromAt: number, toAt: number) => Promise<TimelineFacts>;
  readonly sweep: (options: { readonly isDryRun: boolean }) => Promise<SweepFacts>;
  readonly fileUrl: (filePath: string) => string;
}

const TAG = 'Files';

const fileSchema = z
  .object({
    name: z.string(),
    path: z.string().describe('the same as fileURL'),
    fileURL: z.string(),
    filePath: z.string().describe('below the recordings folder, e.g. /20250116/x.mp4'),
    fullPath: z.string().describe('on the disk of the server'),
    size: z.int().describe('bytes'),
    modTime: z.iso.datetime(),
    isDir: z.literal(false),
    fileType: z.enum(['video', 'image', 'other']),
    pathName: z.string(),
    startTime: z.iso.datetime().nullable(),
    duration: z.number().nullable().describe('seconds'),
    isRecording: z.boolean().describe('still being written'),
  })
  .meta({ id: 'RecordedFile' });

const listSchema = z.object({
  files: z.array(fileSchema),
  total: z.int().describe('of all pages'),
  success: z.literal(true),
});

const filterShape = {
  fileType: z.string().optional().describe('video, image, other, .mp4 or .jpg'),
  search: z.string().optional().describe('part of the name, without regard to case'),
  name: z.string().optional().describe('path name'),
  page: numberText(0, 1_000_000).optional().describe('from 0'),
  itemsPerPage: numberText(1, 10_000).optional(),
};

const fileReference = z
  .string('fullPath is required')
  .min(1, 'fullPath is required')
  .describe('/20250116/x.mp4, the same below /res, or the path on the disk of the server');

/** Lists, changes and the dashboard. */
export function fileEndpoints(api: FilesApi): readonly Endpoint[] {
  return [
    dateEndpoint(api),
    favoritesEndpoint(api),
    renameEndpoint(api),
    deleteEndpoint(api),
    favoriteEndpoint(api),
    dashboardEndpoint(api),
    timelineEndpoint(api),
    cleanEndpoint(api),
  ];
}

function dateEndpoint(api: FilesApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'GET', path: '/api/v2/record/date/files', tag: TAG, shape: 'flat' },
    summary: 'Files of a day, or of all days, newest first',
    query: z.object({
      date: z.string().optional().describe('2025-01-16, 20250116 or a time of RFC 3339'),
      ...filterShape,
    }),
    result: listSchema,
    handle: async ({ query }) => fileList(api, await api.listByDate(query)),
  });
}

function favoritesEndpoint(api: FilesApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'GET', path: '/api/v2/record/favorite/files', tag: TAG, shape: 'flat' },
    summary: 'Favourite files, newest first',
    query: z.object(filterShape),
    result: listSchema,
    handle: async ({ query }) => fileList(api, await api.listFavorites(query)),
  });
}

function renameEndpoint(api: FilesApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'POST', path: '/api/v2/file/rename', tag: TAG, summary: 'Rename a file' },
    failures: ['not-found', 'already-exists'],
    body: z.object({
      fullPath: fileReference,
      name: z.string('name is required').min(1, 'name is required').describe('new name, no folder'),
    }),
    result: movedSchema,
    handle: async ({ body: { fullPath, name } }) =>
      moved(api, fullPath, (await api.rename(fullPath, name)).newPath),
  });
}

function deleteEndpoint(api: FilesApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'POST', path: '/api/v2/file/del', tag: TAG, summary: 'Delete a file' },
    failures: ['not-found', 'failed-precondition'],
    body: z.object({ fullPath: fileReference, name: z.string().optional() }),
    result: z.object({ path: z.string().describe('what was deleted') }),
    handle: async ({ body }) => ({ path: (await api.remove(body.fullPath)).filePath }),
  });
}

function favoriteEndpoint(api: FilesApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'POST', path: '/api/v2/file/favorite', tag: TAG },
    summary: 'Move a file to the favourites; the cleaner never touches it there',
    failures: ['not-found', 'already-exists'],
    body: z.object({ fullPath: fileReference, name: z.string().min(1).optional() }),
    result: movedSchema,
    handle: async ({ body: { fullPath, name } }) =>
      moved(api, fullPath, (await api.favorite(fullPath, name)).newPath),
  });
}

function dashboardEndpoint(api: FilesApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'GET', path: '/api/v2/dashboard', tag: TAG, summary: 'Counts and disk space' },
    result: z.object({
      id: z.literal('dashboard'),
      filesCount: z.int(),
      jpgCount: z.int(),
      videoCount: z.int(),
      pathCount: z.int(),
      diskStatus: z.object({ all: z.int(), free: z.int(), used: z.int() }).describe('bytes'),
    }),
    handle: async () => {
      const { disk, filesCount, jpgCount, videoCount, pathCount } = await api.dashboard();
      const diskStatus = { all: disk.allBytes, free: disk.freeBytes, used: disk.usedBytes };
      const counts = { filesCount, jpgCount, videoCount, pathCount };
      return { id: 'dashboard' as const, ...counts, diskStatus };
    },
  });
}

function timelineEndpoint(api: FilesApi): Endpoint {
  const dayMs = 24 * 60 * 60 * 1000;
  const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
  return jsonEndpoint({
    ...{ method: 'GET', path: '/api/v2/record/timeline/*name', tag: TAG },
    summary: 'What was recorded of a path, and every gap with its reason',
    params: z.object({ name: z.string().describe('path name, may hold slashes') }),
    query: z.object({
      from: time.optional().describe('RFC 3339; default a day before `to`'),
      to: time.optional().describe('RFC 3339; default now'),
    }),
    result: z.object({
      recordings: z.array(fileSchema),
      gaps: z.array(z.object({ from: z.iso.datetime(), to: z.iso.datetime(), reason: z.string() })),
    }),
    handle: async ({ params, query }) => {
      const toAt = query.to ?? Date.now();
      const { recordings, gaps } = await api.timeline(
        params.name,
        query.from ?? toAt - dayMs,
        toAt,
      );
      return {
        recordings: recordings.map((file) => fileItem(api, file)),
        gaps: gaps.map(({ fromAt, toAt: end, reason }) => {
          return { from: new Date(fromAt).toISOString(), to: new Date(end).toISOString(), reason };
        }),
      };
    },
  });
}

function cleanEndpoint(api: FilesApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'POST', path: '/api/v2/record/clean', tag: TAG },
    summary: 'Run the cleaner now, or see what it would remove',
    failures: ['failed-precondition'],
    body: z.object({ dryRun: z.boolean().default(true) }),
    result: z.object({
      dryRun: z.boolean(),
      bytes: z.int(),
      files: z.array(z.object({ filePath: z.string(), size: z.int(), reason: z.string() })),
    }),
    handle: async ({ body: { dryRun } }) => {
      const { files, bytes } = await api.sweep({ isDryRun: dryRun });
      const items = files.map(({ filePath, sizeBytes, reason }) => {
        return { filePath, size: sizeBytes, reason };
      });
      return { dryRun, bytes, files: items };
    },
  });
}

const movedSchema = z.object({
  oldPath: z.string().describe('as it was asked for'),
  newPath: z.string().describe('below the recordings folder'),
  fileURL: z.string(),
});

function moved(api: FilesApi, oldPath: string, newPath: string): z.output<typeof movedSchema> {
  return { oldPath, newPath, fileURL: api.fileUrl(newPath) };
}

function fileList(
  api: FilesApi,
  { files, total }: { readonly files: readonly FileFacts[]; readonly total: number },
): z.output<typeof listSchema> {
  return { files: files.map((file) => fileItem(api, file)), total, success: true };
}

function fileItem(api: FilesApi, file: FileFacts): z.output<typeof fileSchema> {
  const { name, filePath, fullPath, fileType, pathName, isRecording, startAt, durationMs } = file;
  const fileURL = api.fileUrl(filePath);
  return {
    ...{ name, path: fileURL, fileURL, filePath, fullPath },
    size: file.sizeBytes,
    modTime: new Date(file.modifiedAt).toISOString(),
    ...{ isDir: false, fileType, pathName },
    startTime: startAt === undefined ? null : new Date(startAt).toISOString(),
    duration: durationMs === undefined ? null : durationMs / 1000,
    isRecording,
  };
}
