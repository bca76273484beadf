// What was recorded, by path.
import { z } from 'zod';
import { MediaError } from '../base/media-error.ts';
import { pathNameFault } from '../config/path-name.ts';
import { collectionEndpoints } from './collection-endpoints.ts';
import { jsonEndpoint } from './define-endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { done, isoTime, success, time } from './wire-values.ts';

/** What these endpoints ask for. */
export interface RecordingsApi {
  /** Names of all paths that something was recorded of. */
  readonly recordedPaths: () => Promise<readonly string[]>;
  /** Starts of the files of a path (Date ms), oldest first. */
  readonly starts: (pathName: string) => Promise<readonly number[]>;
  /** Deletes the file that begins at a moment (Date ms); false when there is none. */
  readonly deleteSegment: (pathName: string, startAt: number) => Promise<boolean>;
}

/** Of a server that records nothing. */
export const noRecordings: RecordingsApi = {
  recordedPaths: () => Promise.resolve([]),
  starts: () => Promise.resolve([]),
  deleteSegment: () => Promise.resolve(false),
};

/** Where recordings are, and which paths could have some. */
export interface RecordingsContext {
  readonly recordings: RecordingsApi;
  readonly isConfigured: (pathName: string) => boolean;
}

const recordingSchema = z
  .object({
    name: z.string(),
    segments: z.array(z.object({ start: time }).meta({ id: 'RecordingSegment' })),
  })
  .meta({ id: 'Recording' });

const TAG = 'Recordings';
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/u;

/** GET recordings/list, recordings/get; DELETE recordings/deletesegment. */
export function recordingEndpoints(context: RecordingsContext): readonly Endpoint[] {
  const { recordings } = context;
  return [
    ...collectionEndpoints({
      ...{ root: '/v3/recordings', operation: 'recordings', tag: TAG, key: 'name' },
      ...{ thing: 'recording', schema: recordingSchema, listName: 'RecordingList' },
      missing: 'path not found',
      all: async () => [...(await recordings.recordedPaths())].sort(),
      find: (name) => findRecorded(context, name),
      show: async (name) => ({
        name,
        segments: (await recordings.starts(name)).map((start) => ({ start: isoTime(start) })),
      }),
    }),
    deleteEndpoint(context),
  ];
}

async function findRecorded(
  { recordings, isConfigured }: RecordingsContext,
  name: string,
): Promise<string | undefined> {
  assertPathName(name);
  if (isConfigured(name)) return name;
  return (await recordings.starts(name)).length > 0 ? name : undefined;
}

function deleteEndpoint({ recordings }: RecordingsContext): Endpoint {
  return jsonEndpoint({
    ...{ method: 'DELETE', path: '/v3/recordings/deletesegment', tag: TAG, shape: 'bare' },
    operationId: 'recordingsDeleteSegment',
    summary: 'Delete one file of a path',
    query: z.object({
      path: z.string().describe('name of the path'),
      start: z.string().describe('start as recordings/get tells it, RFC 3339'),
    }),
    result: done,
    handle: async ({ query }) => {
      assertPathName(query.path);
      const startAt = RFC3339.test(query.start) ? Date.parse(query.start.toUpperCase()) : NaN;
      if (Number.isNaN(startAt)) {
        const message = `invalid 'start' '${query.start.slice(0, 50)}': write it as RFC 3339`;
        throw new MediaError('invalid-argument', 'invalid-start', message);
      }
      if (await recordings.deleteSegment(query.path, startAt)) return success;
      const message = `path '${query.path}' has no segment that starts at ${isoTime(startAt)}`;
      throw new MediaError('invalid-argument', 'no-such-segment', message);
    },
  });
}

function assertPathName(name: string): void {
  const fault = pathNameFault(name);
  if (fault === undefined) return;
  const message = `invalid path name '${name.slice(0, 100)}': ${fault}`;
  throw new MediaError('invalid-argument', 'invalid-path-name', message);
}
