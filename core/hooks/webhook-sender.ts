// Webhooks: what hooks tell commands, told to URLs of the configuration, each with a queue of its own.
import { randomUUID } from 'node:crypto';
import { delay } from '../base/clock.ts';
import type { HookVariables } from './expand-arguments.ts';
import {
  WebhookQueue,
  type WebhookConfig,
  type WebhookDrops,
  type WebhookQueueComponents,
} from './webhook-queue.ts';

/** What the sender works with. */
export interface WebhookSenderComponents extends WebhookQueueComponents {
  /** Read at each event: a reload may have changed them. */
  readonly webhooks: () => readonly WebhookConfig[];
}

/** How long messages about the end of something may take when the server stops. */
const CLOSE_GRACE_MS = 1000;

/** Sends events to everybody who wants them. */
export class WebhookSender implements AsyncDisposable {
  readonly #components: WebhookSenderComponents;
  readonly #queues = new Map<string, WebhookQueue>();
  readonly #drops: WebhookDrops = { full: 0, failed: 0 };
  #isClosed = false;

  constructor(components: WebhookSenderComponents) {
    this.#components = components;
  }

  /** Only grow. */
  get drops(): Readonly<WebhookDrops> {
    return this.#drops;
  }

  /** Something happened; `event` is the key of mediamtx.yml, e.g. `runOnRead`. Does not wait. */
  tell(event: string, variables: HookVariables): void {
    if (this.#isClosed) return;
    this.#forgetUnwanted();
    const wanted = this.#components
      .webhooks()
      .filter(({ events }) => events.length === 0 || events.some((each) => each === event));
    if (wanted.length === 0) return;
    const body = this.#bodyOf(event, variables);
    for (const webhook of wanted) this.#queueOf(webhook).push(body);
  }

  /** Waits a moment for what is on its way. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const queues = [...this.#queues.values()];
    this.#queues.clear();
    const timeout = new AbortController();
    const late = delay(this.#components.clock, CLOSE_GRACE_MS, timeout.signal).catch(
      () => undefined,
    );
    await Promise.race([Promise.all(queues.map(({ idle }) => idle)), late]);
    timeout.abort();
    for (const queue of queues) queue.close();
    await Promise.all(queues.map(({ idle }) => idle));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #bodyOf(event: string, variables: HookVariables): string {
    const path = variables['MTX_PATH'];
    return JSON.stringify({
      ...{ id: randomUUID(), event },
      time: new Date(this.#components.clock.nowMs()).toISOString(),
      ...(path === undefined ? {} : { path }),
      ...variables,
    });
  }

  #queueOf(webhook: WebhookConfig): WebhookQueue {
    const key = keyOf(webhook);
    const known = this.#queues.get(key);
    if (known) return known;
    const isWanted = (): boolean => this.#components.webhooks().some((each) => keyOf(each) === key);
    const queue = new WebhookQueue(this.#components, { webhook, drops: this.#drops, isWanted });
    this.#queues.set(key, queue);
    return queue;
  }

  #forgetUnwanted(): void {
    const wanted = new Set(this.#components.webhooks().map(keyOf));
    for (const [key, queue] of this.#queues) {
      if (wanted.has(key)) continue;
      queue.close();
      this.#queues.delete(key);
    }
  }
}

function keyOf({ url, secret }: WebhookConfig): string {
  return `${url}\n${secret}`;
}
