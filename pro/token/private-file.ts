// Small files with secrets: read with a bound, written at once or not at all, for the owner alone.
import { randomBytes } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { delay, type Clock } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';

const MAX_BYTES = 16 * 1024 * 1024;
const OWNER_ONLY = 0o600;
const LOCK_RETRY_MS = 25;
const LOCK_TRIES = 120;
// Who writes holds the lock for milliseconds; an older one belongs to a process that died.
const STALE_LOCK_MS = 10_000;

/** The text, or undefined when there is no such file. @throws MediaError `unavailable`. */
export async function readPrivateFile(filePath: string): Promise<string | undefined> {
  try {
    await using file = await open(filePath, 'r');
    const { size } = await file.stat();
    if (size > MAX_BYTES) throw unusable(filePath, `has ${size} bytes`);
    return await file.readFile('utf8');
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT') return undefined;
    if (failure instanceof MediaError) throw failure;
    throw unusable(filePath, `cannot be read (${codeOf(failure)})`, failure);
  }
}

/** Replaces the file; after a crash there is the old one or the new one. @throws MediaError `unavailable`. */
export async function writePrivateFile(filePath: string, text: string): Promise<void> {
  const temporary = `${filePath}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    {
      await using file = await open(temporary, 'wx', OWNER_ONLY);
      await file.writeFile(text);
      await file.sync();
    }
    await rename(temporary, filePath);
  } catch (failure) {
    await rm(temporary, { force: true });
    throw unusable(filePath, `cannot be written (${codeOf(failure)})`, failure);
  }
}

/** Changes when the file was replaced or edited; empty when there is none. */
export async function fileVersion(filePath: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(filePath, { bigint: true });
    return `${ino.toString()}:${size.toString()}:${mtimeNs.toString()}:${ctimeNs.toString()}`;
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT') return '';
    throw unusable(filePath, `cannot be read (${codeOf(failure)})`, failure);
  }
}

/**
 * Runs `action` while no other process does the same with this file.
 * @throws MediaError `unavailable` after 3 s of waiting, and whatever `action` throws.
 */
export async function withFileLock<T>(
  filePath: string,
  clock: Clock,
  action: () => Promise<T>,
): Promise<T> {
  const lock = `${filePath}.lock`;
  await takeLock(lock, clock);
  try {
    return await action();
  } finally {
    await rm(lock, { force: true });
  }
}

async function takeLock(lock: string, clock: Clock): Promise<void> {
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    try {
      const file = await open(lock, 'wx', OWNER_ONLY);
      await file.close();
      return;
    } catch (failure) {
      if (codeOf(failure) !== 'EEXIST') {
        throw unusable(lock, `cannot be written (${codeOf(failure)})`, failure);
      }
    }
    await removeStale(lock);
    await delay(clock, LOCK_RETRY_MS);
  }
  throw unusable(lock, 'is held by another process; delete it if none is running');
}

async function removeStale(lock: string): Promise<void> {
  const age = await stat(lock).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  if (age > STALE_LOCK_MS) await rm(lock, { force: true });
}

function unusable(filePath: string, problem: string, cause?: unknown): MediaError {
  return new MediaError('unavailable', 'token-file-unusable', `${filePath} ${problem}`, { cause });
}

function codeOf(failure: unknown): string {
  return failure instanceof Error && 'code' in failure ? String(failure.code) : 'unknown';
}
