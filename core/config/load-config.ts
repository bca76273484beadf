// Loads mediamtx.yml and the environment into a frozen Config, or tells everything that is wrong.
import type { Config } from './config.ts';
import { ConfigBuilder } from './config-builder.ts';
import type { ConfigCheck } from './config-builder.ts';
import type { ConfigEdit } from './config-edit.ts';
import { readConfigText } from './config-file.ts';
import type { ConfigInput } from './config-file.ts';
import { ConfigRegistry } from './config-registry.ts';
import { issuesToError } from './config-issue.ts';

/** What to load, and with which keys. */
export interface LoadConfigOptions extends ConfigInput {
  /** Keys of outer layers. */
  readonly registry?: ConfigRegistry;
  /** Changes over the text, under the environment. */
  readonly edits?: readonly ConfigEdit[];
}

/**
 * Loads a configuration. The environment wins over the file, the file over the defaults.
 * @throws MediaError `invalid-argument` with all errors (`config-...`), `not-found` or
 * `unavailable` when the file cannot be read, `unsupported` when it is encrypted.
 */
export function loadConfig(options: LoadConfigOptions): Config {
  const { config, issues } = checkConfig(options);
  if (config === undefined) throw issuesToError(issues);
  return config;
}

/**
 * Like `loadConfig`, but gives the errors as a list, for an editor that marks lines.
 * @throws MediaError as `loadConfig` when the file cannot be read or is encrypted, `invalid-argument`
 * `config-invalid-path` for an edit that leads through a single value.
 */
export function checkConfig(options: LoadConfigOptions): ConfigCheck {
  const text = readConfigText(options);
  const builder = new ConfigBuilder(text, {
    filePath: options.filePath,
    registry: options.registry ?? new ConfigRegistry(),
    edits: options.edits,
  });
  return builder.build(options.env);
}
