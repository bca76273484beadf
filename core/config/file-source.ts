// Sources that are files: `file:demo.mp4` stands beside the configuration, `file:///srv/a.mp4` anywhere.
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MediaError } from '../base/media-error.ts';

/**
 * The absolute file name of a `file:` source. Relative names count from the folder of the
 * configuration file (`configFilePath`), or from the working folder when there is none.
 * `file://host/...` with a relative look (`file://./a.mp4`) is read as relative too.
 * @throws MediaError `invalid-argument` when it is no `file:` source or has no name.
 */
export function resolveFileSource(source: string, configFilePath: string | undefined): string {
  const name = /^file:(.*)$/su.exec(source)?.[1] ?? '';
  const relative = name.replace(/^\/\/(?=\.{1,2}\/)/u, '');
  if (relative === '' || relative.includes('\0')) throw invalid(source);
  if (relative.startsWith('//')) return absoluteName(source);
  const folder = configFilePath === undefined ? '.' : dirname(configFilePath);
  return resolve(folder, decodeName(relative, source));
}

function absoluteName(source: string): string {
  try {
    return fileURLToPath(source);
  } catch (cause) {
    throw invalid(source, cause);
  }
}

function decodeName(name: string, source: string): string {
  try {
    return decodeURIComponent(name);
  } catch (cause) {
    throw invalid(source, cause);
  }
}

function invalid(source: string, cause?: unknown): MediaError {
  const message = `'${source.slice(0, 200)}' is no file source; write file:name.mp4 or file:///folder/name.mp4`;
  return new MediaError('invalid-argument', 'config-invalid-file-source', message, { cause });
}
