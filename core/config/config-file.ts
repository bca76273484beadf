// Finds and reads the configuration file.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MediaError } from '../base/media-error.ts';
import type { Environment } from './environment.ts';
import { yamlLimits } from './yaml-limits.ts';

const NAMES_IN_FOLDER = ['rtsp-simple-server.yml', 'mediamtx.yml'];
const SYSTEM_FILES = [
  '/usr/local/etc/mediamtx.yml',
  '/usr/etc/mediamtx.yml',
  '/etc/mediamtx/mediamtx.yml',
];

/** Where a configuration comes from. */
export interface ConfigInput {
  /** Text of the file; read from `filePath` when absent. Both absent: built-in defaults. */
  readonly text?: string;
  /** For reading, for messages, and for resolving relative `file:` sources. */
  readonly filePath?: string;
  /** The environment of the process; give {} to ignore it. */
  readonly env: Environment;
}

/** The file to load when none was named: in `folder` first, then where systems keep it. */
export function findConfigFile(folder: string): string | undefined {
  const candidates = [...NAMES_IN_FOLDER.map((name) => join(folder, name)), ...SYSTEM_FILES];
  return candidates.find((candidate) => existsSync(candidate));
}

/**
 * The text to load; empty when there is neither text nor file.
 * @throws MediaError `not-found`, `unavailable`, `resource-exhausted` (over 10 MiB) or
 * `unsupported` (encrypted).
 */
export function readConfigText(options: ConfigInput): string {
  if (options.env['MTX_CONFKEY'] !== undefined || options.env['RTSP_CONFKEY'] !== undefined) {
    throw new MediaError(
      'unsupported',
      'config-encrypted',
      'encrypted configuration files (MTX_CONFKEY) are not supported; decrypt the file and unset MTX_CONFKEY',
    );
  }
  if (options.text !== undefined) return options.text;
  return options.filePath === undefined ? '' : readFile(options.filePath);
}

function readFile(filePath: string): string {
  try {
    const { size } = statSync(filePath);
    if (size > yamlLimits.sizeBytes) {
      throw new MediaError(
        'resource-exhausted',
        'config-too-large',
        `${filePath}: the file has ${size} bytes, more than ${yamlLimits.sizeBytes}`,
      );
    }
    return readFileSync(filePath, 'utf8');
  } catch (failure) {
    if (failure instanceof MediaError) throw failure;
    const code = failure instanceof Error && 'code' in failure ? String(failure.code) : 'unknown';
    const kind = code === 'ENOENT' ? 'not-found' : 'unavailable';
    const message = `${filePath}: the configuration cannot be read (${code})`;
    throw new MediaError(kind, 'config-unreadable', message, { cause: failure });
  }
}
