// Keeps one target of one path going: waits for the stream, runs, and tries again with back-off.
import { randomUUID } from 'node:crypto';
import { delay, type Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { redactUrls } from '../base/url-redaction.ts';
import type { PathConfig } from '../config/config.ts';
import { redactedMark } from '../config/redact-config.ts';
import type { ForwardTarget, ForwardTargetFactory } from '../path/forward-target.ts';
import type { Path, ReadLease } from '../path/path.ts';
import { retryDelayMs } from '../path/source-runner.ts';
import { fillForwardUrl } from './forward-url.ts';

/** One entry of `forward`. */
export type ForwardDestination = PathConfig['forward'][number];

/** As the Control API names it. */
export type ForwardState = 'idle' | 'forwarding' | 'error';

/** A target as the Control API shows it, without secrets. */
export interface ForwardItem {
  readonly id: string;
  readonly pos: number;
  /** RFC 3339. */
  readonly created: string;
  readonly conf: ForwardDestination;
  /** Scheme of the URL. */
  readonly protocol: string;
  readonly state: ForwardState;
  readonly lastError: string;
  readonly outboundBytes: number;
}

/** What a forwarder works with. */
export interface ForwarderComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** The path as it is now; undefined when it is closed. */
  readonly path: () => Path | undefined;
  readonly factory: ForwardTargetFactory | undefined;
}

/** What is forwarded where. */
export interface ForwarderOptions {
  readonly pathName: string;
  readonly destination: ForwardDestination;
  /** Scheme of `dest`. */
  readonly protocol: string;
}

const LOG_PERIOD_MS = 10_000;
/** Hidden in the API, as every reader of this type. */
const READER_TYPE = 'forward';

/** Runs from start() to stop(). */
export class Forwarder {
  readonly id: string = randomUUID();
  readonly #components: ForwarderComponents;
  readonly #options: ForwarderOptions;
  readonly #createdAt: number;
  readonly #abort = new AbortController();
  #wake = Promise.withResolvers<undefined>();
  #finished: Promise<void> | undefined;
  #state: ForwardState = 'idle';
  #lastError = '';
  #lastLogMs = Number.NEGATIVE_INFINITY;
  /** Bytes of runs that are over, and of the one under way. */
  #sentBefore = 0;
  #sentNow: (() => number) | undefined;

  constructor(components: ForwarderComponents, options: ForwarderOptions) {
    this.#components = components;
    this.#options = options;
    this.#createdAt = components.clock.nowMs();
  }

  get destination(): ForwardDestination {
    return this.#options.destination;
  }

  /** For the API; `pos` is the place in `forward`. */
  describe(pos: number): ForwardItem {
    const { dest, destFingerprint, whipBearerToken } = this.#options.destination;
    return {
      id: this.id,
      pos,
      created: new Date(this.#createdAt).toISOString(),
      conf: {
        dest: redactUrls(dest),
        destFingerprint,
        whipBearerToken: whipBearerToken === '' ? '' : redactedMark,
      },
      protocol: this.#options.protocol,
      state: this.#state,
      lastError: this.#lastError,
      outboundBytes: this.#sentBefore + (this.#sentNow?.() ?? 0),
    };
  }

  start(): void {
    this.#finished ??= this.#loop();
  }

  /** The path may have a stream now. */
  wake(): void {
    this.#wake.resolve(undefined);
  }

  /** Ends the run under way and waits for it. Idempotent. */
  async stop(): Promise<void> {
    this.#abort.abort(new MediaError('canceled', 'forward-stopped', 'the forward was stopped'));
    this.wake();
    await this.#finished;
  }

  async #loop(): Promise<void> {
    const { clock, factory, random } = this.#components;
    const { signal } = this.#abort;
    if (!factory) {
      this.#note(schemeUnsupported(this.#options.protocol));
      return;
    }
    let failuresInRow = 0;
    while (!signal.aborted) {
      const path = await this.#streamingPath(signal);
      if (!path) return;
      const startedMs = clock.monotonicMs();
      const failure = await this.#runOnce(path, factory.create());
      if (isAborted(signal)) return;
      if (failure) this.#note(failure);
      failuresInRow = clock.monotonicMs() - startedMs > LOG_PERIOD_MS ? 1 : failuresInRow + 1;
      if (!failure) failuresInRow = 0;
      // A stream that ended is followed by the next one at once, unless that is what keeps happening.
      if (!failure && !path.stream?.isOnline) continue;
      const ended = new MediaError('unavailable', 'stream-ended', 'the stream ended');
      const waitMs = retryDelayMs(failure ?? ended, failuresInRow, random());
      await delay(clock, waitMs, signal).catch(() => undefined);
    }
  }

  /** The path once somebody writes its stream; undefined when stopped. */
  async #streamingPath(signal: AbortSignal): Promise<Path | undefined> {
    for (;;) {
      if (isAborted(signal)) return undefined;
      const path = this.#components.path();
      if (path?.stream?.isOnline === true) return path;
      this.#wake = Promise.withResolvers<undefined>();
      await this.#wake.promise;
    }
  }

  /** Why the run failed; undefined when the stream ended. */
  async #runOnce(path: Path, target: ForwardTarget): Promise<MediaError | undefined> {
    let lease: ReadLease | undefined;
    try {
      lease = leaseOf(path, this.id);
      const { pathName, destination } = this.#options;
      const { config, confName } = path;
      await target.run({
        ...{ pathName, config, lease, logger: this.#components.logger },
        url: fillForwardUrl(destination.dest, { pathName, confName, config }),
        fingerprint: destination.destFingerprint,
        bearerToken: destination.whipBearerToken,
        signal: this.#abort.signal,
        onForwarding: (sentBytes) => this.#onForwarding(sentBytes),
        // The target logs what it mends itself.
        onTrouble: (failure) => this.#setError(failure),
      });
      this.#state = 'idle';
      return undefined;
    } catch (thrown) {
      return toMediaError(thrown);
    } finally {
      const sentBytes = this.#sentNow?.() ?? 0;
      this.#sentNow = undefined;
      this.#sentBefore += sentBytes;
      lease?.close(sentBytes);
    }
  }

  #onForwarding(sentBytes: () => number): void {
    const isFirst = this.#sentNow === undefined;
    this.#sentNow = sentBytes;
    this.#state = 'forwarding';
    this.#lastError = '';
    if (!isFirst) return;
    this.#components.logger.info(`is forwarding to ${this.#place}`);
  }

  get #place(): string {
    return redactUrls(this.#options.destination.dest);
  }

  #setError({ message }: MediaError): void {
    this.#state = 'error';
    this.#lastError = redactUrls(message);
  }

  #note(failure: MediaError): void {
    const { clock, logger } = this.#components;
    this.#setError(failure);
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lastLogMs < LOG_PERIOD_MS) return;
    this.#lastLogMs = nowMs;
    logger.warn(`forward to ${this.#place} failed: ${this.#lastError}`);
  }
}

/** Nothing in this server can push to such URLs. */
export function schemeUnsupported(protocol: string): MediaError {
  const message = `forward to '${protocol}:' is not available in this version`;
  return new MediaError('unsupported', 'forward-scheme-unsupported', message);
}

/**
 * A forward is no viewer: it keeps no source on demand running and takes no place of `maxReaders`.
 * Where neither matters it counts, so that the stream is held while its publisher restarts.
 */
function leaseOf(path: Path, id: string): ReadLease {
  const { config, stream } = path;
  const isCounted = !config.sourceOnDemand && config.runOnDemand === '' && config.maxReaders === 0;
  if (isCounted || !stream) return path.read({ id, type: READER_TYPE });
  let isOpen = true;
  return {
    ...{ path: path.name, stream },
    close: (sentBytes = 0) => {
      if (isOpen) path.traffic.addReader(sentBytes);
      isOpen = false;
    },
  };
}

/** Read through a function so that the compiler forgets what it knew before an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
