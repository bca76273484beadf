// Time as a dependency: wall time, monotonic time and timers, so that tests can turn the hands.

/** A timer that was started; `cancel()` is idempotent. */
export interface Timer {
  cancel(): void;
}

/** Source of time and timers: `systemClock`, or hands that a test turns. */
export interface Clock {
  /** Wall time, milliseconds since 1970 (Date.now()). */
  nowMs(): number;
  /** Monotonic time in milliseconds, arbitrary zero. Use it for every duration and time-out. */
  monotonicMs(): number;
  /** Calls `action` once after `delayMs`. */
  after(delayMs: number, action: () => void): Timer;
  /** Calls `action` every `periodMs`. */
  every(periodMs: number, action: () => void): Timer;
}

/** The real clock. Timers do not keep the process alive. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, action) {
    const handle = setTimeout(action, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, action) {
    const handle = setInterval(action, periodMs);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
};

/** Resolves after `delayMs` of `clock`, or rejects with the signal's reason when aborted. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(abortReason(signal));
      return;
    }
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    const onAbort = (): void => {
      timer.cancel();
      if (signal) reject(abortReason(signal));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted');
}
