// The signature of webhooks: who has the secret can tell that a message is ours, and how old it is.
import { createHmac } from 'node:crypto';

/** Name of the header that carries it. */
export const signatureHeader = 'X-Mediamtx-Signature';

/**
 * `t=<unix>,v1=<hex>`: HMAC-SHA256 (RFC 2104) with the secret over `<unix>.<body>`.
 * @param nowMs Date ms of the sending.
 */
export function signWebhook(secret: string, nowMs: number, body: string): string {
  const seconds = Math.floor(nowMs / 1000);
  const hex = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${hex}`;
}
