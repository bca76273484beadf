// The URL under which a recorded file is served.
import { MediaError } from '../../core/base/media-error.ts';

/** How file URLs begin. */
export interface FileUrlBase {
  /** Public base that the operator set; may be empty, may end with a slash. */
  readonly apiDomain: string;
  /** Scheme, host and port by which the client came, e.g. `http://10.0.0.5:9997`. */
  readonly fallbackOrigin: string;
}

/**
 * The URL of a file (`filePath` as of toFilePath()), each part of it encoded.
 * @throws MediaError invalid-argument when `filePath` has no slash in front.
 */
export function fileUrl({ apiDomain, fallbackOrigin }: FileUrlBase, filePath: string): string {
  if (!filePath.startsWith('/')) {
    const text = `file path '${filePath}' does not begin with a slash`;
    throw new MediaError('invalid-argument', 'bad-file-name', text);
  }
  const base = (apiDomain === '' ? fallbackOrigin : apiDomain).replace(/\/+$/u, '');
  const encoded = filePath.split('/').map((part) => encodeURIComponent(part.toWellFormed()));
  return `${base}/res${encoded.join('/')}`;
}
