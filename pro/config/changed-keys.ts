// Which top-level keys of config.yml mean something else than those that the server was started with.
import { isDeepStrictEqual } from 'node:util';
import type { ProConfig } from './pro-config.ts';

/** In the order of the file's listing; changes of comments, order and spelling are none. */
export function changedKeys(running: ProConfig, next: ProConfig): readonly string[] {
  return Object.keys(next.listing).filter((name) => {
    // The listing hides secrets, so the values themselves have to be compared too.
    if (!isDeepStrictEqual(running.listing[name], next.listing[name])) return true;
    return !isDeepStrictEqual(valueOf(running, name), valueOf(next, name));
  });
}

function valueOf(config: ProConfig, name: string): unknown {
  return Object.entries(config).find(([key]) => key === name)?.[1];
}
