// Requests and responses of RTSP 1.0 (RFC 2326 sections 6 and 7) and how they are written.
import type { RtspHeaders } from './rtsp-headers.ts';
import { reasonPhraseOf } from './rtsp-status.ts';

/** A request as it came in, or ready to be written. */
export interface RtspRequest {
  readonly type: 'request';
  /** As the client wrote it; methods are case-sensitive. */
  readonly method: string;
  readonly url: string;
  readonly headers: RtspHeaders;
  /** A copy that may be kept; empty when there was none. */
  readonly body: Uint8Array;
}

/** A response as it came in, or ready to be written. */
export interface RtspResponse {
  readonly type: 'response';
  readonly statusCode: number;
  /** What the peer wrote behind the code, possibly empty. */
  readonly reasonPhrase: string;
  readonly headers: RtspHeaders;
  /** A copy that may be kept; empty when there was none. */
  readonly body: Uint8Array;
}

/** A request or a response. */
export type RtspMessage = RtspRequest | RtspResponse;

/** A message body of length zero. */
export const EMPTY_BODY = new Uint8Array(0);

/** A request ready to be formatted. */
export function createRequest(
  method: string,
  url: string,
  { headers, body = EMPTY_BODY }: { readonly headers: RtspHeaders; readonly body?: Uint8Array },
): RtspRequest {
  return { type: 'request', method, url, headers, body };
}

/** A response ready to be formatted, with the usual reason phrase of its code. */
export function createResponse(
  statusCode: number,
  { headers, body = EMPTY_BODY }: { readonly headers: RtspHeaders; readonly body?: Uint8Array },
): RtspResponse {
  return {
    type: 'response',
    statusCode,
    reasonPhrase: reasonPhraseOf(statusCode),
    headers,
    body,
  };
}

/** The wire form of a message; Content-Length is added for a body, line breaks in values become spaces. */
export function formatMessage(message: RtspMessage): Buffer {
  let head =
    message.type === 'request'
      ? `${oneLine(message.method)} ${oneLine(message.url)} RTSP/1.0\r\n`
      : `RTSP/1.0 ${message.statusCode} ${oneLine(message.reasonPhrase)}\r\n`;
  for (const [name, value] of message.headers) head += `${oneLine(name)}: ${oneLine(value)}\r\n`;
  const { body } = message;
  if (body.length > 0 && message.headers.get('Content-Length') === undefined) {
    head += `Content-Length: ${body.length}\r\n`;
  }
  head += '\r\n';
  const headBytes = Buffer.from(head, 'latin1');
  return body.length === 0 ? headBytes : Buffer.concat([headBytes, body]);
}

/** The wire form of an interleaved frame (RFC 2326 section 10.12); the payload is copied. */
export function formatFrame(channel: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(payload.length + 4);
  frame[0] = 0x24;
  frame[1] = channel;
  frame.writeUInt16BE(payload.length, 2);
  frame.set(payload, 4);
  return frame;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/gu, ' ');
}
