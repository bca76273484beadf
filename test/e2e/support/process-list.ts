// Looks at the processes of this machine.
import { readdirSync, readFileSync } from 'node:fs';

/** A process as `ps` shows it. */
export interface ListedProcess {
  readonly pid: number;
  readonly parentPid: number;
  /** Arguments, joined by spaces. */
  readonly text: string;
}

/** Every other process. */
export function listProcesses(): readonly ListedProcess[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .flatMap((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        // The name in parentheses may hold anything; the parent is the second word behind it.
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const parentPid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return { pid, parentPid, text };
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}

/** The process `pid` and all that it started. */
export function listFamily(pid: number): readonly ListedProcess[] {
  const all = listProcesses();
  const family = new Set([pid]);
  // Children have higher numbers than their parents but for a wrap; two rounds see grandchildren.
  for (let round = 0; round < 2; round++) {
    for (const each of all) if (family.has(each.parentPid)) family.add(each.pid);
  }
  return all.filter((each) => family.has(each.pid));
}
