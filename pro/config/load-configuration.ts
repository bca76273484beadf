// Finds and loads both files: config.yml, which names mediamtx.yml, or mediamtx.yml alone.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { findConfigFile } from '../../core/config/config-file.ts';
import type { Config } from '../../core/config/config.ts';
import type { Environment } from '../../core/config/environment.ts';
import { loadConfig } from '../../core/config/load-config.ts';
import { loadProConfig } from './load-pro-config.ts';
import type { ProConfig } from './pro-config.ts';
import { ProKeys } from './pro-keys.ts';

/** Where to look. */
export interface ConfigurationFiles {
  /** A mediamtx.yml that is loaded without config.yml. */
  readonly mediamtxFile?: string | undefined;
  readonly proConfigFile?: string | undefined;
  /** Where files are looked for when none is named. */
  readonly folder: string;
}

/** Both files. */
export interface Configuration {
  readonly pro: ProConfig;
  readonly core: Config;
  readonly proKeys: ProKeys;
}

/**
 * Loads what is named, else config.yml of the folder, else the usual mediamtx.yml. A mediamtx.yml
 * alone has every default of config.yml, and relative names there count from its folder.
 * @throws MediaError as loadProConfig() and loadConfig().
 */
export function loadConfiguration(files: ConfigurationFiles, env: Environment): Configuration {
  const proKeys = new ProKeys();
  const { registry } = proKeys;
  const proFile = files.proConfigFile ?? usualProFile(files);
  if (proFile !== undefined) {
    const pro = loadProConfig(proFile, { env });
    return { pro, core: loadConfig({ filePath: pro.mediamtxFile, env, registry }), proKeys };
  }
  const filePath = files.mediamtxFile ?? findConfigFile(files.folder);
  const folder = filePath === undefined ? files.folder : dirname(resolve(filePath));
  const core = loadConfig({ env, registry, ...(filePath === undefined ? {} : { filePath }) });
  return { pro: loadProConfig(undefined, { env, folder }), core, proKeys };
}

function usualProFile({ mediamtxFile, folder }: ConfigurationFiles): string | undefined {
  const usual = join(folder, 'config.yml');
  return mediamtxFile === undefined && existsSync(usual) ? usual : undefined;
}
