// Reads RE2 regular expressions (the syntax of mediamtx.yml) into a tree.
// https://github.com/google/re2/wiki/Syntax
import { MediaError } from '../base/media-error.ts';
import { escapeClass, namedClass, unicodeClass } from './re2-classes.ts';
import type { CodePointTest } from './re2-classes.ts';

/** A position that must hold without consuming a character. */
export type Assertion =
  'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word-edge' | 'not-word-edge';

/** A regular expression as a tree. */
export type RegexNode =
  | { readonly type: 'character'; readonly test: CodePointTest }
  | { readonly type: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly type: 'choice'; readonly items: readonly RegexNode[] }
  | { readonly type: 'group'; readonly index: number; readonly item: RegexNode }
  | { readonly type: 'assertion'; readonly assertion: Assertion }
  | {
      readonly type: 'repeat';
      readonly item: RegexNode;
      readonly min: number;
      /** Infinity when open. */
      readonly max: number;
      readonly isGreedy: boolean;
    };

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly U: boolean;
}

const MAX_PATTERN_LENGTH = 4096;
const MAX_DEPTH = 100;
// The limit of RE2 itself.
const MAX_REPEAT = 1000;
const COUNTED = /\{(\d{1,5})(?:(,)(\d{1,5})?)?\}/uy;
const GROUP_NAME = /\?P?<([A-Za-z_]\w{0,63})>/uy;
const GROUP_FLAGS = /\?([imsU]*)(?:-([imsU]+))?([:)])/uy;
const HEX_ESCAPE = /x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/uy;
const POSIX_CLASS = /\[:(\^?[a-z]+):\]/uy;
const UNICODE_CLASS = /[pP](?:([A-Z])|\{(\^?\w{1,40})\})/uy;
const CONTROL_ESCAPES: ReadonlyMap<string, number> = new Map([
  ['a', 7],
  ['f', 12],
  ['t', 9],
  ['n', 10],
  ['r', 13],
  ['v', 11],
]);
const ASSERTIONS: ReadonlyMap<string, Assertion> = new Map([
  ['A', 'text-start'],
  ['z', 'text-end'],
  ['b', 'word-edge'],
  ['B', 'not-word-edge'],
]);

/** Reads one pattern; single use. */
export class RegexParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #groups = 0;
  #flags: Flags = { i: false, m: false, s: false, U: false };

  constructor(text: string) {
    this.#text = text;
  }

  get groupCount(): number {
    return this.#groups;
  }

  /** @throws MediaError `invalid-argument` when the text is no RE2 pattern. */
  parse(): RegexNode {
    if (this.#text.length > MAX_PATTERN_LENGTH) {
      throw this.#error(`it is longer than ${MAX_PATTERN_LENGTH} characters`);
    }
    const node = this.#choice();
    if (this.#at < this.#text.length) throw this.#error("')' without '('");
    return node;
  }

  #choice(): RegexNode {
    if (++this.#depth > MAX_DEPTH) throw this.#error('groups are nested too deep');
    const outerFlags = this.#flags;
    const items = [this.#sequence()];
    while (this.#take('|')) items.push(this.#sequence());
    this.#flags = outerFlags;
    this.#depth--;
    return items.length === 1 && items[0] !== undefined ? items[0] : { type: 'choice', items };
  }

  #sequence(): RegexNode {
    const items: RegexNode[] = [];
    while (this.#at < this.#text.length && this.#peek() !== '|' && this.#peek() !== ')') {
      if (this.#text.startsWith('\\Q', this.#at)) items.push(...this.#quotation());
      else {
        const atom = this.#atom();
        if (atom !== undefined) items.push(this.#repeated(atom));
      }
    }
    return { type: 'sequence', items };
  }

  /** undefined for something that only sets flags: `(?i)`. */
  #atom(): RegexNode | undefined {
    const character = this.#next();
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return this.#class();
      case '\\':
        return this.#escape();
      case '.':
        return this.#dot();
      case '^':
        return { type: 'assertion', assertion: this.#flags.m ? 'line-start' : 'text-start' };
      case '$':
        return { type: 'assertion', assertion: this.#flags.m ? 'line-end' : 'text-end' };
      case '*':
      case '+':
      case '?':
        throw this.#error(`'${character}' has nothing to repeat`);
      default:
        return this.#literal(character.codePointAt(0) ?? 0);
    }
  }

  #dot(): RegexNode {
    const { s } = this.#flags;
    return { type: 'character', test: (codePoint) => s || codePoint !== 10 };
  }

  #literal(codePoint: number): RegexNode {
    return this.#character((candidate) => candidate === codePoint);
  }

  #character(test: CodePointTest): RegexNode {
    if (!this.#flags.i) return { type: 'character', test };
    return { type: 'character', test: (codePoint) => otherCases(codePoint).some(test) };
  }

  #repeated(item: RegexNode): RegexNode {
    const range = this.#quantifier();
    if (range === undefined) return item;
    const isLazy = this.#take('?');
    if (this.#quantifier() !== undefined) throw this.#error('a repetition is repeated');
    return { type: 'repeat', item, ...range, isGreedy: isLazy === this.#flags.U };
  }

  #quantifier(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity };
    if (this.#take('+')) return { min: 1, max: Infinity };
    if (this.#take('?')) return { min: 0, max: 1 };
    const counted = this.#takeMatch(COUNTED);
    if (counted === undefined) return undefined;
    const min = Number(counted[1]);
    const open = counted[3] === undefined ? Infinity : Number(counted[3]);
    const max = counted[2] === undefined ? min : open;
    if (min > max || min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT)) {
      throw this.#error(`'${counted[0]}' is not a repetition of at most ${MAX_REPEAT}`);
    }
    return { min, max };
  }

  #group(): RegexNode | undefined {
    if (this.#peek() !== '?') return this.#capture();
    if (this.#takeMatch(GROUP_NAME) !== undefined) return this.#capture();
    const match = this.#takeMatch(GROUP_FLAGS);
    if (match === undefined) {
      throw this.#error("'(?' here is no part of RE2 (look-around and the like are not)");
    }
    const [, on = '', off = '', end] = match;
    const outerFlags = this.#flags;
    this.#flags = withFlags(outerFlags, on, off);
    if (end === ')') return undefined;
    const node = this.#choice();
    this.#flags = outerFlags;
    this.#close();
    return node;
  }

  #capture(): RegexNode {
    const index = ++this.#groups;
    const item = this.#choice();
    this.#close();
    return { type: 'group', index, item };
  }

  #close(): void {
    if (!this.#take(')')) throw this.#error("'(' without ')'");
  }

  #escape(): RegexNode {
    const assertion = ASSERTIONS.get(this.#peek());
    if (assertion !== undefined) {
      this.#at++;
      return { type: 'assertion', assertion };
    }
    return this.#character(this.#classEscape() ?? equals(this.#escapedCodePoint()));
  }

  #classEscape(): CodePointTest | undefined {
    const unicode = this.#takeMatch(UNICODE_CLASS);
    if (unicode !== undefined) {
      const test = unicodeClass(unicode[1] ?? unicode[2] ?? '', unicode[0].startsWith('P'));
      if (test === undefined) throw this.#error(`'\\${unicode[0]}' is not a known class`);
      return test;
    }
    const test = escapeClass(this.#peek());
    if (test !== undefined) this.#at++;
    return test;
  }

  #escapedCodePoint(): number {
    const hex = this.#takeMatch(HEX_ESCAPE);
    if (hex !== undefined) return Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
    if (this.#at >= this.#text.length) throw this.#error("'\\' at the end");
    const character = this.#next();
    const control = CONTROL_ESCAPES.get(character);
    if (control !== undefined) return control;
    if (/^[0-9A-Za-z]/u.test(character)) {
      throw this.#error(`'\\${character}' is no part of RE2 or not supported here`);
    }
    return character.codePointAt(0) ?? 0;
  }

  #quotation(): RegexNode[] {
    const end = this.#text.indexOf('\\E', this.#at);
    const quoted = this.#text.slice(this.#at + 2, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 2;
    return Array.from(quoted, (character) => this.#literal(character.codePointAt(0) ?? 0));
  }

  #class(): RegexNode {
    const isNegated = this.#take('^');
    const tests: CodePointTest[] = [];
    for (let isFirst = true; isFirst || this.#peek() !== ']'; isFirst = false) {
      if (this.#at >= this.#text.length) throw this.#error("'[' without ']'");
      tests.push(this.#classItem());
    }
    this.#at++;
    const { i } = this.#flags;
    const isMember: CodePointTest = (codePoint) =>
      tests.some((test) => (i ? otherCases(codePoint).some(test) : test(codePoint)));
    return { type: 'character', test: (codePoint) => isMember(codePoint) !== isNegated };
  }

  #classItem(): CodePointTest {
    const posix = this.#takeMatch(POSIX_CLASS);
    if (posix !== undefined) {
      const test = namedClass(posix[1] ?? '');
      if (test === undefined) throw this.#error(`'${posix[0]}' is not a known class`);
      return test;
    }
    if (this.#peek() === '\\') {
      this.#at++;
      const test = this.#classEscape();
      if (test !== undefined) return test;
      return this.#classRange(this.#escapedCodePoint());
    }
    return this.#classRange(this.#next().codePointAt(0) ?? 0);
  }

  #classRange(low: number): CodePointTest {
    const isRange = this.#peek() === '-' && ![']', undefined].includes(this.#text[this.#at + 1]);
    if (!isRange) return equals(low);
    this.#at++;
    const high = this.#take('\\') ? this.#escapedCodePoint() : (this.#next().codePointAt(0) ?? 0);
    if (high < low) throw this.#error('a range in [] ends before it starts');
    return (codePoint) => codePoint >= low && codePoint <= high;
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #next(): string {
    const codePoint = this.#text.codePointAt(this.#at) ?? 0;
    const character = String.fromCodePoint(codePoint);
    this.#at += character.length;
    return character;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #takeMatch(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match;
  }

  #error(reason: string): MediaError {
    const pattern = this.#text.length > 100 ? `${this.#text.slice(0, 100)}...` : this.#text;
    return new MediaError(
      'invalid-argument',
      'config-invalid-regex',
      `invalid regular expression '${pattern}': ${reason} (character ${this.#at + 1})`,
    );
  }
}

function equals(codePoint: number): CodePointTest {
  return (candidate) => candidate === codePoint;
}

function withFlags(flags: Flags, on: string, off: string): Flags {
  const isOn = (flag: keyof Flags): boolean =>
    on.includes(flag) || (flags[flag] && !off.includes(flag));
  return { i: isOn('i'), m: isOn('m'), s: isOn('s'), U: isOn('U') };
}

function otherCases(codePoint: number): number[] {
  const character = String.fromCodePoint(codePoint);
  return [character, character.toLowerCase(), character.toUpperCase()].map(
    (variant) => variant.codePointAt(0) ?? 0,
  );
}
