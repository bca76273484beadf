// The file of `alwaysAvailableFile`: where it stands, and whether it can be shown.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Size and type of the first box of an MP4 file (ISO 14496-12 section 4.3). */
const BOX_HEADER_BYTES = 8;

/** The absolute name; relative ones count from the folder of `configFilePath`, or from the working folder. */
export function resolveSlateFile(name: string, configFilePath: string | undefined): string {
  return resolve(configFilePath === undefined ? '.' : dirname(configFilePath), name);
}

/** Why the file can't be shown; undefined when it can be read and begins as an MP4 file does. */
export function slateFileFault(fileName: string): string | undefined {
  if (fileName.includes('\0')) return 'the name has a zero byte';
  try {
    return withFile(fileName, contentFault);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown';
    return code === 'ENOENT' ? `there is no file ${fileName}` : `can't read ${fileName} (${code})`;
  }
}

function withFile<T>(fileName: string, look: (fd: number, name: string) => T): T {
  // Without it, a named pipe that nobody writes would stop the process here.
  const fd = openSync(fileName, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return look(fd, fileName);
  } finally {
    closeSync(fd);
  }
}

function contentFault(fd: number, fileName: string): string | undefined {
  if (!fstatSync(fd).isFile()) return `${fileName} is not a file`;
  const header = Buffer.alloc(BOX_HEADER_BYTES);
  const length = readSync(fd, header, 0, BOX_HEADER_BYTES, 0);
  const isMp4 = length === BOX_HEADER_BYTES && header.toString('latin1', 4) === 'ftyp';
  return isMp4 ? undefined : `${fileName} is not an MP4 file`;
}
