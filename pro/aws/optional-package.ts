// Packages that only AWS needs and that an installation may lack: loaded on first use, named when missing.
import { MediaError } from '../../core/base/media-error.ts';

/**
 * Loads an optional package.
 * @throws MediaError `unsupported` `package-missing` with the command that installs it.
 */
export async function loadOptional<T>(
  name: string,
  purpose: string,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : '';
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
    const why = isMissing ? `is not installed: npm install ${name}` : 'does not load';
    const message = `${purpose} needs the package ${name}, which ${why}`;
    throw new MediaError('unsupported', 'package-missing', message, { cause });
  }
}
