// Looks for processes of this machine by their arguments.
import { readdirSync, readFileSync } from 'node:fs';

/** Arguments of every other process, joined by spaces. */
export function processArguments(): readonly string[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .flatMap((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}
