// Words of a service, fit for a log line: what they repeat of a request must not give its keys away.

// Access keys; what stands behind names of a signature; and whatever is as long as tokens and signatures are.
const SECRETS =
  /\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\b(?:X-Amz-[\w-]{1,40}|Signature|Credential)["']?[=:]\s?["']?[^\s"',&]+|[A-Za-z0-9+/=%_-]{60,}/giu;
const UNPRINTABLE = /[^\u0020-\u007e]+/gu;

/** At most `maxCharacters` of `text`, without line breaks, keys, tokens and signatures. */
export function quotedWords(text: string, maxCharacters: number): string {
  return text.replace(UNPRINTABLE, ' ').replace(SECRETS, '***').slice(0, maxCharacters).trim();
}
