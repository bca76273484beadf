// A regular expression that takes every path name but some.

/**
 * An RE2 expression, whole, for every text that is none of `names`. RE2 knows no "not": the names
 * are followed character by character, and whatever leaves their way somewhere is another one.
 */
export function allNamesBut(names: readonly string[]): string {
  return `^${otherThan(names)}$`;
}

function otherThan(texts: readonly string[]): string {
  if (texts.length === 0) return '.*';
  const tails = new Map<string, string[]>();
  for (const text of texts) {
    const [head] = text;
    if (head === undefined) continue;
    const known = tails.get(head) ?? [];
    known.push(text.slice(head.length));
    tails.set(head, known);
  }
  const endsHere = texts.includes('');
  if (tails.size === 0) return '.+';
  const heads = [...tails.keys()].map(escaped).join('');
  const ways = [...tails].map(([head, rest]) => escaped(head) + otherThan(rest));
  return `(?:${[...(endsHere ? [] : ['']), `[^${heads}].*`, ...ways].join('|')})`;
}

function escaped(character: string): string {
  return /^\w$/u.test(character) ? character : `\\${character}`;
}
