// The name that a file gets: as asked for, with its extension kept.
import { MediaError } from '../../core/base/media-error.ts';
import { checkNewFileName } from '../../core/library/relative-path.ts';
import { extensionOf, thumbnailPrefix } from './date-folder-layout.ts';

/** Room for `-99` and for names that are made from this one. */
const MAX_NAME_BYTES = 200;
const MEDIA = new Set(['.mp4', '.ts', '.jpg', '.jpeg']);

/**
 * `wanted` for the file `current`; the extension is added when it is missing.
 * @throws MediaError invalid-argument `bad-file-name`.
 */
export function newFileName(current: string, wanted: string): string {
  checkNewFileName(wanted);
  const extension = extensionOf(current);
  const hasExtension = wanted.toLowerCase().endsWith(extension.toLowerCase());
  const name = hasExtension ? wanted : wanted + extension;
  if (!hasExtension && MEDIA.has(extensionOf(wanted).toLowerCase())) {
    throw refused(wanted, `has another extension than '${extension}'`);
  }
  if (name.length === extension.length) throw refused(wanted, 'is only an extension');
  if (name.toLowerCase().startsWith(thumbnailPrefix)) {
    throw refused(wanted, `begins with '${thumbnailPrefix}', which thumbnails do`);
  }
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw refused(wanted, `is longer than ${MAX_NAME_BYTES} bytes`);
  }
  return checkNewFileName(name);
}

/** `name`, then `name-1`, `name-2`...: for moves that have to find room. */
export function numberedName(name: string, attempt: number): string {
  if (attempt === 0) return name;
  const extension = extensionOf(name);
  return `${name.slice(0, name.length - extension.length)}-${attempt}${extension}`;
}

function refused(name: string, why: string): MediaError {
  return new MediaError('invalid-argument', 'bad-file-name', `file name '${name}' ${why}`);
}
