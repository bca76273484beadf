// Loads both files as the server would; every mistake is a finding with its line.
import { toMediaError } from '../../../core/base/media-error.ts';
import type { Environment } from '../../../core/config/environment.ts';
import {
  loadConfiguration,
  type Configuration,
  type ConfigurationFiles,
} from '../../config/load-configuration.ts';
import type { Finding } from './finding.ts';

const CHECK = 'configuration';
/** "the configuration has 3 errors:" stands above the errors. */
const HEADLINE = /^the configuration has \d+ errors:$/u;

/** What was loaded, if it was, and what to say about it. */
export interface FilesResult {
  readonly configuration: Configuration | undefined;
  readonly findings: readonly Finding[];
}

/** Never throws. */
export function checkFiles(files: ConfigurationFiles, env: Environment): FilesResult {
  try {
    const configuration = loadConfiguration(files, env);
    return { configuration, findings: describe(configuration) };
  } catch (failure) {
    const lines = toMediaError(failure).message.split('\n');
    const findings = lines
      .filter((line) => !HEADLINE.test(line))
      .map((message): Finding => ({ status: 'problem', check: CHECK, message }));
    return { configuration: undefined, findings };
  }
}

function describe({ core, pro }: Configuration): Finding[] {
  const loaded = [pro.filePath, core.filePath]
    .filter((file) => file !== undefined)
    .map((file): Finding => ({ status: 'ok', check: CHECK, message: `${file} is valid` }));
  const warnings = [...pro.warnings, ...core.warnings].map(({ message }): Finding => ({
    status: 'warning',
    check: CHECK,
    message,
  }));
  if (loaded.length > 0) return [...loaded, ...warnings];
  const message = 'no configuration file was found: built-in defaults without any path';
  return [{ status: 'warning', check: CHECK, message }, ...warnings];
}
