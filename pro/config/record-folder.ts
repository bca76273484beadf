// Where the folder of recordings is on the disk.
import { dirname, resolve } from 'node:path';
import { recordFolder } from '../../core/config/record-path.ts';

/** The absolute folder of a recordPath; relative ones count from the folder of mediamtx.yml. */
export function resolveRecordFolder(recordPath: string, mediamtxFile: string | undefined): string {
  const base = mediamtxFile === undefined ? '.' : dirname(mediamtxFile);
  return resolve(base, recordFolder(recordPath));
}
