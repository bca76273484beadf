// Decoded values between the reader and the finished Config.
import type { DecodedValues } from './decode-keys.ts';

/** What the file and the environment set themselves, without defaults. */
export interface ExplicitValues {
  readonly global: DecodedValues;
  readonly pathDefaults: DecodedValues;
  readonly paths: ReadonlyMap<string, DecodedValues>;
}

/** Explicit values over defaults. */
export type MergedValues = ExplicitValues;
