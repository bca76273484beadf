// Rules for path names and for the keys of `paths`.

/** Longest path name that a client may ask for, in bytes. */
export const maxPathNameBytes = 255;

const NAME = /^[0-9a-zA-Z_\-/.]+$/u;
const CATCH_ALL: ReadonlySet<string> = new Set(['all', 'all_others', '~^.*$']);

/** Whether a key of `paths` stands for every name that no other key takes. */
export function isCatchAll(confName: string): boolean {
  return CATCH_ALL.has(confName);
}

/** Whether a key of `paths` is a regular expression, the catch-all included. */
export function isPatternName(confName: string): boolean {
  return confName.startsWith('~') || isCatchAll(confName);
}

/** Why `name` cannot be a path name, or undefined when it can. */
export function pathNameFault(name: string): string | undefined {
  if (name === '') return 'cannot be empty';
  if (name.length > maxPathNameBytes) return `cannot be longer than ${maxPathNameBytes} bytes`;
  if (name.startsWith('/')) return "can't begin with a slash";
  if (name.endsWith('/')) return "can't end with a slash";
  if (!NAME.test(name)) {
    return 'can contain only letters A to Z, digits, underscore, minus, slash and dot';
  }
  if (name.split('/').some((segment) => segment === '.' || segment === '..')) {
    return "can't contain '.' or '..' as a segment";
  }
  return undefined;
}
