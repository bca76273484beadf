// Exchanges the content of a file so that a crash leaves the old text or the new one, never half of it.
import { constants } from 'node:fs';
import { chmod, copyFile, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MediaError } from '../base/media-error.ts';

/** How a file is replaced. */
export interface ReplaceFileOptions {
  readonly text: string;
  /** What the file must still hold just before it is replaced. */
  readonly expected: string;
  /** Former contents to keep beside the file as `name.1` (newest), `name.2`... */
  readonly keptVersions: number;
}

/** What happened. */
export interface ReplacedFile {
  /** The file could not be exchanged as a whole and was written in place (a bind mount, another owner). */
  readonly isInPlace: boolean;
  /** Why the former content could not be kept; undefined when it was. */
  readonly versionFailure: string | undefined;
}

/** Failures of a rename that writing in place may get around. */
const RENAME_REFUSED: ReadonlySet<string> = new Set([
  'EACCES',
  'EBUSY',
  'EPERM',
  'EROFS',
  'EXDEV',
  'ENOTSUP',
]);

/**
 * Replaces the file that `filePath` names or links to: a temporary file in the same folder with
 * the same mode and owner, flushed to disk, takes its name.
 * @throws MediaError `failed-precondition` `config-changed-on-disk` when the file is no longer as
 * expected, `config-not-writable` when it can't be written; nothing has changed then.
 */
export async function replaceFile(
  filePath: string,
  options: ReplaceFileOptions,
): Promise<ReplacedFile> {
  try {
    const target = await realpath(filePath);
    return await replaceTarget(target, options);
  } catch (failure) {
    if (failure instanceof MediaError) throw failure;
    const message = `${filePath} can't be written (${codeOf(failure)}); nothing was changed`;
    throw new MediaError('failed-precondition', 'config-not-writable', message, { cause: failure });
  }
}

async function replaceTarget(target: string, options: ReplaceFileOptions): Promise<ReplacedFile> {
  const temporary = join(dirname(target), `.${basename(target)}.new`);
  try {
    await writeLike(target, temporary, options.text);
    await assertUnchanged(target, options.expected);
    const versionFailure = await keepVersion(target, options.keptVersions);
    await rename(temporary, target);
    await syncFolder(dirname(target));
    return { isInPlace: false, versionFailure };
  } catch (failure) {
    await rm(temporary, { force: true }).catch(() => undefined);
    if (!RENAME_REFUSED.has(codeOf(failure))) throw failure;
  }
  return await writeInPlace(target, options);
}

/** A bind-mounted file can't be renamed over, and only root can give a file to somebody else. */
async function writeInPlace(target: string, options: ReplaceFileOptions): Promise<ReplacedFile> {
  const file = await open(target, constants.O_RDWR);
  try {
    await assertUnchanged(target, options.expected);
    const versionFailure = await keepVersion(target, options.keptVersions);
    const bytes = Buffer.from(options.text);
    await file.write(bytes, 0, bytes.length, 0);
    await file.truncate(bytes.length);
    await file.sync();
    return { isInPlace: true, versionFailure };
  } finally {
    await file.close();
  }
}

async function writeLike(model: string, filePath: string, text: string): Promise<void> {
  const { mode, uid, gid } = await stat(model);
  await rm(filePath, { force: true });
  const file = await open(filePath, 'wx', 0o600);
  try {
    await file.writeFile(text);
    const own = await file.stat();
    if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid);
    await file.chmod(mode & 0o7777);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function assertUnchanged(target: string, expected: string): Promise<void> {
  if ((await readFile(target, 'utf8')) === expected) return;
  const message = `${target} was changed by somebody else meanwhile`;
  throw new MediaError('failed-precondition', 'config-changed-on-disk', message);
}

/** Returns why the present content could not be kept. */
async function keepVersion(target: string, count: number): Promise<string | undefined> {
  if (count <= 0) return undefined;
  try {
    for (let number = count - 1; number >= 1; number--) {
      await rename(`${target}.${number}`, `${target}.${number + 1}`).catch(ignoreMissing);
    }
    await copyFile(target, `${target}.1`);
    await chmod(`${target}.1`, (await stat(target)).mode & 0o7777);
    return undefined;
  } catch (failure) {
    return codeOf(failure);
  }
}

function ignoreMissing(failure: unknown): void {
  if (codeOf(failure) !== 'ENOENT') throw failure;
}

/** Makes the new name survive a power cut; not every file system can. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // The content itself is flushed already.
  }
}

function codeOf(failure: unknown): string {
  return failure instanceof Error && 'code' in failure ? String(failure.code) : String(failure);
}
