// Parses JSON bodies of strangers: valid UTF-8, bounded depth, errors without the content.
import { MediaError } from '../base/media-error.ts';

const MAX_DEPTH = 32;

/** @throws MediaError invalid-argument `malformed-body`. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw malformed('is not UTF-8', cause);
  }
}

/** @throws MediaError invalid-argument `malformed-body` naming the position or the depth. */
export function parseJson(text: string): unknown {
  if (isDeeperThan(text, MAX_DEPTH)) throw malformed(`nests deeper than ${MAX_DEPTH} levels`);
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (cause) {
    const position =
      cause instanceof Error ? /at position \d+/u.exec(cause.message)?.[0] : undefined;
    throw malformed(`is not JSON${position === undefined ? '' : ` ${position}`}`, cause);
  }
}

/** Counts brackets outside strings, so that the parser's recursion is never put to the test. */
function isDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  let isString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (isString) {
      if (character === '\\') index++;
      else if (character === '"') isString = false;
    } else if (character === '"') isString = true;
    else if (character === '{' || character === '[') {
      if (++depth > maxDepth) return true;
    } else if (character === '}' || character === ']') depth--;
  }
  return false;
}

function malformed(problem: string, cause?: unknown): MediaError {
  return new MediaError('invalid-argument', 'malformed-body', `request body ${problem}`, { cause });
}
