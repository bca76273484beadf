// Errors and warnings found while a configuration is loaded, and how they become one MediaError.
import { MediaError } from '../base/media-error.ts';
import type { ConfigWarning } from './config.ts';

/** One step into the configuration: a key, or an index of a list. */
export type PathSegment = string | number;

/** Where something stands: in the file, or in an environment variable. */
export interface Place {
  /** "mediamtx.yml:12:3", or "environment variable MTX_API". */
  readonly text: string;
  /** 1-based; undefined for environment variables and for defaults. */
  readonly line?: number;
  readonly column?: number;
}

/** One error of a configuration. */
export interface ConfigIssue {
  /** Stable kebab-case identifier, `config-...`. */
  readonly code: string;
  /** Dotted key path, e.g. `authInternalUsers[0].user`; empty for the file as a whole. */
  readonly key: string;
  /** What is wrong, without the place. */
  readonly message: string;
  readonly place: Place;
}

/** A fault before its place is known. */
export interface IssueDetails {
  readonly code: string;
  readonly path: readonly PathSegment[];
  readonly message: string;
}

// Enough to repair a file in one go; a hostile file must not produce megabytes of text.
const MAX_ISSUES = 50;

/** Writes a key path as users know it: `paths.cam1.forward[0].dest`. */
export function dottedPath(path: readonly PathSegment[]): string {
  return path.reduce<string>((text, segment) => {
    if (typeof segment === 'number') return `${text}[${segment}]`;
    return text === '' ? segment : `${text}.${segment}`;
  }, '');
}

/** Collects errors and warnings; knows from `locate` where each key stands. */
export class IssueCollector {
  readonly #locate: (path: readonly PathSegment[]) => Place;
  readonly #issues: ConfigIssue[] = [];
  readonly #warnings: ConfigWarning[] = [];

  constructor(locate: (path: readonly PathSegment[]) => Place) {
    this.#locate = locate;
  }

  get issues(): readonly ConfigIssue[] {
    return this.#issues;
  }

  get warnings(): readonly ConfigWarning[] {
    return this.#warnings;
  }

  /** Adds an error; the same message at the same place counts once. */
  error(details: IssueDetails): void {
    if (this.#issues.length >= MAX_ISSUES) return;
    const place = this.#locate(details.path);
    const isKnown = this.#issues.some(
      (issue) => issue.message === details.message && issue.place.text === place.text,
    );
    if (isKnown) return;
    this.#issues.push({
      code: details.code,
      key: dottedPath(details.path),
      message: details.message,
      place,
    });
  }

  warn(details: IssueDetails): void {
    const key = dottedPath(details.path);
    const place = this.#locate(details.path).text;
    const message = `${place}: ${key}: ${details.message}`;
    const { code, message: text } = details;
    this.#warnings.push(Object.freeze({ code, key, message, text }));
  }

  /** A warning about something outside the file, e.g. an environment variable. */
  warnAbout(name: string, code: string, text: string): void {
    this.#warnings.push(Object.freeze({ code, key: name, message: `${name}: ${text}`, text }));
  }

  /** @throws MediaError `invalid-argument` when an error was collected. */
  throwIfAny(): void {
    if (this.#issues.length > 0) throw issuesToError(this.#issues);
  }
}

/** One issue as a line: place, key, what is wrong. */
export function formatIssue(issue: ConfigIssue): string {
  const key = issue.key === '' ? '' : `${issue.key}: `;
  return `${issue.place.text}: ${key}${issue.message}`;
}

/** All issues as one MediaError of kind `invalid-argument` and the code of the first. */
export function issuesToError(issues: readonly ConfigIssue[]): MediaError {
  const [first] = issues;
  const lines = issues.map(formatIssue);
  const message =
    lines.length === 1
      ? (lines[0] ?? '')
      : `the configuration has ${lines.length} errors:\n${lines.join('\n')}`;
  return new MediaError('invalid-argument', first?.code ?? 'config-invalid', message, {
    context: {
      key: first?.key,
      line: first?.place.line,
      column: first?.place.column,
      errors: lines.length,
    },
  });
}
