// config.yml: how webhooks are called.
import { key } from '../../core/config/config-key.ts';
import { defineSection } from './config-section.ts';
import { period, positive } from './pro-values.ts';

/** How webhooks are called; their URLs are `recordCreateWebhook` and `recordDelWebhook`. */
export interface WebhooksConfig {
  readonly timeoutMs: number;
  /** Calls that may wait; further ones are dropped and logged. */
  readonly queueCalls: number;
}

/** The section `webhooks`. */
export const webhooksSection = defineSection({
  keys: {
    timeout: key(period, '1.5s', 'Longest time of a call.'),
    queue: key(positive, 100, 'Calls that may wait; further ones are dropped.'),
  },
  toConfig: ({ timeout, queue }): WebhooksConfig => ({ timeoutMs: timeout, queueCalls: queue }),
});
