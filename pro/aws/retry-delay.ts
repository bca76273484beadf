// Pauses between attempts as AWS's own SDKs make them: doubling, and wholly at random.

const FIRST_STEP_MS = 100;
const MAX_STEP_MS = 10_000;

/** Full jitter: 0 to 100 ms * 2^attempt, at most 10 s. `attempt` counts from 0, `random` is 0..1. */
export function retryDelayMs(attempt: number, random: number): number {
  return Math.min(MAX_STEP_MS, FIRST_STEP_MS * 2 ** Math.min(attempt, 20)) * random;
}
