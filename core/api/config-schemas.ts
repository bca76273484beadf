// Shapes of the configuration in Control API v3, made from the tables that the loader reads.
import { z } from 'zod';
import type { KeyTable } from '../config/config-key.ts';
import { deprecatedGlobalKeys, deprecatedPathKeys } from '../config/deprecated-keys.ts';
import { allGlobalKeys, allPathKeys } from '../config/encode-config.ts';
import { unwrapSchema } from '../config/schema-walk.ts';

/** Global keys that moved into pathDefaults, and others that are only answered with null. */
export const oldGlobalNames: readonly string[] = Object.keys(deprecatedGlobalKeys);

/** Old path keys; the buffer sizes are global nowadays. */
export const oldPathNames: readonly string[] = [
  ...Object.keys(deprecatedPathKeys),
  'mpegtsUDPReadBufferSize',
  'rtpUDPReadBufferSize',
  'rtspUDPReadBufferSize',
];

const old = z.null().meta({ deprecated: true, description: 'key of an older version' });

/** Every global key in yml form. */
export const globalConfSchema = sectionSchema(allGlobalKeys(), oldGlobalNames).meta({
  id: 'GlobalConf',
});

/** Every path key in yml form, with the name of the entry. */
export const pathConfSchema = sectionSchema(allPathKeys(), oldPathNames)
  .extend({ name: z.string().describe('key of `paths`; empty for pathDefaults') })
  .meta({ id: 'PathConf' });

/** Some global keys. */
export const globalConfEditSchema = globalConfSchema.partial().meta({ id: 'GlobalConfEdit' });

/** Some path keys. */
export const pathConfEditSchema = pathConfSchema.partial().meta({ id: 'PathConfEdit' });

/** Outer layers have keys of their own, so more keys are allowed. */
function sectionSchema(table: KeyTable, oldNames: readonly string[]): z.ZodObject {
  const entries = Object.entries(table).map(([name, { schema, description }]) => {
    const inner = unwrapSchema(schema);
    return [name, inner instanceof z.ZodType ? inner.meta({ description }) : z.unknown()];
  });
  const missing = oldNames.filter((name) => !Object.hasOwn(table, name));
  const nulls = missing.map((name) => [name, old]);
  return z.looseObject(Object.fromEntries([...entries, ...nulls]));
}
