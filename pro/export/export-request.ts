// What a client asks to be exported, checked before anything is opened.
import { z } from 'zod';
import { MediaError } from '../../core/base/media-error.ts';

/** Most pieces of one export. */
export const MAX_EXPORT_PARTS = 100;
const MAX_PATH_CHARS = 2048;
/** A year; no recording is longer, and no calculation with it loses a microsecond. */
const MAX_SECONDS = 366 * 86_400;
const MAX_MARKS = 1000;

const seconds = z.number().min(0).max(MAX_SECONDS);
const resPath = z.string().min(1).max(MAX_PATH_CHARS);

const videoMarkSchema = z.object({
  /** Position in the file, in seconds. */
  Seconds: seconds,
  Content: z.string().max(1000).default(''),
  URL: z.string().max(MAX_PATH_CHARS).default(''),
});

const partSchema = z
  .object({
    id: z.union([z.string().max(200), z.number()]).optional(),
    resPath,
    inputStart: seconds,
    inputEnd: seconds,
    videoMarks: z.array(videoMarkSchema).max(MAX_MARKS).nullish(),
  })
  .refine((part) => part.inputEnd > part.inputStart, {
    path: ['inputEnd'],
    error: (issue) => `must be greater than inputStart, got ${shownRange(issue.input)}`,
  });

const cutSchema = z.object({ exportConfig: z.array(partSchema).min(1).max(MAX_EXPORT_PARTS) });
const wholeSchema = z
  .object({ fullPath: resPath.optional(), name: resPath.optional() })
  .refine((body) => body.fullPath !== undefined || body.name !== undefined, {
    path: ['exportConfig'],
    error: 'is missing; give exportConfig, or fullPath for a whole file',
  });

/** A mark that the client set in the source file; it becomes a chapter. */
export interface VideoMark {
  /** Position in the source file, seconds. */
  readonly seconds: number;
  readonly content: string;
}

/** One piece: a whole file, or what lies between two positions of it. */
export interface ExportPartRequest {
  readonly id: string;
  /** As the client names the file; the library resolves and checks it. */
  readonly resPath: string;
  /** Seconds from the beginning of the file; both are absent for the whole file. */
  readonly range: { readonly startS: number; readonly endS: number } | undefined;
  readonly marks: readonly VideoMark[];
}

/** Pieces in the order in which they are joined. */
export interface ExportRequest {
  readonly parts: readonly ExportPartRequest[];
}

/** Bodies that are understood: `{exportConfig: [...]}`, or `{fullPath}` or `{name}` for a whole file. */
export const exportRequestSchema = z.union([cutSchema, wholeSchema]);

/** @throws MediaError `invalid-argument` `export-request-invalid` naming the field and its value. */
export function parseExportRequest(body: unknown): ExportRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid('the body is not a JSON object');
  }
  if (!('exportConfig' in body)) {
    const { fullPath, name } = check(wholeSchema, body);
    const path = fullPath ?? name ?? '';
    return { parts: [{ id: '0', resPath: path, range: undefined, marks: [] }] };
  }
  const { exportConfig } = check(cutSchema, body);
  return {
    parts: exportConfig.map((part, index) => ({
      id: String(part.id ?? index),
      resPath: part.resPath,
      range: { startS: part.inputStart, endS: part.inputEnd },
      marks: (part.videoMarks ?? []).map((mark) => ({
        seconds: mark.Seconds,
        content: mark.Content,
      })),
    })),
  };
}

function check<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.reduce<string>(fieldName, '') ?? '';
  throw invalid(`${field}: ${issue?.message ?? 'not understood'}`);
}

function fieldName(before: string, key: PropertyKey): string {
  if (typeof key === 'number') return `${before}[${key}]`;
  return before === '' ? String(key) : `${before}.${String(key)}`;
}

function shownRange(part: unknown): string {
  const { inputStart, inputEnd } = z
    .object({ inputStart: z.number(), inputEnd: z.number() })
    .catch({ inputStart: NaN, inputEnd: NaN })
    .parse(part);
  return `${inputStart} to ${inputEnd}`;
}

function invalid(text: string): MediaError {
  return new MediaError('invalid-argument', 'export-request-invalid', `export: ${text}`);
}
