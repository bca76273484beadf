// Loads mediamtx.yml and the environment into a frozen Config, or tells everything that is wrong.
import type { Config } from './config.ts';
import { ConfigBuilder } from './config-builder.ts';
import { readConfigText } from './config-file.ts';
import { ConfigRegistry } from './config-registry.ts';
import { issuesToError } from './config-issue.ts';
import type { ConfigIssue } from './config-issue.ts';
import type { Environment } from './environment.ts';

export interface LoadConfigOptions {
  /** Text of the file; read from `filePath` when absent. Both absent: built-in defaults. */
  readonly text?: string;
  /** For reading, for messages, and for resolving relative `file:` sources. */
  readonly filePath?: string;
  /** The environment of the process; give {} to ignore it. */
  readonly env: Environment;
  /** Keys of outer layers. */
  readonly registry?: ConfigRegistry;
}

/** Outcome of a check: a configuration, or every error with its line and column. */
export type ConfigCheck =
  | { readonly config: Config; readonly issues: readonly [] }
  | { readonly config: undefined; readonly issues: readonly ConfigIssue[] };

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
 * @throws MediaError as `loadConfig` when the file cannot be read or is encrypted.
 */
export function checkConfig(options: LoadConfigOptions): ConfigCheck {
  const text = readConfigText(options);
  const builder = new ConfigBuilder(text, {
    filePath: options.filePath,
    registry: options.registry ?? new ConfigRegistry(),
  });
  return builder.build(options.env);
}
