// Calls a function of the kit inside a page.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';

const POLL_MS = 50;

let lastId = 0;

/** An id for one viewer or publisher in a page. */
export function nextKitId(): string {
  lastId += 1;
  return `peer-${lastId}`;
}

/** Runs `kit.<method>(...args)` in the page and returns what it returns. */
export function callKit(page: Page, method: string, ...args: readonly unknown[]): Promise<unknown> {
  const list = args.map((arg) => JSON.stringify(arg)).join(', ');
  return page.evaluate(`globalThis.kit.${method}(${list})`);
}

/** Reads until `isDone` says so. @throws Error with the last reading after `timeoutMs`. */
export async function pollUntil<T>(
  read: () => Promise<T>,
  isDone: (value: T) => boolean,
  timeoutMs: number,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (isDone(value)) return value;
    if (performance.now() > deadline) {
      throw new Error(`not so after ${timeoutMs} ms: ${JSON.stringify(value)}`);
    }
    await sleep(POLL_MS);
  }
}
