// Rules of webhooks: a URL that can be asked, and a secret that can't be guessed.
import { redactUrls } from '../base/url-redaction.ts';
import type { GlobalConfig } from './config.ts';
import type { ReportGlobal } from './validation.ts';

const MIN_SECRET_CHARS = 16;
/** Each has a queue of its own. */
const MAX_WEBHOOKS = 100;

/** Reports every broken rule of `webhooks`. */
export function validateWebhooks({ webhooks }: GlobalConfig, report: ReportGlobal): void {
  if (webhooks.length > MAX_WEBHOOKS) {
    report(['webhooks'], `there can't be more than ${MAX_WEBHOOKS} webhooks`);
  }
  for (const [index, { url, secret }] of webhooks.entries()) {
    const fault = urlFault(url);
    if (fault !== undefined) {
      report(['webhooks', index, 'url'], `'${redactUrls(url)}' ${fault}`);
    }
    if (secret.length < MIN_SECRET_CHARS) {
      const message = `a secret must have at least ${MIN_SECRET_CHARS} characters`;
      report(['webhooks', index, 'secret'], message);
    }
  }
}

function urlFault(text: string): string | undefined {
  if (!/^https?:\/\/[^/\s]/iu.test(text) || !URL.canParse(text)) {
    return 'is not an http:// or https:// URL';
  }
  const { username, password } = new URL(text);
  return username === '' && password === '' ? undefined : 'must not hold a user name or password';
}
