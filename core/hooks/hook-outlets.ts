// Both ways that hooks tell of something: commands and webhooks.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { AddressPolicy } from '../http/address-policy.ts';
import { PinnedHttpClient } from '../http/pinned-http-client.ts';
import type { HookVariables } from './expand-arguments.ts';
import type { HookLaunch, HookLauncher, HookStart, StartedCommand } from './hook-launcher.ts';
import { HookRunner } from './hook-runner.ts';
import type { WebhookConfig } from './webhook-queue.ts';
import { WebhookSender } from './webhook-sender.ts';

/** What they work with. */
export interface HookOutletsComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What every command gets beside the variables of its hook. */
  readonly environment: HookVariables;
  readonly webhooks: () => readonly WebhookConfig[];
}

/** A count of what was dropped, for metrics. */
export interface HookDropSample {
  readonly labels: { readonly queue: string; readonly reason: string };
  readonly value: number;
}

/** The operator may name a service of this machine; the addresses of clouds' metadata stay closed. */
const ALLOWED = ['127.0.0.0/8', '::1'];
const MAX_RESPONSE_BYTES = 64 * 1024;

/** Owns commands and messages. */
export class HookOutlets implements HookLauncher, AsyncDisposable {
  readonly #runner: HookRunner;
  readonly #sender: WebhookSender;

  constructor({ clock, logger, environment, webhooks }: HookOutletsComponents) {
    const policy = new AddressPolicy({ allow: ALLOWED, place: 'webhooks' });
    const client = new PinnedHttpClient(
      { clock, policy },
      { maxResponseBytes: MAX_RESPONSE_BYTES },
    );
    this.#runner = new HookRunner({ clock, logger, environment });
    this.#sender = new WebhookSender({ clock, logger, client, webhooks });
  }

  get drops(): readonly HookDropSample[] {
    const { full, failed } = this.#sender.drops;
    return [
      { labels: { queue: 'hook_commands', reason: 'full' }, value: this.#runner.dropped },
      { labels: { queue: 'webhooks', reason: 'full' }, value: full },
      { labels: { queue: 'webhooks', reason: 'failed' }, value: failed },
    ];
  }

  begin(start: HookStart): StartedCommand | undefined {
    return this.#runner.begin(start);
  }

  launch(launch: HookLaunch): void {
    this.#runner.launch(launch);
  }

  end(name: string, command: StartedCommand): void {
    this.#runner.end(name, command);
  }

  tell(name: string, variables: HookVariables): void {
    this.#sender.tell(name, variables);
  }

  /** What tells of the end of something has a moment more. Idempotent. */
  async close(): Promise<void> {
    await Promise.all([this.#runner.close(), this.#sender.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
