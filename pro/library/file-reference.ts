// Which file a client means: it gives names back as it got them, in one of three forms.
import type { SafeFolder } from '../../core/library/safe-folder.ts';

const RES = '/res/';

/**
 * The file relative to the root, for `/20250116/x.mp4`, `20250116/x.mp4`, `/res/20250116/x.mp4`, or the
 * absolute name below the root. Nothing is cleaned: what is left has to be a good name.
 * @throws MediaError invalid-argument `bad-file-name`, permission-denied `file-reserved`.
 */
export function parseFileReference(safe: SafeFolder, reference: string): string {
  for (const prefix of [`${safe.root}/`, RES, '/']) {
    if (reference.startsWith(prefix)) return safe.check(reference.slice(prefix.length));
  }
  return safe.check(reference);
}

/** As clients see a file: relative to the root, with a slash in front. */
export function toFilePath(file: string): string {
  return `/${file}`;
}
