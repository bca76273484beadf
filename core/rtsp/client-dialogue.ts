// What pulling and publishing have in common: one client at a time, one reason for the end, an orderly farewell.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { toMediaError, type MediaError } from '../base/media-error.ts';
import { connectToSource, type ConnectOptions } from './client-connect.ts';
import { ClientKeepAlive, type KeepAliveOptions } from './client-keep-alive.ts';
import type { SourceUrl } from './client-url.ts';
import { RtspClient, type RtspClientHandler } from './rtsp-client.ts';

/** What a dialogue needs. */
export interface ClientDialogueComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the dialogue. */
  readonly signal: AbortSignal;
}

/** How a dialogue is held. */
export interface ClientDialogueOptions {
  readonly url: SourceUrl;
  /** Longest wait for an answer; read at every connection. */
  readonly limits: { readonly readTimeoutMs: number };
  /** The reason of an end without failure. */
  readonly stopped: MediaError;
}

/** What is said, and what flows beside it. */
export interface ClientDialogueParts {
  /** Resolves when media flow; whatever it waits for rejects when the dialogue ends. */
  readonly converse: () => Promise<void>;
  /** Stops media and timers at once; called before the farewell, and again when nothing runs any more. */
  readonly halt: () => void;
  /** Frees the rest; the connection is closed. */
  readonly release: () => Promise<void>;
}

/** How a connection is opened. */
export interface OpenOptions extends Pick<ConnectOptions, 'fingerprint' | 'fingerprintKey'> {
  readonly handler: Omit<RtspClientHandler, 'onClose'>;
}

const MAX_CONNECT_MS = 5000;
const TEARDOWN_TIMEOUT_MS = 500;

/** Runs once, from connecting to the end; everything it opened is closed when `run()` settles. */
export class ClientDialogue {
  /** What keep-alive and TEARDOWN speak of. */
  aggregateUrl: string;

  readonly #components: ClientDialogueComponents;
  readonly #options: ClientDialogueOptions;
  readonly #abort = new AbortController();
  readonly #ended = Promise.withResolvers<never>();
  #client: RtspClient | undefined;
  #keepAlive: ClientKeepAlive | undefined;
  #isFlowing = false;

  constructor(components: ClientDialogueComponents, options: ClientDialogueOptions) {
    this.#components = components;
    this.#options = options;
    this.aggregateUrl = options.url.requestUrl;
  }

  /** The one that was opened last. */
  get client(): RtspClient | undefined {
    return this.#client;
  }

  /** @throws MediaError why the dialogue ended, always; the signal's reason when aborted. */
  async run(parts: ClientDialogueParts): Promise<never> {
    const { signal } = this.#components;
    const onAbort = (): void => this.fail(toMediaError(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const conversation = parts.converse();
    try {
      await Promise.race([conversation, this.#ended.promise]);
      return await this.#ended.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      await this.#close(parts, conversation);
    }
  }

  /** Connects, in place of the client before. @throws MediaError as connectToSource(). */
  async open(url: SourceUrl, { handler, ...trust }: OpenOptions): Promise<RtspClient> {
    const { clock, logger } = this.#components;
    const { limits, stopped } = this.#options;
    const { readTimeoutMs } = limits;
    await this.#client?.close(stopped);
    this.#client = undefined;
    const socket = await connectToSource(clock, {
      ...{ url, ...trust },
      timeoutMs: Math.min(MAX_CONNECT_MS, readTimeoutMs),
      signal: this.#abort.signal,
    });
    if (this.#abort.signal.aborted) {
      socket.destroy();
      throw stopped;
    }
    // Before media flow the request that waits for its answer fails with the same reason.
    const onClose = (failure: MediaError): void => {
      if (this.#isFlowing) this.fail(failure);
    };
    const client = new RtspClient(
      { ...{ socket, clock, logger }, handler: { ...handler, onClose } },
      { url, credentials: url.credentials, requestTimeoutMs: readTimeoutMs },
    );
    this.#client = client;
    client.start();
    return client;
  }

  /** @throws MediaError when the dialogue has ended. */
  assertRunning(): void {
    if (this.#abort.signal.aborted) throw this.#options.stopped;
  }

  /** Keeps the session of the aggregate URL from now on. */
  keepAlive(client: RtspClient, session: Omit<KeepAliveOptions, 'url'>): void {
    const { clock, logger } = this.#components;
    this.#keepAlive = new ClientKeepAlive(
      { client, clock, logger, onLost: (failure) => this.fail(failure) },
      { url: this.aggregateUrl, ...session },
    );
    this.#keepAlive.start();
  }

  /** From now on the end of the connection ends the dialogue. @throws MediaError when it has ended already. */
  noteFlow(client: RtspClient): void {
    this.#isFlowing = true;
    if (client.failure) throw client.failure;
  }

  /** Ends the dialogue; the first reason counts. */
  fail(failure: MediaError): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort(failure);
    this.#ended.reject(failure);
  }

  async #close(parts: ClientDialogueParts, conversation: Promise<void>): Promise<void> {
    const { stopped } = this.#options;
    this.fail(stopped);
    this.#halt(parts);
    const client = this.#client;
    if (client) {
      await this.#tearDown(client);
      await client.close(stopped);
    }
    await Promise.allSettled([conversation]);
    this.#halt(parts);
    await parts.release();
  }

  #halt(parts: ClientDialogueParts): void {
    this.#keepAlive?.close();
    parts.halt();
  }

  /** Without it the peer keeps the session until it times out: cameras have room for few, servers hold the path. */
  async #tearDown(client: RtspClient): Promise<void> {
    if (client.sessionId === undefined || client.connection.closedReason) return;
    const { promise: timeout, resolve } = Promise.withResolvers<undefined>();
    const timer = this.#components.clock.after(TEARDOWN_TIMEOUT_MS, () => resolve(undefined));
    const answered = client.request('TEARDOWN', this.aggregateUrl);
    await Promise.allSettled([Promise.race([answered, timeout])]);
    timer.cancel();
  }
}
