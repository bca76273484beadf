// Processor time of this process per packet, on a processor of its own where the system can pin.
import { spawnSync } from 'node:child_process';

/** Pins all threads of this process to one processor; without `taskset` nothing happens. */
export function pinTo(processor: number): void {
  spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', `${processor}`, `${process.pid}`]);
}

/** Nanoseconds of user and system time, all threads, that `work` took per packet that it reports. */
export async function nanosecondsPerPacket(work: () => number | Promise<number>): Promise<number> {
  const before = process.cpuUsage();
  const packets = await work();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / packets;
}
