// What the configuration knows about one key: schema, default and description, gathered in tables.
import type { z } from 'zod';

/** One key of mediamtx.yml. The schema decodes the yml form and encodes it back. */
export interface ConfigKey<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  /** In yml form, as a user would write it. */
  readonly default: z.input<S>;
  /** One sentence with the unit, for the documentation and the API. */
  readonly description: string;
}

/** Keys by name. */
export type KeyTable = Readonly<Record<string, ConfigKey>>;

/** The decoded values of a table, by key. */
export type KeyValues<T extends KeyTable> = {
  readonly [K in keyof T]: z.output<T[K]['schema']>;
};

/** Defines one key. */
export function key<S extends z.ZodType>(
  schema: S,
  defaultValue: z.input<S>,
  description: string,
): ConfigKey<S> {
  return { schema, default: defaultValue, description };
}
