// Splits WWW-Authenticate and Authorization headers into challenges (RFC 9110 section 11).
import { MediaError } from '../base/media-error.ts';

/** A scheme with either one token68 (Basic, Bearer) or a list of parameters (Digest). */
export interface AuthHeaderItem {
  /** Lower case. */
  readonly scheme: string;
  /** The value after the scheme as it stands, when it is no parameter list. */
  readonly token68: string | undefined;
  /** Names in lower case; quoted strings without quotes and escapes. */
  readonly parameters: ReadonlyMap<string, string>;
}

interface MutableItem {
  readonly scheme: string;
  token68: string | undefined;
  readonly parameters: Map<string, string>;
}

const MAX_HEADER_CHARS = 8192;
const MAX_ITEMS = 16;
const MAX_PARAMETERS = 32;
const SPACE = /[ \t]*/y;
const SEPARATORS = /[ \t,]*/y;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
// Cameras send unquoted realms and nonces with characters that no token may have.
const UNQUOTED = /[^\s,"]+/y;
const QUOTED = /"(?:[^"\\]|\\.)*"/sy;

/**
 * Reads one header value with one or several challenges, commas inside quotes included.
 * @throws MediaError invalid-argument naming what is wrong, never the values.
 */
export function parseAuthHeader(header: string, name: string): AuthHeaderItem[] {
  if (header.length > MAX_HEADER_CHARS) throw malformed(name, 'is longer than 8192 characters');
  const items: MutableItem[] = [];
  const cursor = new HeaderCursor(header);
  cursor.skip(SEPARATORS);
  while (!cursor.isAtEnd) {
    readElement(cursor, items, name);
    if (items.length > MAX_ITEMS) throw malformed(name, `has more than ${MAX_ITEMS} challenges`);
    cursor.skip(SEPARATORS);
  }
  return items;
}

/** A position in the header; every pattern is sticky, so the whole is read in linear time. */
class HeaderCursor {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  get position(): number {
    return this.#position;
  }

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#position += match[0].length;
    return match[0];
  }

  skip(pattern: RegExp): void {
    this.take(pattern);
  }

  startsWith(text: string): boolean {
    return this.#text.startsWith(text, this.#position);
  }
}

/** One of: `name=value` of the current challenge, or `Scheme`, `Scheme token68`, `Scheme name=value`. */
function readElement(cursor: HeaderCursor, items: MutableItem[], name: string): void {
  const word = cursor.take(TOKEN);
  if (word === undefined) throw malformed(name, `has no token at character ${cursor.position}`);
  const hadSpace = (cursor.take(SPACE) ?? '') !== '';
  const current = items.at(-1);
  if (cursor.startsWith('=') && current !== undefined && current.token68 === undefined) {
    readParameter(cursor, current, { word, name });
    return;
  }
  const item: MutableItem = {
    scheme: word.toLowerCase(),
    token68: undefined,
    parameters: new Map(),
  };
  items.push(item);
  if (!hadSpace) return;
  item.token68 = cursor.take(TOKEN68);
}

function readParameter(
  cursor: HeaderCursor,
  item: MutableItem,
  { word, name }: { readonly word: string; readonly name: string },
): void {
  cursor.skip(/=[ \t]*/y);
  const key = word.toLowerCase();
  const value = cursor.startsWith('"')
    ? unquote(cursor.take(QUOTED), name)
    : (cursor.take(UNQUOTED) ?? '');
  if (item.parameters.has(key)) throw malformed(name, `has the parameter '${key}' twice`);
  item.parameters.set(key, value);
  if (item.parameters.size > MAX_PARAMETERS) {
    throw malformed(name, `has more than ${MAX_PARAMETERS} parameters`);
  }
}

function unquote(quoted: string | undefined, name: string): string {
  if (quoted === undefined) throw malformed(name, 'has a quoted string without an end');
  return quoted.slice(1, -1).replace(/\\(.)/gsu, '$1');
}

function malformed(name: string, problem: string): MediaError {
  return new MediaError('invalid-argument', 'malformed-authorization', `${name} header ${problem}`);
}
