// The MAC addresses of this machine.
import { networkInterfaces } from 'node:os';

const NO_MAC = '00:00:00:00:00:00';

/** Lower case with colons, each once; loopback and tunnels have none. */
export function machineMacs(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const macs = addresses.map(({ mac }) => mac.toLowerCase()).filter((mac) => mac !== NO_MAC);
  return [...new Set(macs)].sort();
}
