// Waiting for work that several share: each one may stop waiting, the work goes on.
import { toMediaError } from '../../../core/base/media-error.ts';

/** Settles as `work`, or rejects with the signal's reason when that aborts first. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(toMediaError(signal.reason));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  // Whoever comes late must not make it an unhandled one.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
