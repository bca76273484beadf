// Waits for what real sockets do while the clock is turned by hand.
import assert from 'node:assert/strict';
import type { FakeClock } from '../../support/fake-clock.ts';

const MAX_TURNS = 20_000;

/** Lets the event loop turn, and the clock with it, until the condition holds. */
export async function until(
  condition: () => boolean,
  { clock, stepMs = 0 }: { clock?: FakeClock; stepMs?: number } = {},
): Promise<void> {
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
    clock?.advance(stepMs);
  }
  assert.fail(`still not: ${condition.toString()}`);
}
