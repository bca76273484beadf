// Notices when a viewer was sent its first picture, without a line of code per packet.
import type { Clock, Timer } from '../base/clock.ts';

const PERIOD_MS = 10;
/** A stream that has no key frame by then is a question of the camera, not of this server. */
const GIVE_UP_MS = 30_000;

/** Looks at the viewer's counters until they move. */
export class FirstPacketWatch {
  readonly #timer: Timer;

  /** Calls `onStarted` once when `hasStarted` holds. */
  constructor(clock: Clock, hasStarted: () => boolean, onStarted: () => void) {
    const startedMs = clock.monotonicMs();
    this.#timer = clock.every(PERIOD_MS, () => {
      if (hasStarted()) {
        this.close();
        onStarted();
      } else if (clock.monotonicMs() - startedMs > GIVE_UP_MS) {
        this.close();
      }
    });
  }

  /** Idempotent. */
  close(): void {
    this.#timer.cancel();
  }
}
