// Tells other systems about new and deleted recordings by HTTP, once each.
import { basename } from 'node:path';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import { redactUrls } from '../../core/base/url-redaction.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { ProEvent } from '../events/pro-event.ts';

/** Where to; empty texts switch off. */
export interface RecordWebhookOptions {
  readonly createUrl: string;
  readonly deleteUrl: string;
  /** Longest wait for an answer. */
  readonly timeoutMs?: number;
  /** Calls without an answer yet; further ones are left out and logged. */
  readonly maxOpenCalls?: number;
}

/** What the webhooks work with. */
export interface RecordWebhookComponents {
  readonly events: EventBus;
  readonly logger: Logger;
}

/** The body that is posted; names as receivers of the original know them. */
interface WebhookBody {
  readonly resType: 'VIDEO';
  readonly resId: 0;
  readonly resName: string;
  readonly resDesc: string;
  readonly pathName: string;
  readonly thumbnail: '';
  readonly resPath: string;
}

const DEFAULT_TIMEOUT_MS = 1500;
/** A receiver that hangs must not pile up requests. */
const DEFAULT_OPEN_CALLS = 100;
const MAX_TOLD_TASKS = 1000;

/** Posts once per task and deleted file; failures are logged, without credentials, and not repeated. */
export class RecordWebhooks implements AsyncDisposable {
  readonly #components: RecordWebhookComponents;
  readonly #options: RecordWebhookOptions;
  readonly #open = new Set<Promise<void>>();
  /** Tasks told about; a task that goes on in another file is still the same one. */
  readonly #told = new Set<string>();
  readonly #closing = new AbortController();
  #unsubscribe: (() => void) | undefined;

  constructor(components: RecordWebhookComponents, options: RecordWebhookOptions) {
    this.#components = components;
    this.#options = options;
  }

  start(): void {
    this.#unsubscribe = this.#components.events.subscribe((event) => this.#onEvent(event));
  }

  /** Resolves when every request so far is answered or given up. */
  async idle(): Promise<void> {
    await Promise.all(this.#open);
  }

  /** Ends requests that wait for an answer. Idempotent. */
  async close(): Promise<void> {
    this.#unsubscribe?.();
    this.#closing.abort();
    await this.idle();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #onEvent(event: ProEvent): void {
    const { createUrl, deleteUrl } = this.#options;
    if (event.type === 'recordStarted' && createUrl !== '' && !this.#told.has(event.id)) {
      if (this.#told.size >= MAX_TOLD_TASKS) this.#told.clear();
      this.#told.add(event.id);
      this.#send(createUrl, bodyOf(event.fileName, event.name, event.filePath));
    } else if (event.type === 'fileDeleted' && deleteUrl !== '') {
      this.#send(deleteUrl, bodyOf(basename(event.filePath), '', event.filePath));
    }
  }

  #send(url: string, body: WebhookBody): void {
    const { logger } = this.#components;
    const { maxOpenCalls = DEFAULT_OPEN_CALLS } = this.#options;
    if (this.#open.size >= maxOpenCalls) {
      logger.warn(`webhook for '${body.resPath}' is left out: ${maxOpenCalls} wait already`);
      return;
    }
    const sending = this.#post(url, body).catch((thrown: unknown) => {
      const why = redactUrls(reasonOf(thrown));
      logger.warn(`webhook ${redactUrls(url)} for '${body.resPath}' failed: ${why}`);
    });
    this.#open.add(sending);
    void sending.finally(() => this.#open.delete(sending));
  }

  async #post(url: string, body: WebhookBody): Promise<void> {
    const target = new URL(url);
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (target.username !== '') {
      const pair = [target.username, target.password].map(decodeURIComponent).join(':');
      headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
      target.username = '';
      target.password = '';
    }
    const timeout = AbortSignal.timeout(this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const response = await fetch(target, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.any([timeout, this.#closing.signal]),
    });
    await response.body?.cancel();
    if (response.ok) return;
    throw new MediaError('unavailable', 'webhook-refused', `answered ${response.status}`);
  }
}

/** `fetch` hides why it failed one level deeper. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return toMediaError(cause instanceof Error ? cause : thrown).message;
}

function bodyOf(resName: string, pathName: string, resPath: string): WebhookBody {
  return {
    ...{ resType: 'VIDEO', resId: 0, resName, resDesc: pathName },
    ...{ pathName, thumbnail: '', resPath },
  };
}
