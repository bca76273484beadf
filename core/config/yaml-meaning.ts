// What a value of the file comes to, whichever way it is written.
import type { YmlValue } from './encode-config.ts';
import { isYmlList } from './redact-config.ts';

/**
 * Two values with the same meaning load the same: a section without keys may be written `{}` or
 * left empty, and fields of list items (all of them are empty by default) may be left out.
 */
export function meaningOf(value: YmlValue, isInList = false): YmlValue {
  if (isYmlList(value)) return value.map((item) => meaningOf(item, true));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([name, inner]) => [name, meaningOf(inner, isInList)] as const)
    .filter(([, inner]) => !isInList || !isBlank(inner));
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

/** Whether the field of a list item may as well be left out. */
export function isBlank(value: YmlValue): boolean {
  return value === null || value === '' || (isYmlList(value) && value.length === 0);
}
