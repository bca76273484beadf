// Decides which recordings go; pure, so that every rule can be tested without a disk.

/** How long and how much is kept. 0 switches a limit off. */
export interface RetentionLimits {
  /** Of a path name (empty when it is unknown) and a file, relative to its root. Milliseconds. */
  readonly maxAgeMs: (path: string, file: string) => number;
  /** The smallest limit above 0 that `maxAgeMs` may give; 0 when it never gives one. */
  readonly shortestMaxAgeMs: number;
  /** All recordings and pictures of the folder together, favorites included. */
  readonly maxBytes: number;
  /** What has to stay free on the disk. */
  readonly minFreeBytes: number;
}

/** The state of things before the sweep. */
export interface RetentionSituation {
  /** Date ms. */
  readonly nowAt: number;
  readonly usedBytes: number;
  readonly freeBytes: number;
}

/** Why a recording goes: too old, too much in the folder, or too little free on the disk. */
export type RetentionReason = 'age' | 'bytes' | 'freeSpace';

/** A recording as the plan sees it. */
export interface RetentionItem {
  /** Relative to the root. */
  readonly file?: string;
  readonly path: string;
  readonly startAt: number;
  readonly sizeBytes: number;
}

/** Some more than asked for is freed, so that the next file does not cross the limit again at once. */
const HYSTERESIS = 0.02;

/** Judges recordings that come oldest first. */
export class RetentionPlan {
  readonly #limits: RetentionLimits;
  readonly #nowAt: number;
  /** Bytes that are still to be freed for each reason. */
  #excessBytes: number;
  #lackingBytes: number;

  constructor(limits: RetentionLimits, situation: RetentionSituation) {
    const { maxBytes, minFreeBytes } = limits;
    this.#limits = limits;
    this.#nowAt = situation.nowAt;
    const isOver = maxBytes > 0 && situation.usedBytes > maxBytes;
    this.#excessBytes = isOver ? situation.usedBytes - maxBytes * (1 - HYSTERESIS) : 0;
    const isLow = minFreeBytes > 0 && situation.freeBytes < minFreeBytes;
    this.#lackingBytes = isLow ? minFreeBytes * (1 + HYSTERESIS) - situation.freeBytes : 0;
  }

  /** Bytes that would have to go and did not: only favorites and growing files are left. */
  get missingBytes(): number {
    return Math.max(0, this.#excessBytes, this.#lackingBytes);
  }

  /** Date ms: what began at or after it can't be affected; everything can while space is needed. */
  get horizonAt(): number {
    if (this.missingBytes > 0) return Number.MAX_SAFE_INTEGER;
    const { shortestMaxAgeMs } = this.#limits;
    return shortestMaxAgeMs > 0 ? this.#nowAt - shortestMaxAgeMs : Number.MIN_SAFE_INTEGER;
  }

  /** Whether the next oldest recording goes, and why; counts it as gone. */
  judge(item: RetentionItem): RetentionReason | undefined {
    const reason = this.#reasonFor(item);
    if (reason !== undefined) this.#count(-item.sizeBytes);
    return reason;
  }

  /** A recording that was to go is still there. */
  takeBack(item: RetentionItem): void {
    this.#count(item.sizeBytes);
  }

  #count(bytes: number): void {
    this.#excessBytes += bytes;
    this.#lackingBytes += bytes;
  }

  #reasonFor({ path, startAt, file = '' }: RetentionItem): RetentionReason | undefined {
    const maxAgeMs = this.#limits.maxAgeMs(path, file);
    if (maxAgeMs > 0 && startAt < this.#nowAt - maxAgeMs) return 'age';
    if (this.#excessBytes > 0) return 'bytes';
    return this.#lackingBytes > 0 ? 'freeSpace' : undefined;
  }
}
