// How a run of a source ends: in silence when nobody wants it any more, else with its reason.
import { toMediaError } from '../base/media-error.ts';

/**
 * Waits for a run of a source; what ends it once `signal` is aborted is no failure.
 * @throws MediaError why the run ended.
 */
export async function settleRun(run: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await run;
  } catch (thrown) {
    if (!signal.aborted) throw toMediaError(thrown);
  }
}
