// Tells a failed export whose recording was taken away from one that went wrong.
import { stat } from 'node:fs/promises';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';

/** Failures that say enough by themselves. */
const CERTAIN: ReadonlySet<string> = new Set(['canceled', 'deadline-exceeded']);
const OF_THE_SERVER: ReadonlySet<string> = new Set(['export-disk-full', 'export-stopping']);

/**
 * What to tell of a failure: that a recording was deleted or renamed meanwhile, when it was, whatever
 * read, ffmpeg or upload stumbled over that first (`not-found` `export-source-gone`); else `thrown`.
 */
export async function explainFailure(
  thrown: unknown,
  files: readonly string[],
): Promise<MediaError> {
  const failure = toMediaError(thrown);
  if (CERTAIN.has(failure.kind) || OF_THE_SERVER.has(failure.code)) return failure;
  for (const file of new Set(files)) {
    if (!(await isGone(file))) continue;
    const text = `export: the recording '${file}' was deleted or renamed while it was being exported`;
    return new MediaError('not-found', 'export-source-gone', text, { cause: failure });
  }
  return failure;
}

async function isGone(file: string): Promise<boolean> {
  try {
    await stat(file);
    return false;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
  }
}
