// Answers a request with an open file: whole or a part, or nothing when the client has it.
import type { FileHandle } from 'node:fs/promises';
import {
  contentRange,
  httpDate,
  isRangeCurrent,
  selectBytes,
  type ByteSelection,
} from './byte-range.ts';
import type { HttpReply } from './http-reply.ts';
import type { HttpRequest } from './http-request.ts';

/** A file that was opened for one request. */
export interface OpenFile {
  readonly handle: FileHandle;
  /** What is sent at most, even if the file grows. */
  readonly sizeBytes: number;
  /** Date ms. */
  readonly modifiedAt: number;
  readonly contentType: string;
  /** Strong, with its quotes. */
  readonly etag: string;
}

/** Big enough to leave the disk time, small enough for many clients. */
const CHUNK_BYTES = 256 << 10;

/** Takes over the handle: it is closed when the answer is sent or the client leaves. */
export async function openFileReply(
  request: Pick<HttpRequest, 'method' | 'headers'>,
  file: OpenFile,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpReply> {
  const common = {
    'Accept-Ranges': 'bytes',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
    ETag: file.etag,
    'Last-Modified': httpDate(file.modifiedAt),
  };
  if (isKnown(request, file)) {
    await file.handle.close();
    return { status: 304, headers: common };
  }
  const selection = select(request, file);
  if (selection.type === 'unsatisfiable') {
    await file.handle.close();
    const range = { 'Content-Range': contentRange(selection, file.sizeBytes) };
    return { status: 416, headers: { ...common, ...range } };
  }
  return send(request, file, { selection, common });
}

async function send(
  request: Pick<HttpRequest, 'method'>,
  file: OpenFile,
  {
    selection,
    common,
  }: { readonly selection: ByteSelection; readonly common: Readonly<Record<string, string>> },
): Promise<HttpReply> {
  const { handle, sizeBytes, contentType } = file;
  const isPart = selection.type === 'part';
  const start = isPart ? selection.start : 0;
  const end = isPart ? selection.end : sizeBytes - 1;
  const headers = {
    ...common,
    'Content-Type': contentType,
    'Content-Length': String(end - start + 1),
    ...(isPart ? { 'Content-Range': contentRange(selection, sizeBytes) } : {}),
  };
  const status = isPart ? 206 : 200;
  if (request.method === 'HEAD' || sizeBytes === 0) {
    await handle.close();
    return { status, headers, body: '' };
  }
  const body = handle.createReadStream({ start, end, highWaterMark: CHUNK_BYTES });
  return { status, headers, body };
}

/** Ranges count for GET only (RFC 9110 section 14.2). */
function select(
  { method, headers }: Pick<HttpRequest, 'method' | 'headers'>,
  file: OpenFile,
): ByteSelection {
  const ifRange = headers['if-range'];
  const isMeant = isRangeCurrent(typeof ifRange === 'string' ? ifRange : undefined, file);
  if (method !== 'GET' || !isMeant) return { type: 'whole' };
  return selectBytes(headers.range, file.sizeBytes);
}

/** RFC 9110 section 13.2.2: the date only counts without the tags. */
function isKnown({ headers }: Pick<HttpRequest, 'headers'>, file: OpenFile): boolean {
  const tags = headers['if-none-match'];
  if (tags !== undefined) {
    const known = tags.split(',').map((each) => each.trim().replace(/^W\//u, ''));
    return known.includes('*') || known.includes(file.etag);
  }
  const since = headers['if-modified-since'];
  return since !== undefined && Date.parse(since) >= Math.floor(file.modifiedAt / 1000) * 1000;
}
