// The life of one PutMedia connection: header, fragments as the buffer has them, acknowledgements, and its orderly end.
import type { Clock, Timer } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';
import type { FragmentAck } from './ack-parser.ts';
import { classifyAckError } from './ack-error.ts';
import type { FragmentBuffer } from './fragment-buffer.ts';
import type { Pace } from './pace.ts';
import type { TimecodeType } from './kvs-forward-url.ts';
import type { MediaHeader } from './media-fragment.ts';
import { PutMediaConnection, type PutMediaRequest } from './put-media-connection.ts';
import type { PutMediaProblem } from './put-media-problem.ts';

/** What a session works with. */
export interface UploadSessionComponents {
  readonly clock: Clock;
  readonly buffer: FragmentBuffer;
  readonly pace: Pace;
  readonly events: UploadSessionEvents;
}

/** What is told while it runs. */
export interface UploadSessionEvents {
  sent(sizeBytes: number): void;
  acknowledged(ack: FragmentAck): void;
  /** So many fragments are done with. */
  confirmed(count: number): void;
}

/** What a session is for. */
export interface UploadSessionOptions {
  readonly request: PutMediaRequest;
  readonly header: MediaHeader;
  readonly timecode: TimecodeType;
  /** Epoch milliseconds that RELATIVE timecodes count from. */
  readonly startTimecodeMs: number;
  /** A fragment is done with when it is stored; without retention when it is received. */
  readonly hasRetention: boolean;
  readonly rotateAfterMs: number;
  readonly ackTimeoutMs: number;
  readonly drainTimeoutMs: number;
}

/**
 * How it ended: `rotated` = in order, others may follow on the next connection; `closed` = the
 * service ended the answer without a word.
 */
export type UploadOutcome =
  | { readonly reason: 'rotated' | 'closed' }
  | { readonly reason: 'failed'; readonly problem: PutMediaProblem };

/** The service may see the end of the body after it confirmed everything. */
const END_GRACE_MS = 1000;
const CHECKS_PER_TIMEOUT = 15;

/** Call run() once; wake() whenever the buffer got something. */
export class UploadSession {
  readonly #components: UploadSessionComponents;
  readonly #options: UploadSessionOptions;
  readonly #connection: PutMediaConnection;
  readonly #outcome = Promise.withResolvers<UploadOutcome>();
  #startedMs = 0;
  /** When the service last showed that it gets on. */
  #lastAckMs = 0;
  #hasSentHeader = false;
  #isLast = false;
  #isDraining = false;
  #isOver = false;
  #watch: Timer | undefined;
  #drain: Timer | undefined;
  #paceTimer: Timer | undefined;

  constructor(components: UploadSessionComponents, options: UploadSessionOptions) {
    this.#components = components;
    this.#options = options;
    this.#connection = new PutMediaConnection(components.clock, options.request, {
      onWritable: () => this.#pump(),
      onAck: (ack) => this.#onAck(ack),
      onEnded: (problem) => this.#onEnded(problem),
    });
  }

  get bytesSent(): number {
    return this.#connection.bytesSent;
  }

  get malformedAcks(): number {
    return this.#connection.malformedAcks;
  }

  /** Settles when the connection is closed; never rejects. */
  run(): Promise<UploadOutcome> {
    const { clock } = this.#components;
    const { ackTimeoutMs } = this.#options;
    this.#startedMs = clock.monotonicMs();
    this.#watch = clock.every(ackTimeoutMs / CHECKS_PER_TIMEOUT, () => this.#checkAcks());
    this.#connection.open();
    return this.#outcome.promise;
  }

  /** The buffer has something new. */
  wake(): void {
    this.#pump();
  }

  /** Nothing more will come: ends the body behind what waits. */
  finish(): void {
    this.#isLast = true;
    this.#pump();
  }

  /** Ends at once. Idempotent. */
  close(): void {
    this.#settle({ reason: 'closed' });
  }

  #pump(): void {
    const { clock, buffer, pace } = this.#components;
    for (;;) {
      const next = buffer.next;
      if (this.#isDraining || this.#isOver) return;
      if (!next && this.#isLast) this.#beginDrain();
      if (!next || !this.#connection.isWritable) return;
      const nowMs = clock.monotonicMs();
      const isOld = this.#hasSentHeader && nowMs - this.#startedMs >= this.#options.rotateAfterMs;
      if (isOld || next.fragment.header.id !== this.#options.header.id) {
        this.#beginDrain();
        return;
      }
      const waitMs = pace.waitMs(nowMs);
      if (waitMs > 0) {
        this.#pumpAfter(waitMs);
        return;
      }
      pace.note(nowMs);
      this.#send(nowMs);
    }
  }

  #send(nowMs: number): void {
    const { buffer, events } = this.#components;
    const { header, timecode, startTimecodeMs } = this.#options;
    const fragment = buffer.next?.fragment;
    if (!fragment) return;
    if (buffer.sentCount === 0) this.#lastAckMs = nowMs;
    if (!this.#hasSentHeader) {
      this.#hasSentHeader = true;
      this.#connection.write([header.bytes]);
    }
    const isAbsolute = timecode === 'ABSOLUTE';
    const timecodeMs = isAbsolute ? fragment.timecodeMs : fragment.timecodeMs - startTimecodeMs;
    buffer.markSent(timecodeMs, nowMs);
    this.#connection.write(fragment.cluster(timecodeMs));
    events.sent(fragment.sizeBytes);
  }

  #pumpAfter(waitMs: number): void {
    this.#paceTimer ??= this.#components.clock.after(waitMs, () => {
      this.#paceTimer = undefined;
      this.#pump();
    });
  }

  #onAck(ack: FragmentAck): void {
    const { clock, buffer, events } = this.#components;
    events.acknowledged(ack);
    if (ack.type === 'ERROR') {
      const { stream, region } = this.#options.request;
      const place = `PutMedia to stream '${stream}' in ${region}`;
      this.#settle({ reason: 'failed', problem: classifyAckError(ack, place) });
      return;
    }
    // Idle says that nothing arrives: no sign that what was sent got there.
    if (ack.type === 'IDLE') return;
    this.#lastAckMs = clock.monotonicMs();
    const isFinal = ack.type === (this.#options.hasRetention ? 'PERSISTED' : 'RECEIVED');
    const { timecodeMs } = ack;
    if (timecodeMs === undefined) return;
    if (!isFinal && ack.type !== 'PERSISTED') {
      const entry = ack.type === 'RECEIVED' ? buffer.findSent(timecodeMs) : undefined;
      if (entry) entry.isReceived = true;
      return;
    }
    const count = buffer.confirm(timecodeMs);
    if (count > 0) events.confirmed(count);
    if (this.#isDraining && buffer.sentCount === 0) this.#settleAfter(END_GRACE_MS);
  }

  #onEnded(problem: PutMediaProblem | undefined): void {
    if (this.#isDraining && this.#components.buffer.sentCount === 0) {
      this.#settle({ reason: 'rotated' });
    } else if (problem) this.#settle({ reason: 'failed', problem });
    else this.#settle({ reason: this.#isDraining ? 'rotated' : 'closed' });
  }

  #beginDrain(): void {
    if (this.#isDraining || this.#isOver) return;
    this.#isDraining = true;
    this.#connection.finish();
    const isDone = this.#components.buffer.sentCount === 0;
    this.#settleAfter(isDone ? END_GRACE_MS : this.#options.drainTimeoutMs);
  }

  #settleAfter(delayMs: number): void {
    this.#drain?.cancel();
    this.#drain = this.#components.clock.after(delayMs, () => this.#settle({ reason: 'rotated' }));
  }

  #checkAcks(): void {
    const { clock, buffer } = this.#components;
    const { ackTimeoutMs, request } = this.#options;
    const silentMs = clock.monotonicMs() - Math.max(this.#lastAckMs, this.#startedMs);
    const isOwed = buffer.sentCount > 0 || !this.#hasSentHeader;
    if (this.#isDraining || !isOwed || silentMs < ackTimeoutMs) return;
    const { stream, region } = request;
    const text = `PutMedia to stream '${stream}' in ${region}: no acknowledgement for ${ackTimeoutMs} ms`;
    const error = new MediaError('deadline-exceeded', 'put-media-no-ack', text);
    this.#settle({ reason: 'failed', problem: { action: 'resend', error } });
  }

  #settle(outcome: UploadOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const timer of [this.#watch, this.#drain, this.#paceTimer]) timer?.cancel();
    this.#connection.close();
    this.#outcome.resolve(outcome);
  }
}
