// Which process holds a port, as far as Linux tells this user (/proc/net, /proc/<pid>/fd).
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Who listens. */
export interface PortOwner {
  readonly pid: number;
  /** Short name as in `ps`. */
  readonly name: string;
  /** Whether it is this product. */
  readonly isOurs: boolean;
}

/** Where to look. */
export interface PortQuery {
  readonly procFolder: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

const TCP_LISTEN = '0A';
const LOCAL_ADDRESS_COLUMN = 1;
const STATE_COLUMN = 3;
const INODE_COLUMN = 9;
const OUR_PROGRAM = /(?:^|[/\0])(?:pro\/main\.(?:ts|js)|pro\/launch\.js|mediamtx-pro)(?:\0|$)/u;

/** Undefined when it is another user's process, or when the system has no /proc. */
export async function findPortOwner(query: PortQuery): Promise<PortOwner | undefined> {
  const inodes = await socketInodes(query);
  if (inodes.size === 0) return undefined;
  const entries = await readdir(query.procFolder).catch(() => []);
  for (const entry of entries) {
    if (!/^\d{1,10}$/u.test(entry)) continue;
    const folder = join(query.procFolder, entry);
    if (await holdsSocket(join(folder, 'fd'), inodes)) return describe(folder, Number(entry));
  }
  return undefined;
}

async function socketInodes({ procFolder, protocol, port }: PortQuery): Promise<Set<string>> {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set<string>();
  for (const table of [protocol, `${protocol}6`]) {
    const text = await readFile(join(procFolder, 'net', table), 'latin1').catch(() => '');
    for (const row of text.split('\n').slice(1)) {
      const columns = row.trim().split(/\s+/u);
      if (columns[LOCAL_ADDRESS_COLUMN]?.endsWith(`:${hexPort}`) !== true) continue;
      if (protocol === 'tcp' && columns[STATE_COLUMN] !== TCP_LISTEN) continue;
      const inode = columns[INODE_COLUMN];
      if (inode !== undefined) inodes.add(`socket:[${inode}]`);
    }
  }
  return inodes;
}

async function holdsSocket(folder: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const entries = await readdir(folder).catch(() => []);
  for (const entry of entries) {
    const target = await readlink(join(folder, entry)).catch(() => '');
    if (inodes.has(target)) return true;
  }
  return false;
}

/** Arguments may hold passwords: they are looked at, never shown. */
async function describe(folder: string, pid: number): Promise<PortOwner> {
  const name = await readFile(join(folder, 'comm'), 'utf8').catch(() => 'a process');
  const line = await readFile(join(folder, 'cmdline'), 'utf8').catch(() => '');
  return { pid, name: name.trim(), isOurs: OUR_PROGRAM.test(line) };
}
