// Writes an error answer on a socket that has no response object: parser errors, failed upgrades.
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { MediaError } from '../base/media-error.ts';
import { errorReply, type ErrorEnvelope } from './error-reply.ts';

/** Which request failed. */
export interface FailedRequest {
  readonly requestId: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers and closes; a socket that cannot be written is destroyed. */
export function writeRawError(
  socket: Duplex,
  error: MediaError,
  request: FailedRequest & { readonly envelope: ErrorEnvelope | undefined },
): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const reply = errorReply(error, request, request.envelope);
  const headers = {
    ...request.headers,
    ...reply.headers,
    Connection: 'close',
    'Content-Length': String(Buffer.byteLength(reply.body)),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const statusLine = `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? 'Error'}\r\n`;
  socket.end(`${statusLine}${lines.join('')}\r\n${reply.body}`, () => socket.destroy());
}
