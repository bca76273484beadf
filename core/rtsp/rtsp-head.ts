// Reads the head of an RTSP message: start line, headers, length of the body.
import { MediaError } from '../base/media-error.ts';
import { RtspHeaders } from './rtsp-headers.ts';
import { MAX_BODY_BYTES, MAX_HEADERS, MAX_URL_BYTES } from './rtsp-limits.ts';

/** A message without its body. */
export interface RtspHead {
  readonly start:
    | { readonly type: 'request'; readonly method: string; readonly url: string }
    | { readonly type: 'response'; readonly statusCode: number; readonly reasonPhrase: string };
  readonly headers: RtspHeaders;
  readonly bodyLength: number;
}

const REQUEST_LINE =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32})[ \t]+(\S+)[ \t]+(RTSP|HTTP)\/(\d+\.\d+)$/u;
const STATUS_LINE = /^RTSP\/(\d+\.\d+)[ \t]+(\d{3})(?:[ \t]+(.*))?$/u;
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*)$/u;
// eslint-disable-next-line no-control-regex -- control characters are what must not get into a header
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/u;

/**
 * Reads the head; `text` is latin1 and ends with the blank line. Lines may end with CR LF or LF and
 * may be folded (RFC 822 style).
 * @throws MediaError `invalid-argument`, naming what is wrong.
 */
export function parseHead(text: string): RtspHead {
  const lines = unfold(text);
  const start = parseStartLine(lines[0] ?? '');
  if (lines.length - 1 > MAX_HEADERS) {
    throw new MediaError(
      'invalid-argument',
      'rtsp-headers-too-large',
      `message has ${lines.length - 1} headers, at most ${MAX_HEADERS} are taken`,
    );
  }
  const headers = new RtspHeaders();
  for (const line of lines.slice(1)) {
    const match = HEADER_LINE.exec(line);
    const [, name, value] = match ?? [];
    if (name === undefined || value === undefined || CONTROL.test(value)) {
      throw malformed(`header line ${quoteShort(line)} is malformed`);
    }
    headers.append(name, value.trim());
  }
  return { start, headers, bodyLength: parseContentLength(headers) };
}

function unfold(text: string): string[] {
  const lines: string[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '') continue;
    const isFolded = lines.length > 1 && (line.startsWith(' ') || line.startsWith('\t'));
    if (isFolded) lines.push(`${lines.pop() ?? ''} ${line.trim()}`);
    else lines.push(line);
  }
  return lines;
}

function parseStartLine(line: string): RtspHead['start'] {
  const text = line.trimEnd();
  const status = STATUS_LINE.exec(text);
  if (status) {
    checkVersion('RTSP', status[1] ?? '');
    return {
      type: 'response',
      statusCode: Number(status[2]),
      reasonPhrase: status[3] ?? '',
    };
  }
  const request = REQUEST_LINE.exec(text);
  const [, method, url, protocol = '', version = ''] = request ?? [];
  if (method === undefined || url === undefined) {
    throw malformed(`start line ${quoteShort(line)} is malformed`);
  }
  checkVersion(protocol, version);
  if (url.length > MAX_URL_BYTES) {
    throw new MediaError(
      'invalid-argument',
      'rtsp-url-too-long',
      `URL of ${url.length} bytes is longer than ${MAX_URL_BYTES}`,
    );
  }
  return { type: 'request', method, url };
}

function checkVersion(protocol: string, version: string): void {
  if (protocol === 'RTSP' && version === '1.0') return;
  throw new MediaError(
    'invalid-argument',
    'rtsp-version-unsupported',
    `message is ${protocol}/${version.slice(0, 8)}, not RTSP/1.0`,
  );
}

function parseContentLength(headers: RtspHeaders): number {
  const values = headers.getAll('Content-Length');
  const first = values[0];
  if (first === undefined) return 0;
  if (!/^\d{1,15}$/u.test(first) || values.some((value) => value !== first)) {
    throw malformed(`Content-Length ${quoteShort(values.join(', '))} is malformed`);
  }
  const length = Number(first);
  if (length > MAX_BODY_BYTES) {
    throw new MediaError(
      'invalid-argument',
      'rtsp-body-too-large',
      `body of ${length} bytes is longer than ${MAX_BODY_BYTES}`,
    );
  }
  return length;
}

function malformed(problem: string): MediaError {
  return new MediaError('invalid-argument', 'rtsp-malformed', problem);
}

function quoteShort(text: string): string {
  return JSON.stringify(text.slice(0, 48));
}
