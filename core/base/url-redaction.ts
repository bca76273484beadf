// Removes credentials from URLs before they reach a log line, an error text or an API answer.

// Up to the last `@` before a slash: passwords of cameras hold `#` and `?` as they are.
const CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s/]*@/giu;
const SECRET_QUERY =
  /([?&](?:access_token|token|jwt|pass|password|secret|key|signature|auth)=)[^&#\s]*/giu;

/** Replaces `user:pass@` and secret query values in every URL found in `text`. */
export function redactUrls(text: string): string {
  return text.replace(CREDENTIALS, '$1***@').replace(SECRET_QUERY, '$1***');
}
