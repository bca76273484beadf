// What a value of the file comes to, whichever way it is written.
import type { PathSegment } from './config-issue.ts';
import type { YmlValue } from './encode-config.ts';
import { isYmlList } from './redact-config.ts';

/** Global lists whose items have empty fields by default; the API shows those that the file leaves out. */
const LISTS_OF_BLANKS: ReadonlySet<PathSegment> = new Set([
  'authInternalUsers',
  'authHTTPExclude',
  'authJWTExclude',
  'webrtcICEServers2',
]);

/** Whether a field at this place may as well be left out as be empty. */
export function mayBeBlank(path: readonly PathSegment[]): boolean {
  const [first, index] = path;
  return first !== undefined && LISTS_OF_BLANKS.has(first) && index !== undefined;
}

/** Whether a value is what such a field has by default. */
export function isBlank(value: YmlValue): boolean {
  const isNothing = value === null || value === '' || value === false;
  return isNothing || (isYmlList(value) && value.length === 0);
}

/**
 * Two values with the same meaning at `path` load the same: a section without keys may be written
 * `{}` or left empty, and blank fields may be left out where that is the default.
 */
export function meaningOf(value: YmlValue, path: readonly PathSegment[] = []): YmlValue {
  if (isYmlList(value)) return value.map((item, index) => meaningOf(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([name, inner]) => [name, meaningOf(inner, [...path, name])] as const)
    .filter(([, inner]) => !mayBeBlank(path) || !isBlank(inner));
  return entries.length === 0 ? null : Object.fromEntries(entries);
}
