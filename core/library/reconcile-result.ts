// What a reconciliation found and did.

/** Counts of files, except where it says otherwise. */
export interface ReconcileResult {
  /** Files on the disk. */
  readonly seen: number;
  readonly added: number;
  readonly updated: number;
  /** Entries of the index whose file was gone, and files with nothing in them. */
  readonly removed: number;
  /** Files that a killed process had left, made playable and closed. */
  readonly repaired: number;
  /** Files that can't be read to their end. */
  readonly damaged: number;
  /** Files too young to be judged; the next reconciliation takes them. */
  readonly unsettled: number;
  /** Files that could not be looked at; the log says why. */
  readonly failed: number;
  /** Renames that a killed process had begun. */
  readonly finishedMoves: number;
  readonly tookMs: number;
}

/** How far a reconciliation is. */
export interface ReconcileProgress {
  readonly root: string;
  readonly folder: string;
  readonly seen: number;
}

/** Counters that grow while it runs. */
export type ReconcileCounts = { -readonly [K in keyof Omit<ReconcileResult, 'tookMs'>]: number };

/** Counters at zero. */
export function noCounts(): ReconcileCounts {
  return {
    seen: 0,
    added: 0,
    updated: 0,
    removed: 0,
    repaired: 0,
    damaged: 0,
    unsettled: 0,
    failed: 0,
    finishedMoves: 0,
  };
}
