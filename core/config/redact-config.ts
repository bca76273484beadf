// A configuration for display: passwords, tokens and credentials in URLs are hidden.
import type { z } from 'zod';
import { redactUrls } from '../base/url-redaction.ts';
import type { Config, GlobalConfig, PathConfig } from './config.ts';
import type { KeyTable } from './config-key.ts';
import type { ConfigRegistry } from './config-registry.ts';
import { allGlobalKeys, allPathKeys, encodeSection } from './encode-config.ts';
import type { EncodedConfig, YmlSection, YmlValue } from './encode-config.ts';
import { childSchema, isSecret } from './schema-walk.ts';

/** Stands for a secret. Written back by `restoreSecrets`, it leaves the secret as it was. */
export const redactedMark = '***';

/** The configuration in yml form without any secret. */
export function redactConfig(config: Config, registry?: ConfigRegistry): EncodedConfig {
  return {
    global: redactGlobal(config.global, registry),
    pathDefaults: redactPath(config.pathDefaults, registry),
    paths: Object.fromEntries(
      [...config.paths].map(([name, path]) => [name, redactPath(path, registry)]),
    ),
  };
}

/** The global section in yml form without any secret. */
export function redactGlobal(global: GlobalConfig, registry?: ConfigRegistry): YmlSection {
  const table = allGlobalKeys(registry);
  return redactSection(encodeSection(global, table), table);
}

/** One path, or pathDefaults, in yml form without any secret. */
export function redactPath(path: PathConfig, registry?: ConfigRegistry): YmlSection {
  const table = allPathKeys(registry);
  return redactSection(encodeSection(path, table), table);
}

/** One value in yml form without secrets; `schema` is the one of its key, list item or field. */
export function redactValue(value: YmlValue, schema: z.core.$ZodType | undefined): YmlValue {
  if (typeof value === 'string') {
    if (value === '' || schema === undefined) return redactUrls(value);
    return isSecret(schema) ? redactedMark : redactUrls(value);
  }
  if (isYmlList(value)) {
    return value.map((item, index) => redactValue(item, schema && childSchema(schema, index)));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      redactValue(field, schema && childSchema(schema, name)),
    ]),
  );
}

/** Whether a yml value is a list (Array.isArray does not narrow read-only arrays). */
export function isYmlList(value: YmlValue | undefined): value is readonly YmlValue[] {
  return Array.isArray(value);
}

function redactSection(section: YmlSection, table: KeyTable): YmlSection {
  return Object.fromEntries(
    Object.entries(section).map(([name, value]) => [name, redactValue(value, table[name]?.schema)]),
  );
}
