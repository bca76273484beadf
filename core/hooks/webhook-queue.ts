// What waits for one receiver of webhooks: sent one after another, in order, again when it fails.
import { delay, type Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { GlobalConfig } from '../config/config.ts';
import type { PinnedHttpClient } from '../http/pinned-http-client.ts';
import { signatureHeader, signWebhook } from './webhook-signature.ts';

/** One entry of `webhooks`. */
export type WebhookConfig = GlobalConfig['webhooks'][number];

/** What a queue works with. */
export interface WebhookQueueComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly client: Pick<PinnedHttpClient, 'request'>;
}

/** Messages that a queue gave up. */
export interface WebhookDrops {
  /** The queue was full. */
  full: number;
  /** The receiver refused them, or could not be reached in time. */
  failed: number;
}

/** Who receives, and where losses are counted. */
export interface WebhookQueueOptions {
  readonly webhook: Pick<WebhookConfig, 'url' | 'secret'>;
  readonly drops: WebhookDrops;
  /** Whether the configuration still names the receiver. */
  readonly isWanted: () => boolean;
}

/** Characters of all messages that wait; beyond them the oldest are dropped. */
const MAX_CHARS = 1024 * 1024;
const RETRY_PAUSES_MS = [1000, 5000, 30_000];
const TIMEOUT_MS = 10_000;

/** Starts to send with the first message. */
export class WebhookQueue {
  readonly #components: WebhookQueueComponents;
  readonly #options: WebhookQueueOptions;
  readonly #place: string;
  readonly #abort = new AbortController();
  readonly #waiting: string[] = [];
  #chars = 0;
  #work: Promise<void> | undefined;
  #isFailing = false;

  constructor(components: WebhookQueueComponents, options: WebhookQueueOptions) {
    this.#components = components;
    this.#options = options;
    this.#place = new URL(options.webhook.url).host;
  }

  /** Resolves when nothing waits and nothing is on its way. */
  get idle(): Promise<void> {
    return this.#work ?? Promise.resolve();
  }

  /** Takes a message; does not wait. */
  push(body: string): void {
    if (this.#hasEnded()) return;
    this.#waiting.push(body);
    this.#chars += body.length;
    while (this.#chars > MAX_CHARS) this.#dropOldest();
    this.#work ??= this.#run();
  }

  /** Gives up what waits and what is on its way. Idempotent. */
  close(): void {
    this.#waiting.length = 0;
    this.#abort.abort(new MediaError('canceled', 'webhook-ended', 'the webhook has ended'));
  }

  #hasEnded(): boolean {
    return this.#abort.signal.aborted;
  }

  #dropOldest(): void {
    this.#chars -= this.#waiting.shift()?.length ?? 0;
    this.#options.drops.full++;
  }

  async #run(): Promise<void> {
    // The caller goes on first.
    await Promise.resolve();
    for (let body = this.#take(); body !== undefined; body = this.#take()) {
      await this.#deliver(body);
    }
    this.#work = undefined;
  }

  #take(): string | undefined {
    const body = this.#waiting.shift();
    this.#chars -= body?.length ?? 0;
    return body;
  }

  async #deliver(body: string): Promise<void> {
    const { clock } = this.#components;
    const { signal } = this.#abort;
    for (const pauseMs of [...RETRY_PAUSES_MS, undefined]) {
      if (!this.#options.isWanted()) this.close();
      if (this.#hasEnded()) return;
      const outcome = await this.#attempt(body);
      if (outcome === 'taken' || this.#hasEnded()) return;
      if (outcome === 'refused' || pauseMs === undefined) break;
      await delay(clock, pauseMs, signal).catch(() => undefined);
    }
    if (!this.#hasEnded()) this.#options.drops.failed++;
  }

  async #attempt(body: string): Promise<'taken' | 'refused' | 'failed'> {
    const { clock, client } = this.#components;
    const { url, secret } = this.#options.webhook;
    try {
      const { status } = await client.request({
        ...{ url, method: 'POST', body, signal: this.#abort.signal, timeoutMs: TIMEOUT_MS },
        headers: {
          'Content-Type': 'application/json',
          'User-Agent': 'mediamtx-pro',
          [signatureHeader]: signWebhook(secret, clock.nowMs(), body),
        },
      });
      if (status >= 200 && status < 300) return this.#succeeded();
      this.#failed(`status ${status}`);
      return status >= 500 || status === 408 || status === 429 ? 'failed' : 'refused';
    } catch (thrown) {
      const { code, message } = toMediaError(thrown);
      if (!this.#hasEnded()) this.#failed(message);
      return code === 'redirect-refused' ? 'refused' : 'failed';
    }
  }

  #succeeded(): 'taken' {
    if (this.#isFailing) this.#components.logger.info(`webhook of ${this.#place} works again`);
    this.#isFailing = false;
    return 'taken';
  }

  /** Told once until it works again; the rest is counted. */
  #failed(why: string): void {
    if (!this.#isFailing) this.#components.logger.warn(`webhook of ${this.#place}: ${why}`);
    this.#isFailing = true;
  }
}
