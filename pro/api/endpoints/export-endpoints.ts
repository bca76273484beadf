// Exports to MP4: order, follow, cancel.
import { z } from 'zod';
import {
  exportRequestSchema,
  parseExportRequest,
  type ExportRequest,
} from '../../export/export-request.ts';
import { jsonEndpoint } from '../../../core/api/define-endpoint.ts';
import type { Endpoint } from '../../../core/api/endpoint.ts';
import { flagText } from '../../../core/api/parameters.ts';

/** A finished export. */
export interface ExportedFacts {
  readonly filePath: string;
  readonly fullPath: string;
  readonly sizeBytes: number;
  readonly durationMs: number;
}

/** A job of the export queue. */
export interface ExportJobFacts {
  readonly id: string;
  readonly state: 'queued' | 'running' | 'done' | 'failed' | 'canceled';
  /** 0..1. */
  readonly progress: number;
  /** Date ms. */
  readonly createdAt: number;
  readonly error: string | undefined;
  readonly output: ExportedFacts | undefined;
}

/** What these endpoints ask for; all throw MediaError. */
export interface ExportApi {
  /** Resolves when the file is there; a client that leaves cancels it. */
  readonly run: (request: ExportRequest, signal: AbortSignal) => Promise<ExportJobFacts>;
  readonly enqueue: (request: ExportRequest) => Promise<ExportJobFacts>;
  readonly jobs: () => readonly ExportJobFacts[];
  readonly cancel: (id: string) => Promise<ExportJobFacts>;
  readonly fileUrl: (filePath: string) => string;
}

const TAG = 'Export';

const outputShape = {
  outfile: z.string().describe('the same as fullPath'),
  fileURL: z.string(),
  filePath: z.string(),
  fullPath: z.string(),
  size: z.int().describe('bytes'),
  duration: z.number().describe('seconds'),
};

const jobSchema = z
  .object({
    id: z.string(),
    state: z.enum(['queued', 'running', 'done', 'failed', 'canceled']),
    progress: z.number().min(0).max(1),
    created: z.iso.datetime(),
    error: z.string().nullable(),
    output: z.object(outputShape).nullable(),
  })
  .meta({ id: 'ExportJob' });

const answerSchema = z.union([
  z.object({ id: z.string(), ...outputShape }),
  z.object({ id: z.string(), job: jobSchema }),
]);

/** POST file/export/mp4, GET export/jobs, DELETE export/jobs/:id. */
export function exportEndpoints(api: ExportApi): readonly Endpoint[] {
  return [orderEndpoint(api), jobsEndpoint(api), cancelEndpoint(api)];
}

function orderEndpoint(api: ExportApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'POST', path: '/api/v2/file/export/mp4', tag: TAG, shape: 'flat' },
    summary: 'Cut pieces out of recordings and join them to one MP4',
    description:
      'Answers when the file is there. With `async=true` it answers at once with the job, whose ' +
      'progress is in `GET /api/v2/export/jobs` and in the `exportProgress` events of `/ws`.',
    failures: ['not-found', 'unavailable', 'deadline-exceeded', 'canceled'],
    query: z.object({ async: flagText.optional() }),
    body: z.unknown(),
    documentedBody: exportRequestSchema,
    result: answerSchema,
    handle: async ({ query, body, request }) => {
      const order = parseExportRequest(body);
      if (query.async === true) {
        const job = jobItem(api, await api.enqueue(order));
        return { id: job.id, job };
      }
      const { id, output } = jobItem(api, await api.run(order, request.signal));
      const nothing = {
        outfile: '',
        fileURL: '',
        filePath: '',
        fullPath: '',
        size: 0,
        duration: 0,
      };
      return { id, ...(output ?? nothing) };
    },
  });
}

function jobsEndpoint(api: ExportApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'GET', path: '/api/v2/export/jobs', tag: TAG, summary: 'Jobs, newest first' },
    result: z.object({ jobs: z.array(jobSchema), total: z.int() }),
    handle: () => {
      const jobs = api.jobs().map((job) => jobItem(api, job));
      return { jobs, total: jobs.length };
    },
  });
}

function cancelEndpoint(api: ExportApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'DELETE', path: '/api/v2/export/jobs/:id', tag: TAG },
    summary: 'Cancel a job; nothing of it stays on the disk',
    failures: ['not-found', 'failed-precondition'],
    params: z.object({ id: z.string() }),
    result: jobSchema,
    handle: async ({ params: { id } }) => jobItem(api, await api.cancel(id)),
  });
}

function jobItem(api: ExportApi, job: ExportJobFacts): z.output<typeof jobSchema> {
  const { id, state, progress, createdAt, error, output } = job;
  return {
    ...{ id, state, progress },
    created: new Date(createdAt).toISOString(),
    error: error ?? null,
    output: output ? outputItem(api, output) : null,
  };
}

function outputItem(
  api: ExportApi,
  { filePath, fullPath, sizeBytes, durationMs }: ExportedFacts,
): z.output<z.ZodObject<typeof outputShape>> {
  return {
    outfile: fullPath,
    fileURL: api.fileUrl(filePath),
    ...{ filePath, fullPath, size: sizeBytes, duration: durationMs / 1000 },
  };
}
