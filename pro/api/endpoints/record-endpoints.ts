// Recordings that are running: start, stop, look.
import { z } from 'zod';
import { MediaError } from '../../../core/base/media-error.ts';
import { jsonEndpoint } from '../../../core/api/define-endpoint.ts';
import type { Endpoint } from '../../../core/api/endpoint.ts';

/** A running or just finished recording. */
export interface RecordTaskFacts {
  /** UUID. */
  readonly id: string;
  /** Path name. */
  readonly name: string;
  readonly fileName: string;
  /** Below the recordings folder, with a slash first. */
  readonly filePath: string;
  readonly fullPath: string;
  /** Date ms. */
  readonly startAt: number;
  readonly taskEndAt: number;
  readonly isAutomatic: boolean;
  readonly sizeBytes: number;
}

/** What to record. */
export interface RecordOrder {
  readonly name: string;
  readonly videoFormat: 'mp4' | 'ts';
  readonly taskOutMinutes: number;
  readonly fileName?: string;
}

/** What these endpoints ask for. */
export interface RecordApi {
  /** @throws MediaError; the texts are part of the API. */
  readonly start: (
    order: RecordOrder,
    signal: AbortSignal,
  ) => Promise<{ readonly existed: boolean; readonly task: RecordTaskFacts }>;
  /** Resolves when the file is closed and playable. */
  readonly stop: (name: string) => Promise<RecordTaskFacts>;
  readonly task: (name: string) => RecordTaskFacts | undefined;
  readonly tasks: () => readonly RecordTaskFacts[];
  readonly fileUrl: (filePath: string) => string;
}

const TAG = 'Recording';
const DEFAULT_MINUTES = 30;
const MAX_MINUTES = 366 * 24 * 60;

const fileShape = {
  name: z.string().describe('path name'),
  fileName: z.string(),
  filePath: z.string().describe('below the recordings folder, e.g. /20250116/x.mp4'),
  fullPath: z.string().describe('on the disk of the server'),
  fileURL: z.string(),
};

const startSchema = z.object({
  existed: z.boolean().describe('the path was being recorded already'),
  success: z.literal(true),
  id: z.string(),
  ...fileShape,
  taskEndTime: z.iso.datetime(),
});

const taskSchema = z
  .object({
    pathName: z.string(),
    taskEndTime: z.iso.datetime(),
    isRecording: z.literal(true),
    id: z.string(),
    ...fileShape,
    startTime: z.iso.datetime(),
    auto: z.boolean().describe('started by the server'),
    bytes: z.int(),
  })
  .meta({ id: 'RecordTask' });

const orderSchema = z.object({
  name: z.string('name is required').min(1, 'name is required').describe('path name'),
  videoFormat: z.enum(['mp4', 'ts'], "videoFormat must be 'mp4' or 'ts'"),
  taskOutMinutes: z
    .number()
    .max(MAX_MINUTES)
    .default(DEFAULT_MINUTES)
    .transform((minutes) => (minutes > 0 ? minutes : DEFAULT_MINUTES))
    .describe('ends by itself after so many minutes; fractions are fine'),
  fileName: z.string().optional().describe('the extension is added when it is missing'),
});

/** POST record/start and record/stop; GET record/task and record/tasks. */
export function recordEndpoints(api: RecordApi): readonly Endpoint[] {
  return [startEndpoint(api), stopEndpoint(api), taskEndpoint(api), tasksEndpoint(api)];
}

function startEndpoint(api: RecordApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'POST', path: '/api/v2/record/start', tag: TAG, shape: 'flat' },
    summary: 'Record a path; the file begins at the key frame before the request',
    failures: ['not-found', 'already-exists', 'unavailable', 'deadline-exceeded'],
    body: orderSchema,
    result: startSchema,
    handle: async ({ body: { fileName, ...order }, request }) => {
      const named = fileName === undefined || fileName === '' ? {} : { fileName };
      const { existed, task } = await api.start({ ...order, ...named }, request.signal);
      const taskEndTime = isoTime(task.taskEndAt);
      return { existed, success: true as const, id: task.id, ...fileOf(api, task), taskEndTime };
    },
  });
}

function stopEndpoint(api: RecordApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'POST', path: '/api/v2/record/stop', tag: TAG, shape: 'flat' },
    summary: 'Stop a recording; answers when the file is closed',
    failures: ['not-found'],
    body: z.object({ name: orderSchema.shape.name }),
    result: z.object({ success: z.literal(true), ...fileShape }),
    handle: async ({ body }) => ({
      success: true as const,
      ...fileOf(api, await api.stop(body.name)),
    }),
  });
}

function taskEndpoint(api: RecordApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'GET', path: '/api/v2/record/task/*name', tag: TAG },
    summary: 'The running recording of a path',
    failures: ['not-found'],
    params: z.object({ name: z.string().describe('path name, may hold slashes') }),
    result: taskSchema,
    handle: ({ params: { name } }) => {
      const task = api.task(name);
      if (task) return taskItem(api, task);
      const message = `no recording task found for path: ${name}`;
      throw new MediaError('not-found', 'record-task-not-found', message);
    },
  });
}

function tasksEndpoint(api: RecordApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'GET', path: '/api/v2/record/tasks', tag: TAG },
    summary: 'All running recordings',
    result: z.object({ tasks: z.array(taskSchema), total: z.int() }),
    handle: () => {
      const tasks = api.tasks().map((task) => taskItem(api, task));
      return { tasks, total: tasks.length };
    },
  });
}

function taskItem(api: RecordApi, task: RecordTaskFacts): z.output<typeof taskSchema> {
  return {
    pathName: task.name,
    taskEndTime: isoTime(task.taskEndAt),
    isRecording: true,
    id: task.id,
    ...fileOf(api, task),
    startTime: isoTime(task.startAt),
    auto: task.isAutomatic,
    bytes: task.sizeBytes,
  };
}

function fileOf(
  api: RecordApi,
  { name, fileName, filePath, fullPath }: RecordTaskFacts,
): { name: string; fileName: string; filePath: string; fullPath: string; fileURL: string } {
  // Until its first key frame a recording has no file.
  const fileURL = filePath === '' ? '' : api.fileUrl(filePath);
  return { name, fileName, filePath, fullPath, fileURL };
}

function isoTime(at: number): string {
  return new Date(at).toISOString();
}
