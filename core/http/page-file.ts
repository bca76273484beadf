// A file of the pages as it is served: bytes, the same compressed, and what tells a browser it has them.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { HttpReply } from './http-reply.ts';
import type { HttpRequest } from './http-request.ts';

/** A file held in memory. */
export interface PageFile {
  readonly contentType: string;
  readonly body: Buffer;
  /** For browsers that take gzip; undefined for files made per request. */
  readonly compressed: Buffer | undefined;
  /** Weak, because the compressed body has the same one (RFC 9110 section 8.8.3). */
  readonly etag: string;
}

const COMPRESS_FROM_BYTES = 512;

/** A file that stays in memory and is served often. */
export function createPageFile(contentType: string, body: Buffer): PageFile {
  const compressed = body.length < COMPRESS_FROM_BYTES ? undefined : gzipSync(body);
  return { contentType, body, compressed, etag: etagOf(body) };
}

/** A page that was made for one request. */
export function createRenderedPage(html: string): PageFile {
  const body = Buffer.from(html);
  const contentType = 'text/html; charset=utf-8';
  return { contentType, body, compressed: undefined, etag: etagOf(body) };
}

/** The file, or 304 when the browser has it. */
export function pageFileReply(
  request: HttpRequest,
  file: PageFile,
  headers: Readonly<Record<string, string>>,
): HttpReply {
  const all = { ...headers, ETag: file.etag, Vary: 'Accept-Encoding' };
  if (isKnown(request.headers['if-none-match'], file.etag)) return { status: 304, headers: all };
  const type = { ...all, 'Content-Type': file.contentType };
  if (file.compressed !== undefined && acceptsGzip(request)) {
    return {
      status: 200,
      headers: { ...type, 'Content-Encoding': 'gzip' },
      body: file.compressed,
    };
  }
  return { status: 200, headers: type, body: file.body };
}

/** RFC 9110 section 13.1.2; weak comparison. */
function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const known = ifNoneMatch.split(',').map((each) => each.trim().replace(/^W\//u, ''));
  return known.includes('*') || known.includes(etag.replace(/^W\//u, ''));
}

function acceptsGzip(request: HttpRequest): boolean {
  const accepted = request.headers['accept-encoding'];
  const codings = (typeof accepted === 'string' ? accepted : '').toLowerCase().split(',');
  return codings.some((coding) => /^\s*gzip\s*(?:;\s*q=(?:1|0?\.\d*[1-9]).*)?$/u.test(coding));
}

function etagOf(body: Buffer): string {
  return `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 20)}"`;
}
