// Global keys of mediamtx.yml: who is told by HTTP of what the hooks tell commands.
import { z } from 'zod';
import { key } from './config-key.ts';
import { listOf, oneOf, secretText, text } from './value-schemas.ts';

const event = oneOf(
  ...(['runOnConnect', 'runOnDisconnect', 'runOnInit', 'runOnDemand', 'runOnUnDemand'] as const),
  ...(['runOnAvailable', 'runOnUnavailable', 'runOnOnline', 'runOnOffline'] as const),
  ...(['runOnRead', 'runOnUnread'] as const),
  ...(['runOnRecordSegmentCreate', 'runOnRecordSegmentComplete'] as const),
);

const webhook = z
  .strictObject({
    /** http:// or https://, without credentials. */
    url: text,
    /** Signs what is sent (HMAC-SHA256); at least 16 characters. */
    secret: secretText,
    /** Empty for all. */
    events: listOf(event).prefault([]),
  })
  .readonly();

/** Keys of webhooks. */
export const webhookKeys = {
  webhooks: key(listOf(webhook), [], 'URLs that get a signed POST for each event of a hook.'),
};
