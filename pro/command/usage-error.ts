// Arguments that are not understood.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';

/** What parseArgs() gives for options of these kinds. */
export type ParsedArguments<T extends ParseArgsConfig> = ReturnType<typeof parseArgs<T>>;

/** An error that names the argument; the program ends with exit code 2. */
export function usageError(message: string, help = 'mediamtx-pro --help'): MediaError {
  return new MediaError('invalid-argument', 'usage', `${message}\nTry: ${help}`);
}

/** @throws MediaError `usage` for what the options do not have. */
export function parseStrict<const T extends ParseArgsConfig>(
  config: T,
  help?: string,
): ParsedArguments<T> {
  try {
    return parseArgs(config);
  } catch (failure) {
    throw usageError(toMediaError(failure).message, help);
  }
}
