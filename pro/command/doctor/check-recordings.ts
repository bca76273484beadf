// Whether recordings can be written where the configuration wants them, and how much room there is.
import { mkdtemp, open, rename, rm, stat, statfs, link } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { resolveRecordFolder } from '../../config/record-folder.ts';
import type { DoctorContext } from './doctor-context.ts';
import type { Finding } from './finding.ts';

interface Folder {
  readonly path: string;
  readonly place: string;
}

const CHECK = 'recordings';
/** Below this the recorder pauses. */
const LEAST_FREE_BYTES = 32 * 1024 * 1024;
/** A hundred folders are looked at; more are alike. */
const MAX_FOLDERS = 100;
const PROBE_BYTES = 4096;
/** statfs(2): file systems that surprise, by their magic number. */
const REMARKABLE: ReadonlyMap<number, string> = new Map([
  [0x01021994, 'is in memory (tmpfs): recordings are lost at the next boot'],
  [0x4d44, 'is FAT: no file can be larger than 4 GiB, and an index may break at a power cut'],
  [0x6969, 'is on NFS: an outage of the network pauses recordings'],
  [0xff534d42, 'is on CIFS: an outage of the network pauses recordings'],
  [0xfe534d42, 'is on SMB: an outage of the network pauses recordings'],
]);
const OVERLAY = 0x794c7630;

/** The folder of pathDefaults and of every path that has its own. */
export async function checkRecordings(context: DoctorContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const folder of recordFolders(context))
    findings.push(...(await checkFolder(folder, context)));
  return findings;
}

function recordFolders({ configuration, places }: DoctorContext): readonly Folder[] {
  const { core, proKeys } = configuration;
  const folders = new Map<string, Folder>();
  const defaults = proKeys.path.read(core.pathDefaults).recordFolder;
  const add = (recordPath: string, key: readonly string[]): void => {
    const path = resolveRecordFolder(recordPath, core.filePath);
    if (!folders.has(path)) folders.set(path, { path, place: places.of(key) });
  };
  add(defaults, ['pathDefaults', 'recordPath']);
  for (const [name, path] of core.paths) {
    if (folders.size >= MAX_FOLDERS) break;
    add(proKeys.path.read(path).recordFolder, ['paths', name, 'recordPath']);
  }
  return [...folders.values()];
}

async function checkFolder({ path, place }: Folder, context: DoctorContext): Promise<Finding[]> {
  const existing = await nearestFolder(path);
  const problem = await tryFolder(existing);
  const where = existing === path ? path : `${path} (to be made in ${existing})`;
  if (problem.failure !== undefined) {
    const message = `${where} cannot be written (${problem.failure})`;
    const change = 'give the user of the service this folder, or choose another recordPath';
    return [{ status: 'problem', check: CHECK, message, place, change }];
  }
  const findings: Finding[] = [await checkSpace({ path: existing, place: where }, context)];
  if (problem.hasLinks === false) {
    const message = `${where} has no hard links: renaming a recording is guarded less well`;
    findings.push({ status: 'warning', check: CHECK, message, place });
  }
  const { type } = await statfs(existing);
  const isLost = type === OVERLAY && context.system.isContainer;
  const remark = isLost
    ? 'is inside of the container: recordings are lost with it; mount a volume there'
    : REMARKABLE.get(type);
  if (remark !== undefined) {
    findings.push({ status: 'warning', check: CHECK, message: `${where} ${remark}`, place });
  }
  return findings;
}

async function checkSpace({ path, place }: Folder, context: DoctorContext): Promise<Finding> {
  const { bavail, bsize } = await statfs(path);
  const freeBytes = bavail * bsize;
  const { minFreeBytes } = context.configuration.pro.cleaner;
  const message = `${place} can be written, ${showSize(freeBytes)} free`;
  const cleanerPlace = context.proPlaces.of(['cleaner', 'minFreeBytes']);
  if (freeBytes < LEAST_FREE_BYTES) {
    const full = `${message}: recordings pause below ${showSize(LEAST_FREE_BYTES)}`;
    return { status: 'problem', check: CHECK, message: full, change: 'make room' };
  }
  if (freeBytes >= minFreeBytes) return { status: 'ok', check: CHECK, message };
  return {
    ...{ status: 'warning', check: CHECK, place: cleanerPlace },
    message: `${message}, less than cleaner.minFreeBytes ${showSize(minFreeBytes)}: the oldest recordings go first`,
    change: 'make room, or lower minFreeBytes',
  };
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const isThere = await stat(folder).then(
      () => true,
      (failure: unknown) => codeOf(failure) !== 'ENOENT',
    );
    if (isThere || folder === dirname(folder)) return folder;
  }
}

interface FolderTrial {
  /** Code of what failed. */
  readonly failure?: string;
  readonly hasLinks?: boolean;
}

/** What the recorder does: write, flush, link, rename. Leaves nothing behind. */
async function tryFolder(path: string): Promise<FolderTrial> {
  let folder: string | undefined;
  try {
    folder = await mkdtemp(join(path, '.doctor-'));
    const file = join(folder, 'one');
    await using handle = await open(file, 'wx');
    await handle.write(Buffer.alloc(PROBE_BYTES), 0, PROBE_BYTES, 0);
    await handle.datasync();
    const hasLinks = await link(file, join(folder, 'two')).then(
      () => true,
      () => false,
    );
    await rename(file, join(folder, 'three'));
    return { hasLinks };
  } catch (failure) {
    return { failure: codeOf(failure) };
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

function showSize(sizeBytes: number): string {
  const mebibytes = Math.floor(sizeBytes / 1024 / 1024);
  return mebibytes < 10_240 ? `${mebibytes} MiB` : `${Math.floor(mebibytes / 1024)} GiB`;
}

function codeOf(failure: unknown): string {
  return failure instanceof Error && 'code' in failure ? String(failure.code) : String(failure);
}
