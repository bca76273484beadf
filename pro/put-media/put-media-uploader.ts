// Brings the fragments of one source into one Kinesis video stream: one connection at a time, again and again.
import { BoundedLog } from '../../core/base/bounded-log.ts';
import { delay, type Clock } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import type { FragmentAck } from './ack-parser.ts';
import { FragmentBuffer } from './fragment-buffer.ts';
import type { KvsForwardUrl } from './kvs-forward-url.ts';
import type { FragmentListener, MediaFragment } from './media-fragment.ts';
import { Pace } from './pace.ts';
import type { PutMediaRequest } from './put-media-connection.ts';
import type { PutMediaProblem } from './put-media-problem.ts';
import type { PutMediaService } from './put-media-service.ts';
import { Recovery } from './recovery.ts';
import { UploadCounters, type UploadStats } from './upload-counters.ts';
import type { UploadLimits } from './upload-limits.ts';
import { UploadSession, type UploadOutcome } from './upload-session.ts';

/** What an uploader works with. */
export interface PutMediaUploaderComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly service: PutMediaService;
  /** 0..1; spreads retries. */
  readonly random: () => number;
  /** Connections to this stream, whoever makes them. */
  readonly connects: Pace;
}

/** Where to, within which limits. */
export interface PutMediaUploaderOptions {
  readonly destination: KvsForwardUrl;
  readonly limits: UploadLimits;
  /** The service takes what is sent: told at first, and after trouble. */
  readonly onForwarding: () => void;
  /** What goes wrong, until onForwarding() is called again. */
  readonly onTrouble?: (failure: MediaError) => void;
}

const LOG_PERIOD_MS = 10_000;
/** A fragment that the service failed on this often is given up. */
const MAX_REFUSALS = 3;

/** Give it to a source as listener, then run(). */
export class PutMediaUploader implements FragmentListener {
  readonly #components: PutMediaUploaderComponents;
  readonly #options: PutMediaUploaderOptions;
  readonly #buffer: FragmentBuffer;
  readonly #recovery: Recovery;
  readonly #counters = new UploadCounters();
  readonly #pace: Pace;
  /** Troubles differ: one must not hide the next. */
  readonly #log: BoundedLog;
  #session: UploadSession | undefined;
  #wake = Promise.withResolvers<undefined>();
  /** Of the stream as it is; unknown until it is described. */
  #retentionHours: number | undefined;
  #isEnded = false;
  #sourceFailure: MediaError | undefined;
  #isForwarding = false;
  /** Of the newest request. */
  #signedHeaders: Readonly<Record<string, string>> = {};
  #lastDropLogMs = Number.NEGATIVE_INFINITY;

  constructor(components: PutMediaUploaderComponents, options: PutMediaUploaderOptions) {
    const { limits } = options;
    this.#components = components;
    this.#options = options;
    this.#buffer = new FragmentBuffer(limits);
    this.#recovery = new Recovery({ ...limits, random: components.random });
    this.#pace = new Pace(limits.maxFragmentsPerSecond);
    this.#log = new BoundedLog(components);
  }

  get stats(): UploadStats {
    const { clock } = this.#components;
    const { oldest, sizeBytes } = this.#buffer;
    const session = this.#session;
    return this.#counters.stats({
      sentBytes: session?.bytesSent ?? 0,
      malformedAcks: session?.malformedAcks ?? 0,
      bufferedBytes: sizeBytes,
      lagMs: oldest ? clock.monotonicMs() - oldest.arrivedMs : 0,
    });
  }

  fragment(fragment: MediaFragment): void {
    if (this.#isEnded) return;
    const dropped = this.#buffer.push(fragment, this.#components.clock.monotonicMs());
    if (dropped > 0) this.#noteOverflow(dropped);
    this.#wake.resolve(undefined);
    this.#session?.wake();
  }

  skipped(kind: 'video' | 'audio', message: string): void {
    this.#components.logger.warn(`${this.#place}: ${kind} is left out: ${message}`);
  }

  ended(failure?: MediaError): void {
    this.#isEnded = true;
    this.#sourceFailure = failure;
    this.#wake.resolve(undefined);
    this.#session?.finish();
  }

  /**
   * Sends until the source ended and everything is confirmed, or the signal aborts.
   * @throws MediaError that says why the service does not take it; the source's own failure.
   */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => {
      this.#wake.reject(toMediaError(signal.reason));
      this.#session?.close();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    // Nobody may be waiting when it is rejected.
    this.#wake.promise.catch(() => undefined);
    try {
      await this.#loop(signal);
    } catch (thrown) {
      if (!signal.aborted) throw toMediaError(thrown);
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#isEnded = true;
    }
  }

  get #place(): string {
    const { stream, region } = this.#options.destination;
    return `PutMedia to stream '${stream}' in ${region}`;
  }

  async #loop(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const next = this.#buffer.next;
      if (next) {
        const problem = await this.#upload(next.fragment, signal);
        signal.throwIfAborted();
        if (problem) await this.#recover(problem, signal);
      } else if (this.#isEnded) {
        if (this.#sourceFailure) throw this.#sourceFailure;
        return;
      } else {
        this.#wake = Promise.withResolvers<undefined>();
        await this.#wake.promise;
      }
    }
  }

  /** One connection; undefined when nothing is wrong. */
  async #upload(first: MediaFragment, signal: AbortSignal): Promise<PutMediaProblem | undefined> {
    let request: PutMediaRequest;
    try {
      request = await this.#prepare(first, signal);
    } catch (thrown) {
      return problemOf(toMediaError(thrown));
    }
    signal.throwIfAborted();
    const outcome = await this.#runSession(first, request);
    if (outcome.reason === 'failed') this.#dropRefused(outcome.problem);
    const resent = this.#buffer.rewind();
    this.#counters.fragmentsResent += resent;
    if (outcome.reason === 'failed') return outcome.problem;
    if (resent === 0) return undefined;
    const text = `${this.#place}: the connection ended before ${resent} fragments were confirmed`;
    const error = new MediaError('unavailable', 'put-media-unconfirmed', text);
    return { action: 'resend', error };
  }

  /** Describes the stream when that is due, finds the endpoint, signs, and keeps to the rate. */
  async #prepare(first: MediaFragment, signal: AbortSignal): Promise<PutMediaRequest> {
    const { clock, service, connects } = this.#components;
    const { stream, region, retentionHours, timecode } = this.#options.destination;
    if (this.#retentionHours === undefined) {
      const wanted = { name: stream, retentionHours, mediaType: first.header.mediaType };
      this.#retentionHours = (await service.prepare(wanted, signal)).retentionHours;
    }
    const url = putMediaUrl(await service.dataEndpoint(stream, signal));
    // Others may wait for the same moment.
    for (let waitMs = 1; waitMs > 0;) {
      waitMs = connects.waitMs(clock.monotonicMs());
      if (waitMs > 0) await delay(clock, waitMs, signal);
    }
    connects.note(clock.monotonicMs());
    const headers = await service.sign(
      {
        ...{ method: 'POST', url },
        headers: {
          'x-amzn-stream-name': stream,
          'x-amzn-fragment-timecode-type': timecode,
          'x-amzn-producer-start-timestamp': (first.timecodeMs / 1000).toFixed(3),
          'x-amzn-fragment-acknowledgment-required': '1',
        },
      },
      signal,
    );
    this.#signedHeaders = headers;
    return { url, headers, stream, region };
  }

  async #runSession(first: MediaFragment, request: PutMediaRequest): Promise<UploadOutcome> {
    const { clock } = this.#components;
    const counters = this.#counters;
    const session = new UploadSession(
      {
        ...{ clock, buffer: this.#buffer, pace: this.#pace },
        events: {
          sent: () => counters.fragmentsSent++,
          acknowledged: (ack) => this.#onAck(ack),
          confirmed: (count) => this.#onConfirmed(count),
        },
      },
      {
        ...this.#options.limits,
        ...{ request, header: first.header, startTimecodeMs: first.timecodeMs },
        timecode: this.#options.destination.timecode,
        hasRetention: this.#retentionHours !== 0,
      },
    );
    counters.connections++;
    this.#session = session;
    const finished = session.run();
    if (this.#isEnded) session.finish();
    const outcome = await finished;
    this.#session = undefined;
    counters.sentBytes += session.bytesSent;
    counters.malformedAcks += session.malformedAcks;
    return outcome;
  }

  #onConfirmed(count: number): void {
    this.#counters.fragmentsPersisted += count;
    this.#recovery.progress();
  }

  #onAck({ type }: FragmentAck): void {
    this.#counters.lastAckAt = this.#components.clock.nowMs();
    if (this.#isForwarding || type === 'ERROR' || type === 'IDLE') return;
    this.#isForwarding = true;
    this.#options.onForwarding();
  }

  /** The fragment that an acknowledgement is about does not go out again, at once or at last. */
  #dropRefused({ action, timecodeMs, isOutOfOrder }: PutMediaProblem): void {
    const buffer = this.#buffer;
    const named = timecodeMs === undefined ? undefined : buffer.findSent(timecodeMs);
    if (isOutOfOrder === true && named?.isReceived === true) {
      // It was stored, though the connection ended before the service could say so.
      this.#onConfirmed(buffer.confirmReceived());
      return;
    }
    if (named) named.refusals++;
    const isUnfit = action === 'drop-fragment' || (named?.refusals ?? 0) >= MAX_REFUSALS;
    // When none is named, it is about the first one that was not confirmed.
    const entry = timecodeMs === undefined && buffer.sentCount > 0 ? buffer.oldest : named;
    if (isUnfit && entry && buffer.drop(entry)) this.#counters.fragmentsDropped++;
  }

  async #recover(problem: PutMediaProblem, signal: AbortSignal): Promise<void> {
    const { clock, service } = this.#components;
    const { stream } = this.#options.destination;
    const nowMs = clock.monotonicMs();
    this.#isForwarding = false;
    this.#options.onTrouble?.(problem.error);
    const step = this.#recovery.next(problem, nowMs);
    if (step.forgetsEndpoint) service.forget(stream);
    if (step.forgetsCredentials) service.forgetCredentials(this.#signedHeaders);
    if (step.preparesStream) this.#retentionHours = undefined;
    // What remains of a stream that ended gets one more chance.
    if (step.isOver || (this.#isEnded && this.#recovery.failures > 1)) throw problem.error;
    this.#log.warn(`${problem.error.message}; tries again in ${Math.round(step.waitMs)} ms`);
    await delay(clock, step.waitMs, signal);
  }

  #noteOverflow(dropped: number): void {
    const { clock, logger } = this.#components;
    this.#counters.fragmentsDropped += dropped;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lastDropLogMs < LOG_PERIOD_MS) return;
    this.#lastDropLogMs = nowMs;
    const { fragmentsDropped } = this.#counters;
    logger.warn(
      `${this.#place}: is too slow, the oldest fragments are dropped (${fragmentsDropped} so far)`,
    );
  }
}

/** Failures of the control plane: what may pass is tried again, the rest is for an operator. */
function problemOf(error: MediaError): PutMediaProblem {
  const mayPass = ['unavailable', 'deadline-exceeded', 'resource-exhausted'].includes(error.kind);
  return { action: mayPass ? 'back-off' : 'give-up', error };
}

/** The operation below a data endpoint. */
function putMediaUrl(dataEndpoint: URL): URL {
  const url = new URL(dataEndpoint);
  url.pathname = `${url.pathname.replace(/\/+$/u, '')}/putMedia`;
  return url;
}
