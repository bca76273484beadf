// Removes credentials from URLs before they reach a log line, an error text or an API answer.

// Up to the last `@` before a slash: passwords of cameras hold `#` and `?` as they are. Whoever
// forgot to escape a slash gets an error that shows the URL, so up to an `@` behind it too when a
// colon stands before. Begins at `://` and is bounded so that no text takes more than linear time.
const CREDENTIALS = /:\/\/(?:[^\s/]*|[^\s/:?#]*:[^\s?#]{1,256})@/gu;
const SECRET_QUERY =
  /([?&](?:access_token|token|jwt|pass|password|secret|key|signature|auth)=)[^&#\s]*/giu;

/** Replaces `user:pass@` and secret query values in every URL found in `text`. */
export function redactUrls(text: string): string {
  return text.replace(CREDENTIALS, '://***@').replace(SECRET_QUERY, '$1***');
}

/** The same for a raw query without its question mark. */
export function redactQuery(query: string): string {
  return redactUrls(`?${query}`).slice(1);
}
