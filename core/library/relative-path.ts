// Checks file names that strangers give: a name is taken as it is or refused, never cleaned.
import { MediaError } from '../base/media-error.ts';

/** Longest component of a name in bytes of UTF-8, as Linux file systems have it. */
export const maxNameBytes = 255;
const MAX_PATH_BYTES = 1024;
const MAX_DEPTH = 16;
const SHOWN_CHARACTERS = 120;

/** Control characters, line separators, and marks that make a name look like another one. */
const UNSEEN = /[\p{Cc}\u{2028}\u{2029}\u{202A}-\u{202E}\u{2066}-\u{2069}\u{FEFF}]/gu;
/** Another layer may decode once more what we do not. */
const ENCODED = /%(?:25|2e|2f|5c|00|c0|c1|u00|uff)/iu;
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/iu;
const WINDOWS_FORBIDDEN = /[<>:"|?*]/u;

/**
 * Checks a relative name of an existing file or folder, e.g. `20250116/a.mp4`, and returns it unchanged.
 * @throws MediaError invalid-argument `bad-file-name`.
 */
export function checkRelativePath(path: string): string {
  const fault = relativePathFault(path);
  if (fault !== undefined) throw badName(path, fault);
  return path;
}

/**
 * Checks a single name for a file that is to be made; stricter, so that every system can copy it.
 * @throws MediaError invalid-argument `bad-file-name`.
 */
export function checkNewFileName(name: string): string {
  const fault = newNameFault(name);
  if (fault !== undefined) throw badName(name, fault);
  return name;
}

/** Why `path` is no relative name, or undefined when it is one. */
export function relativePathFault(path: string): string | undefined {
  if (path === '') return 'is empty';
  // Cheap bounds first: whatever follows takes time in proportion to the length.
  if (path.length > MAX_PATH_BYTES || Buffer.byteLength(path) > MAX_PATH_BYTES) {
    return `is longer than ${MAX_PATH_BYTES} bytes`;
  }
  if (path.startsWith('/')) return 'is an absolute path';
  const components = path.split('/');
  if (components.length > MAX_DEPTH) return `has more than ${MAX_DEPTH} components`;
  for (const component of components) {
    const fault = componentFault(component);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function componentFault(component: string): string | undefined {
  if (component === '') return 'has an empty component';
  if (component === '.' || component === '..') return `has the component '${component}'`;
  if (component.startsWith('.')) return 'has a component that begins with a dot';
  if (Buffer.byteLength(component) > maxNameBytes) {
    return `has a component longer than ${maxNameBytes} bytes`;
  }
  if (!component.isWellFormed()) return 'is not valid Unicode';
  if (component.search(UNSEEN) !== -1) return 'has control or formatting characters';
  if (component.includes('\\')) return 'has a backslash';
  if (ENCODED.test(component)) return 'has an encoded separator, dot, NUL or percent sign';
  return lookAlikeFault(component);
}

/** Full-width dots and slashes become real ones wherever somebody normalises the name. */
function lookAlikeFault(component: string): string | undefined {
  const plain = component.normalize('NFKC');
  if (/[/\\]/u.test(plain)) return 'has a character that reads as a slash';
  return plain.startsWith('.') ? 'begins with a character that reads as a dot' : undefined;
}

function newNameFault(name: string): string | undefined {
  if (name.includes('/')) return 'has a slash';
  const fault = relativePathFault(name);
  if (fault !== undefined) return fault;
  if (name.startsWith(' ') || /[ .]$/u.test(name)) {
    return 'begins with a space, or ends with a space or a dot';
  }
  if (name.startsWith('-')) return 'begins with a minus sign';
  if (WINDOWS_FORBIDDEN.test(name)) return `has one of the characters < > : " | ? *`;
  return WINDOWS_DEVICE.test(name) ? 'is a device name on Windows' : undefined;
}

function badName(value: string, fault: string): MediaError {
  return new MediaError(
    'invalid-argument',
    'bad-file-name',
    `file name ${showName(value)} ${fault}`,
  );
}

/** A foreign name as it may stand in an error text: quoted, bounded, and without characters that would act in a terminal. */
export function showName(value: string): string {
  const shown = value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value;
  const escape = (character: string): string =>
    `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  return `'${shown.toWellFormed().replaceAll(UNSEEN, escape)}'`;
}
