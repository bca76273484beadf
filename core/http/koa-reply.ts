// Hands a reply to Koa, minding what Koa would do by itself.
import { Readable } from 'node:stream';
import type { Context } from 'koa';
import type { HttpReply } from './http-reply.ts';

/** Puts `reply` into the context; Koa writes it after the last middleware. */
export function applyReply(context: Context, reply: HttpReply): void {
  const { body, status, headers = {} } = reply;
  const hasBody = body !== undefined && context.method !== 'HEAD';
  // A stream nobody reads would keep its file open.
  if (!hasBody && body instanceof Readable) body.destroy();
  context.status = status;
  if (hasBody) context.body = toKoaBody(body);
  for (const [name, value] of Object.entries(headers)) {
    context.set(name, typeof value === 'string' ? value : [...value]);
  }
  if (!hasBody) endWithoutBody(context, body);
}

/** Koa would turn a Uint8Array that is no Buffer into JSON. */
function toKoaBody(body: string | Uint8Array | Readable): string | Buffer | Readable {
  if (!(body instanceof Uint8Array)) return body;
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

/** Koa would write the status text as body, or change the status to 204. */
function endWithoutBody(context: Context, body: HttpReply['body']): void {
  const { res } = context;
  const length = lengthOf(body);
  const mayHaveLength = context.status >= 200 && context.status !== 204 && context.status !== 304;
  if (mayHaveLength && length !== undefined && !res.hasHeader('Content-Length')) {
    res.setHeader('Content-Length', length);
  }
  context.respond = false;
  res.end();
}

function lengthOf(body: HttpReply['body']): number | undefined {
  if (body === undefined) return 0;
  return body instanceof Readable ? undefined : Buffer.byteLength(body);
}
