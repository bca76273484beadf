// Waits for what real sockets do while the clock is turned by hand.
import assert from 'node:assert/strict';
import type { FakeClock } from '../../support/fake-clock.ts';

const TIMEOUT_MS = 5000;

/** Lets the event loop turn, and the clock with it, until the condition holds. */
export async function until(
  condition: () => boolean,
  { clock, stepMs = 0 }: { clock?: FakeClock; stepMs?: number } = {},
): Promise<void> {
  const endMs = performance.now() + TIMEOUT_MS;
  while (!condition()) {
    assert.ok(performance.now() < endMs, `still not: ${condition.toString()}`);
    await new Promise((resolve) => setImmediate(resolve));
    clock?.advance(stepMs);
  }
}
