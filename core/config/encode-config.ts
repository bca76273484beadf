// Config -> the values as they stand in yml: durations "10s", addresses ":8554".
import type { Config, Extensions } from './config.ts';
import type { ConfigKey, KeyTable } from './config-key.ts';
import { ConfigRegistry } from './config-registry.ts';
import { globalKeys } from './global-keys.ts';
import { pathKeys } from './path-keys.ts';

/** A value in yml form. */
export type YmlValue =
  null | boolean | number | string | readonly YmlValue[] | { readonly [key: string]: YmlValue };

/** Values of one section by key. */
export type YmlSection = Readonly<Record<string, YmlValue>>;

/** A configuration in yml form, every default written out. */
export interface EncodedConfig {
  readonly global: YmlSection;
  readonly pathDefaults: YmlSection;
  readonly paths: Readonly<Record<string, YmlSection>>;
}

/** Every global key, with those of outer layers. */
export function allGlobalKeys(registry = new ConfigRegistry()): KeyTable {
  return { ...globalKeys, ...registry.globalKeys };
}

/** Every path key, with those of outer layers. */
export function allPathKeys(registry = new ConfigRegistry()): KeyTable {
  return { ...pathKeys, ...registry.pathKeys };
}

/** Writes a configuration in yml form. It holds secrets: for display use `redactConfig`. */
export function encodeConfig(config: Config, registry?: ConfigRegistry): EncodedConfig {
  const pathTable = allPathKeys(registry);
  return {
    global: encodeSection(config.global, allGlobalKeys(registry)),
    pathDefaults: encodeSection(config.pathDefaults, pathTable),
    paths: Object.fromEntries(
      [...config.paths].map(([name, path]) => [name, encodeSection(path, pathTable)]),
    ),
  };
}

/** One section in yml form. It holds secrets. */
export function encodeSection(
  section: Readonly<Record<string, unknown>> & { readonly extensions: Extensions },
  table: KeyTable,
): YmlSection {
  return Object.fromEntries(
    Object.entries(table).map(([name, definition]) => {
      const values = Object.hasOwn(section.extensions, name) ? section.extensions : section;
      return [name, encodeValue(definition, values[name])];
    }),
  );
}

/** One decoded value in yml form. It may be a secret. */
export function encodeValue(definition: ConfigKey, value: unknown): YmlValue {
  return toYmlValue(definition.schema.encode(value));
}

/** Proves that an encoded value is one that yml can hold. */
function toYmlValue(value: unknown): YmlValue {
  if (Array.isArray(value)) return value.map(toYmlValue);
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    case 'object':
      if (value === null) return null;
      return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [name, toYmlValue(inner)]),
      );
    default:
      // A key of an outer layer that decodes to "nothing" (undefined) has no yml form but null.
      return null;
  }
}
