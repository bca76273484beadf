// What one section of config.yml consists of: its keys, the typed form, and rules between keys.
import type { PathSegment } from '../../core/config/config-issue.ts';
import type { KeyTable, KeyValues } from '../../core/config/config-key.ts';

/** Takes what a rule has found; `path` begins at the key inside the section. */
export interface SectionReport {
  error(path: readonly PathSegment[], message: string): void;
  warn(path: readonly PathSegment[], message: string): void;
}

/** What the typed form of a section may depend on. */
export interface SectionContext {
  /** Absolute folder that relative file names count from. */
  readonly folder: string;
}

/** One section. */
export interface ConfigSection<T extends KeyTable, C> {
  readonly keys: T;
  /** Values of the keys -> the form that rooms take, with units in names. */
  readonly toConfig: (values: KeyValues<T>, context: SectionContext) => C;
  /** Rules between keys; runs when every single value is right. */
  readonly check?: (values: KeyValues<T>, report: SectionReport) => void;
}

/** Defines a section; gives the key table its exact type. */
export function defineSection<T extends KeyTable, C>(
  section: ConfigSection<T, C>,
): ConfigSection<T, C> {
  return section;
}
