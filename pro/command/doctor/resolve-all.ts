// All addresses of a DNS name.
import { lookup } from 'node:dns/promises';

/** As the operating system resolves it; rejects when the name does not exist. */
export async function resolveAll(host: string): Promise<readonly string[]> {
  const results = await lookup(host, { all: true });
  return results.map(({ address }) => address);
}
