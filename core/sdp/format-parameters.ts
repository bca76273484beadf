// Format parameters of an fmtp attribute (RFC 8866 section 6.15): names to values.

/** Names in lower case, values as written. */
export type FormatParameters = ReadonlyMap<string, string>;

const MAX_WORDS = 256;

/**
 * Splits `a=1; b=2`. Takes parameters parted by blanks only, a blank after the comma inside a list,
 * and quoted values; a parameter without `=` gets an empty value. The first of two equal names wins.
 */
export function parseFormatParameters(text: string): FormatParameters {
  const parameters = new Map<string, string>();
  let lastName = '';
  const words = text.split(/[; \t]/).filter((word) => word !== '');
  for (const word of words.slice(0, MAX_WORDS)) {
    const lastValue = parameters.get(lastName);
    if (lastValue?.endsWith(',') === true) {
      parameters.set(lastName, lastValue + word);
      continue;
    }
    const equals = word.indexOf('=');
    const name = (equals < 0 ? word : word.slice(0, equals)).toLowerCase();
    if (parameters.has(name)) continue;
    parameters.set(name, equals < 0 ? '' : withoutQuotes(word.slice(equals + 1)));
    lastName = name;
  }
  return parameters;
}

/** A parameter as a whole number 0..`max`; undefined when it is missing or something else. */
export function integerParameter(
  parameters: FormatParameters,
  name: string,
  max: number,
): number | undefined {
  const text = parameters.get(name) ?? '';
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

function withoutQuotes(value: string): string {
  const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  return isQuoted ? value.slice(1, -1) : value;
}
