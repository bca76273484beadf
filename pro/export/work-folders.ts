// Folders for unfinished exports: named after the process that owns them, so that what a killed one left is found.
import { readFileSync } from 'node:fs';
import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createHash, randomBytes } from 'node:crypto';
import { MediaError } from '../../core/base/media-error.ts';

/** A process, told apart from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since the machine started (Linux); 0 where nothing tells it. */
  readonly startTicks: number;
  /** Eight characters for the name of the machine, or container. */
  readonly host: string;
}

/** How processes are looked at; replaced in tests. */
export interface ProcessTable {
  readonly self: ProcessIdentity;
  /** Start of a living process as in ProcessIdentity; undefined when there is none. */
  readonly startTicksOf: (pid: number) => number | undefined;
}

/** What a folder name says. */
interface OwnedName extends ProcessIdentity {
  /** Date ms. */
  readonly createdAt: number;
}

/** Unix seconds, machine, process, its start, and a random part. */
const NAME = /^export-(\d{1,12})-([0-9a-f]{8})-(\d{1,10})-(\d{1,16})-[0-9a-f]{8}$/u;
/** Another machine on the same disk is not asked; no export of its takes so long. */
const FOREIGN_AGE_MS = 24 * 3_600_000;
/** Field 22 of /proc/<pid>/stat, counted behind the name in brackets (proc(5)). */
const START_TICKS_FIELD = 19;

/** Makes, removes and sweeps folders below one `tmp` folder. */
export class WorkFolders {
  readonly #root: string;
  readonly #processes: ProcessTable;

  /** `root` is made when it is needed; `processes` is the real table by default. */
  constructor(root: string, processes: ProcessTable = systemProcesses()) {
    this.#root = root;
    this.#processes = processes;
  }

  /** Makes an empty folder and returns its absolute name. @throws MediaError `unavailable` `export-folder-failed`. */
  async create(nowMs: number): Promise<string> {
    const { host, pid, startTicks } = this.#processes.self;
    const unix = Math.floor(nowMs / 1000);
    const random = randomBytes(4).toString('hex');
    const folder = join(this.#root, `export-${unix}-${host}-${pid}-${startTicks}-${random}`);
    try {
      await mkdir(this.#root, { recursive: true });
      await this.#checkRoot();
      await mkdir(folder);
      return folder;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const text = `export: can't make a folder in '${this.#root}': ${why}`;
      throw new MediaError('unavailable', 'export-folder-failed', text, { cause });
    }
  }

  /** Removes a folder with all that is in it. */
  async remove(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /**
   * Removes the folders of processes that live no longer; other names are not touched.
   * Returns how many went.
   */
  async sweep(nowMs: number): Promise<number> {
    let removed = 0;
    for (const name of await this.#list()) {
      const owner = parseName(name);
      if (!owner || this.#isAlive(owner, nowMs)) continue;
      await this.remove(join(this.#root, name));
      removed++;
    }
    return removed;
  }

  #isAlive(owner: OwnedName, nowMs: number): boolean {
    const { self, startTicksOf } = this.#processes;
    if (owner.host !== self.host) return nowMs - owner.createdAt < FOREIGN_AGE_MS;
    const startTicks = startTicksOf(owner.pid);
    // Another start: the number was given to a new process.
    return startTicks !== undefined && startTicks === owner.startTicks;
  }

  async #list(): Promise<string[]> {
    try {
      await this.#checkRoot();
      const entries = await readdir(this.#root, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    } catch (thrown) {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
      throw thrown;
    }
  }

  /** A link would let others choose what is removed. */
  async #checkRoot(): Promise<void> {
    if ((await lstat(this.#root)).isDirectory()) return;
    const text = `export: '${this.#root}' is not a folder`;
    throw new MediaError('unavailable', 'export-folder-failed', text);
  }
}

/** The processes of this machine. */
export function systemProcesses(): ProcessTable {
  const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
  return {
    self: { pid: process.pid, startTicks: startTicksOf(process.pid) ?? 0, host },
    startTicksOf,
  };
}

function startTicksOf(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return Number(fields[START_TICKS_FIELD]) || 0;
  } catch {
    return process.platform === 'linux' ? undefined : startOfLiving(pid);
  }
}

function startOfLiving(pid: number): number | undefined {
  try {
    process.kill(pid, 0);
    return 0;
  } catch (thrown) {
    // Not ours to signal, but there.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM' ? 0 : undefined;
  }
}

function parseName(name: string): OwnedName | undefined {
  const [, unix, host = '', pid, startTicks] = NAME.exec(name) ?? [];
  if (unix === undefined) return undefined;
  const createdAt = Number(unix) * 1000;
  return { createdAt, host, pid: Number(pid), startTicks: Number(startTicks) };
}
