// Notices cameras that hold back the rest of a frame until we acknowledge its beginning.

/** A system that delays its acknowledgements does so for about 40 ms. */
const MIN_STALL_MS = 35;
const MAX_STALL_MS = 60;
const STALLS_BEFORE_BELIEVED = 8;

/**
 * Counts reads that ended inside an access unit and went on only after the time of a delayed
 * acknowledgement: the camera has Nagle's algorithm on (RFC 1122 section 4.2.3.4). One gap may be
 * the network; several of just this length are not.
 */
export class ClientStallDetector {
  #insideSinceMs = Number.NaN;
  #stallCount = 0;

  /** Whether the camera is known to wait for acknowledgements. */
  get isStalling(): boolean {
    return this.#stallCount >= STALLS_BEFORE_BELIEVED;
  }

  /** A read that came at `nowMs` (monotonic) is through. */
  onReadEnd(isInsideAccessUnit: boolean, nowMs: number): void {
    const gapMs = nowMs - this.#insideSinceMs;
    if (gapMs >= MIN_STALL_MS && gapMs <= MAX_STALL_MS) this.#stallCount++;
    this.#insideSinceMs = isInsideAccessUnit ? nowMs : Number.NaN;
  }
}
