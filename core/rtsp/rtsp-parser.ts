// Cuts the bytes of one RTSP connection into requests, responses and interleaved frames.
import { MediaError } from '../base/media-error.ts';
import { parseHead, type RtspHead } from './rtsp-head.ts';
import { MAX_HEAD_BYTES } from './rtsp-limits.ts';
import { EMPTY_BODY, type RtspRequest, type RtspResponse } from './rtsp-message.ts';

/** Told about each message and frame, in order, inside `push()`. */
export interface RtspParserHandler {
  onRequest(request: RtspRequest): void;
  onResponse(response: RtspResponse): void;
  /** An interleaved frame (RFC 2326 section 10.12); `payload` is a view, valid only during the call. */
  onFrame(channel: number, payload: Buffer): void;
}

const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const FRAME_HEADER_BYTES = 4;
const MIN_PENDING_BYTES = 2048;
/** A larger buffer is given back as soon as it is empty. */
const MAX_IDLE_PENDING_BYTES = 16 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Incremental parser. Frames that lie whole in a chunk are passed as views on it; only what a chunk
 * leaves incomplete is copied, into one buffer that is kept. Time is linear in the bytes however
 * they are cut.
 */
export class RtspParser {
  /** Messages and frames that were complete. */
  itemCount = 0;
  readonly #handler: RtspParserHandler;
  #pending: Buffer = NOTHING;
  #pendingLength = 0;
  /** Of the incomplete message: start of its current line, and how far line ends were looked for. */
  #lineStart = 0;
  #searched = 0;
  #head: RtspHead | undefined;
  #headBytes = 0;
  #isClosed = false;

  constructor(handler: RtspParserHandler) {
    this.#handler = handler;
  }

  /** Whether a message or frame has begun and is not complete. */
  get isInsideMessage(): boolean {
    return this.#pendingLength > 0;
  }

  /** Whether an interleaved frame has begun and is not complete. */
  get isInsideFrame(): boolean {
    return this.#pendingLength > 0 && this.#pending[0] === DOLLAR;
  }

  /**
   * Takes the next bytes, which are not used after the call.
   * @throws MediaError `invalid-argument` when they are no RTSP; nothing more can be parsed then.
   */
  push(chunk: Buffer): void {
    let start = 0;
    while (start < chunk.length && !this.#isClosed) {
      if (this.#pendingLength === 0) {
        const end = this.#parse(chunk, start, chunk.length);
        if (end < chunk.length) this.#take(chunk, end, chunk.length - end);
        return;
      }
      if (this.#pending[0] === DOLLAR) start = this.#completeFrame(chunk, start);
      else start = this.#appendText(chunk, start);
    }
  }

  /** Stops: the rest of the current chunk and all that follows is ignored. May be called by the handler. */
  close(): void {
    this.#isClosed = true;
    this.#pending = NOTHING;
    this.#pendingLength = 0;
  }

  /** Parses from `start`; returns where the first incomplete message begins, `end` when closed. */
  #parse(bytes: Buffer, start: number, end: number): number {
    let position = start;
    while (position < end && !this.#isClosed) {
      const first = bytes[position] ?? 0;
      if (first === DOLLAR) {
        if (end - position < FRAME_HEADER_BYTES) return position;
        const frameEnd =
          position +
          FRAME_HEADER_BYTES +
          (((bytes[position + 2] ?? 0) << 8) | (bytes[position + 3] ?? 0));
        if (frameEnd > end) return position;
        const channel = bytes[position + 1] ?? 0;
        this.itemCount++;
        this.#handler.onFrame(channel, bytes.subarray(position + FRAME_HEADER_BYTES, frameEnd));
        position = frameEnd;
      } else if (first === CR || first === LF) {
        position++;
      } else {
        const length = this.#parseMessage(bytes.subarray(position, end));
        if (length === 0) return position;
        position += length;
      }
    }
    return this.#isClosed ? end : position;
  }

  /** Returns the length of the message at the start of `bytes`, or 0 while it is incomplete. */
  #parseMessage(bytes: Buffer): number {
    if (this.#head === undefined) {
      assertText(bytes);
      const headBytes = this.#findHeadEnd(bytes);
      if ((headBytes === 0 ? bytes.length : headBytes) > MAX_HEAD_BYTES) {
        throw new MediaError(
          'invalid-argument',
          'rtsp-headers-too-large',
          `head of a message is longer than ${MAX_HEAD_BYTES} bytes`,
        );
      }
      if (headBytes === 0) return 0;
      this.#headBytes = headBytes;
      this.#head = parseHead(bytes.toString('latin1', 0, headBytes));
    }
    const head = this.#head;
    const start = this.#headBytes;
    const end = start + head.bodyLength;
    if (bytes.length < end) return 0;
    const body = head.bodyLength === 0 ? EMPTY_BODY : Uint8Array.from(bytes.subarray(start, end));
    this.#forgetMessage();
    this.itemCount++;
    const { headers } = head;
    if (head.start.type === 'request') this.#handler.onRequest({ ...head.start, headers, body });
    else this.#handler.onResponse({ ...head.start, headers, body });
    return end;
  }

  #forgetMessage(): void {
    this.#head = undefined;
    this.#headBytes = 0;
    this.#lineStart = 0;
    this.#searched = 0;
  }

  /** Length of the head with its blank line, or 0; continues where the last call stopped. */
  #findHeadEnd(bytes: Buffer): number {
    for (;;) {
      const lineEnd = bytes.indexOf(LF, this.#searched);
      if (lineEnd < 0) {
        this.#searched = bytes.length;
        return 0;
      }
      const length = lineEnd - this.#lineStart;
      if (length === 0 || (length === 1 && bytes[this.#lineStart] === CR)) return lineEnd + 1;
      this.#lineStart = lineEnd + 1;
      this.#searched = this.#lineStart;
    }
  }

  /** Adds what the pending frame lacks; returns the offset of the first byte of `chunk` not taken. */
  #completeFrame(chunk: Buffer, start: number): number {
    let position = this.#take(chunk, start, FRAME_HEADER_BYTES);
    if (this.#pendingLength < FRAME_HEADER_BYTES) return position;
    const pending = this.#pending;
    const frameBytes = FRAME_HEADER_BYTES + (((pending[2] ?? 0) << 8) | (pending[3] ?? 0));
    position = this.#take(chunk, position, frameBytes);
    if (this.#pendingLength < frameBytes) return position;
    const whole = this.#pending;
    this.#release();
    this.itemCount++;
    this.#handler.onFrame(whole[1] ?? 0, whole.subarray(FRAME_HEADER_BYTES, frameBytes));
    return position;
  }

  /** Text is rare: the whole rest of the chunk goes behind it and is parsed there. */
  #appendText(chunk: Buffer, start: number): number {
    this.#take(chunk, start, this.#pendingLength + chunk.length - start);
    const bytes = this.#pending;
    const length = this.#pendingLength;
    const end = this.#parse(bytes, 0, length);
    if (end === length) this.#release();
    else if (end > 0) {
      bytes.copyWithin(0, end, length);
      this.#pendingLength = length - end;
    }
    return chunk.length;
  }

  /** Copies from `chunk` until `wantedLength` bytes are pending; returns the offset behind the copied. */
  #take(chunk: Buffer, start: number, wantedLength: number): number {
    const count = Math.min(wantedLength - this.#pendingLength, chunk.length - start);
    if (count <= 0) return start;
    this.#reserve(wantedLength);
    chunk.copy(this.#pending, this.#pendingLength, start, start + count);
    this.#pendingLength += count;
    return start + count;
  }

  #reserve(length: number): void {
    if (this.#pending.length >= length) return;
    let size = MIN_PENDING_BYTES;
    while (size < length) size *= 2;
    const grown = Buffer.allocUnsafeSlow(size);
    this.#pending.copy(grown, 0, 0, this.#pendingLength);
    this.#pending = grown;
  }

  #release(): void {
    this.#pendingLength = 0;
    if (this.#pending.length > MAX_IDLE_PENDING_BYTES) this.#pending = NOTHING;
  }
}

/** A message begins with a method or `RTSP/`; anything else is garbage and is told at its first byte. */
function assertText(bytes: Buffer): void {
  const first = bytes[0] ?? 0;
  const isLetter = (first >= 0x41 && first <= 0x5a) || (first >= 0x61 && first <= 0x7a);
  if (isLetter) return;
  throw new MediaError(
    'invalid-argument',
    'rtsp-malformed',
    `byte 0x${first.toString(16).padStart(2, '0')} can't begin a message`,
  );
}
