// Character classes of RE2: \d \w \s, [:alpha:], \p{Greek}. ASCII unless Unicode is asked for.

/** Whether a code point belongs to a class. */
export type CodePointTest = (codePoint: number) => boolean;

const POSIX: ReadonlyMap<string, RegExp> = new Map([
  ['alnum', /[0-9A-Za-z]/u],
  ['alpha', /[A-Za-z]/u],
  // eslint-disable-next-line no-control-regex -- the class is about control characters
  ['ascii', /[\x00-\x7f]/u],
  ['blank', /[\t ]/u],
  // eslint-disable-next-line no-control-regex -- the class is about control characters
  ['cntrl', /[\x00-\x1f\x7f]/u],
  ['digit', /[0-9]/u],
  ['graph', /[!-~]/u],
  ['lower', /[a-z]/u],
  ['print', /[ -~]/u],
  ['punct', /[!-/:-@[-`{-~]/u],
  ['space', /[\t\n\v\f\r ]/u],
  ['upper', /[A-Z]/u],
  ['word', /[0-9A-Za-z_]/u],
  ['xdigit', /[0-9A-Fa-f]/u],
]);

const ESCAPES: ReadonlyMap<string, RegExp> = new Map([
  ['d', /[0-9]/u],
  ['D', /[^0-9]/u],
  ['w', /[0-9A-Za-z_]/u],
  ['W', /[^0-9A-Za-z_]/u],
  ['s', /[\t\n\f\r ]/u],
  ['S', /[^\t\n\f\r ]/u],
]);

/** The class of `\d`, `\W`...; undefined for any other letter. */
export function escapeClass(letter: string): CodePointTest | undefined {
  return toTest(ESCAPES.get(letter), false);
}

/** The class of `[:alpha:]` or `[:^alpha:]`, given "alpha" or "^alpha". */
export function namedClass(name: string): CodePointTest | undefined {
  const isNegated = name.startsWith('^');
  return toTest(POSIX.get(isNegated ? name.slice(1) : name), isNegated);
}

/** The class of `\pL`, `\p{Greek}`, `\p{^Lu}`; undefined when Unicode has no such class. */
export function unicodeClass(name: string, isNegated: boolean): CodePointTest | undefined {
  const isInverted = name.startsWith('^');
  const bare = isInverted ? name.slice(1) : name;
  for (const property of [`General_Category=${bare}`, `Script=${bare}`]) {
    try {
      return toTest(new RegExp(`\\p{${property}}`, 'u'), isNegated !== isInverted);
    } catch {
      // Not a name of this property; the next may know it.
    }
  }
  return undefined;
}

function toTest(regex: RegExp | undefined, isNegated: boolean): CodePointTest | undefined {
  if (regex === undefined) return undefined;
  return (codePoint) => regex.test(String.fromCodePoint(codePoint)) !== isNegated;
}
