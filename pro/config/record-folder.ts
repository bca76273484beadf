// The folder of recordings that a recordPath stands for: itself, or what comes before its first %.
import { dirname, resolve } from 'node:path';

/** Whether a recordPath is a pattern for file names, as MediaMTX has them. */
export function isRecordPattern(recordPath: string): boolean {
  return recordPath.includes('%');
}

/** The folder as written: of a pattern (`./recordings/%path/%Y`) its fixed part (`./recordings`). */
export function recordFolder(recordPath: string): string {
  const percent = recordPath.indexOf('%');
  if (percent < 0) return recordPath;
  const slash = recordPath.lastIndexOf('/', percent);
  if (slash < 0) return '.';
  return slash === 0 ? '/' : recordPath.slice(0, slash);
}

/** The absolute folder; relative ones count from the folder of mediamtx.yml. */
export function resolveRecordFolder(recordPath: string, mediamtxFile: string | undefined): string {
  const base = mediamtxFile === undefined ? '.' : dirname(mediamtxFile);
  return resolve(base, recordFolder(recordPath));
}
