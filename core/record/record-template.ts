// A recordPath pattern as MediaMTX has them: makes the names of files, and reads them back.
import { resolve } from 'node:path';
import { recordFolder, recordPatternIn } from '../config/record-path.ts';

/** What the name of a file says. */
export interface TemplateMatch {
  readonly pathName: string;
  /** Date ms, with a fraction when the name is finer. */
  readonly startAt: number;
}

/** A file that is to be made. */
export interface TemplateFile {
  readonly pathName: string;
  /** Date ms. */
  readonly startAt: number;
  /** With dot. */
  readonly extension: string;
  /** Counts from 0 while files of that name exist. */
  readonly attempt: number;
}

type Token = { readonly variable: string } | { readonly text: string };

const VARIABLE = /%(path|[YmdHMSfzs])/u;
/** One segment of a path name; none that begins with a dot, which the library keeps out. */
const SEGMENT = '[0-9A-Za-z_-][0-9A-Za-z_.-]*';
const PATH = `${SEGMENT}(?:/${SEGMENT})*`;
const PATTERNS: Readonly<Record<string, string>> = {
  path: PATH,
  Y: String.raw`\d{4}`,
  m: String.raw`\d{2}`,
  d: String.raw`\d{2}`,
  H: String.raw`\d{2}`,
  M: String.raw`\d{2}`,
  S: String.raw`\d{2}`,
  f: String.raw`\d{6}`,
  // That of UTC as MediaMTX writes it; older versions of ours wrote +0000.
  z: String.raw`(?:Z|[+-]\d{4})`,
  s: String.raw`\d{1,11}`,
};
const EXTENSION = String.raw`\.(?:mp4|ts)`;
/** Behind names without `%f`, for files of one second. */
const ATTEMPT = String.raw`(?:-\d{1,3})?`;
/** What SafeFolder takes. */
const MAX_DEPTH = 16;
const MAX_NAME_BYTES = 255;
const MAX_FILE_BYTES = 1024;

/**
 * `%path`, `%Y %m %d %H %M %S` in the time zone of the machine, `%f` (microseconds), `%z` (its
 * distance from UTC, `Z` for none), `%s` (seconds since 1970). Anything else stands for itself.
 */
export class RecordTemplate {
  /** Absolute folder before the first variable. */
  readonly root: string;
  /** The variable part, without extension. */
  readonly pattern: string;
  readonly #tokens: readonly Token[];
  readonly #file: RegExp;
  readonly #folder: RegExp;

  /** `recordPath` holds a `%`; a relative one counts from `baseFolder`. */
  constructor(recordPath: string, baseFolder: string) {
    this.root = resolve(baseFolder, recordFolder(recordPath));
    this.pattern = recordPatternIn(recordPath);
    this.#tokens = tokensOf(this.pattern);
    const attempt = this.pattern.includes('%f') ? '' : ATTEMPT;
    this.#file = new RegExp(`^${expressionOf(this.#tokens)}${attempt}${EXTENSION}$`, 'u');
    this.#folder = new RegExp(`^${folderExpression(this.pattern)}$`, 'u');
  }

  /** The name, relative to the root. */
  fileFor({ pathName, startAt, extension, attempt }: TemplateFile): string {
    const hasFraction = this.pattern.includes('%f');
    const microseconds = Math.floor(startAt * 1000) + (hasFraction ? attempt : 0);
    const values = valuesOf(pathName, microseconds);
    const name = this.#tokens
      .map((token) => ('text' in token ? token.text : (values[token.variable] ?? '')))
      .join('');
    return `${name}${attempt > 0 && !hasFraction ? `-${attempt}` : ''}${extension}`;
  }

  /** What a name relative to the root says; undefined for one that this pattern doesn't make. */
  read(file: string): TemplateMatch | undefined {
    if (!isStorable(file)) return undefined;
    const groups = this.#file.exec(file)?.groups;
    const startAt = groups && startOf(groups);
    if (startAt === undefined) return undefined;
    return { pathName: groups?.['path'] ?? '', startAt };
  }

  /** Whether files of this pattern can be in a folder (relative to the root) or below it. */
  hasFolder(folder: string): boolean {
    return folder.length <= MAX_FILE_BYTES && this.#folder.test(folder);
  }
}

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  // Every second piece is a variable.
  for (const [index, piece] of pattern.split(VARIABLE).entries()) {
    if (index % 2 === 1) tokens.push({ variable: piece });
    else if (piece !== '') tokens.push({ text: piece });
  }
  return tokens;
}

/** The second time a variable has to say the same. */
function expressionOf(tokens: readonly Token[]): string {
  const seen = new Set<string>();
  return tokens
    .map((token) => {
      if ('text' in token) return escapeText(token.text);
      const { variable } = token;
      if (seen.has(variable)) return `\\k<${variable}>`;
      seen.add(variable);
      return `(?<${variable}>${PATTERNS[variable] ?? ''})`;
    })
    .join('');
}

/** The folders on the way, each within the one before: `a(?:/b(?:/c)?)?`. */
function folderExpression(pattern: string): string {
  const folders = pattern.split('/').slice(0, -1);
  return folders.reduceRight((below, folder, index) => {
    const one = folderPart(folder);
    return index === 0 ? `(?:${one}${below})?` : `(?:/${one}${below})?`;
  }, '');
}

/** Of `%path-x` also the folders on the way to it, which do not end with `-x`. */
function folderPart(folder: string): string {
  const tokens = tokensOf(folder);
  let expression = '';
  let open = 0;
  for (const token of tokens) {
    if ('text' in token) expression += escapeText(token.text);
    else expression += PATTERNS[token.variable] ?? '';
    if ('variable' in token && token.variable === 'path') {
      expression += '(?:';
      open++;
    }
  }
  return expression + ')?'.repeat(open);
}

/** The text as an expression that matches it alone. */
function escapeText(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
}

function valuesOf(pathName: string, microseconds: number): Readonly<Record<string, string>> {
  const date = new Date(Math.floor(microseconds / 1000));
  return {
    path: pathName,
    Y: digits(date.getFullYear(), 4),
    m: digits(date.getMonth() + 1, 2),
    d: digits(date.getDate(), 2),
    H: digits(date.getHours(), 2),
    M: digits(date.getMinutes(), 2),
    S: digits(date.getSeconds(), 2),
    f: digits(microseconds % 1_000_000, 6),
    z: zoneOf(date),
    s: String(Math.floor(microseconds / 1_000_000)),
  };
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0');
}

function zoneOf(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  if (minutes === 0) return 'Z';
  const sign = minutes < 0 ? '-' : '+';
  const size = Math.abs(minutes);
  return `${sign}${digits(Math.floor(size / 60), 2)}${digits(size % 60, 2)}`;
}

function startOf(groups: Readonly<Record<string, string | undefined>>): number | undefined {
  const fractionMs = Number(groups['f'] ?? 0) / 1000;
  if (groups['s'] !== undefined) return Number(groups['s']) * 1000 + fractionMs;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = [
    ...['Y', 'm', 'd', 'H', 'M', 'S'],
  ].map((name) => Number(groups[name] ?? 0));
  const isDate = month >= 1 && month <= 12 && day >= 1 && day <= 31;
  if (!isDate || hour > 23 || minute > 59 || second > 59) return undefined;
  const zone = groups['z'];
  if (zone === undefined) {
    return new Date(year, month - 1, day, hour, minute, second).getTime() + fractionMs;
  }
  // Nothing follows a Z.
  const offset = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3));
  const utc = Date.UTC(year, month - 1, day, hour, minute, second);
  return utc - (zone.startsWith('-') ? -offset : offset) * 60_000 + fractionMs;
}

function isStorable(file: string): boolean {
  if (file.length > MAX_FILE_BYTES) return false;
  const components = file.split('/');
  return (
    components.length <= MAX_DEPTH &&
    components.every((component) => Buffer.byteLength(component) <= MAX_NAME_BYTES)
  );
}
