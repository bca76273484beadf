// Every time and size limit of an upload into a Kinesis video stream.

/** Limits of an upload; tests shorten them. */
export interface UploadLimits {
  /** Sum of the durations of fragments that are not confirmed. */
  readonly maxDurationMs: number;
  /** Sum of their sizes. */
  readonly maxBytes: number;
  readonly maxFragmentsPerSecond: number;
  /** Age of a connection; the service ends it after 45 min. */
  readonly rotateAfterMs: number;
  /** Longest silence about what was sent. */
  readonly ackTimeoutMs: number;
  /** Longest wait for what a connection that ends still owes. */
  readonly drainTimeoutMs: number;
  /** Longest trouble before the run fails: as long as the buffer lasts. */
  readonly maxTroubleMs: number;
  /** The same before anything was ever confirmed. */
  readonly maxStartTroubleMs: number;
}

/** For the real service: it takes five fragments per second, one of which is left for its own counting. */
export const DEFAULT_UPLOAD_LIMITS: UploadLimits = {
  maxDurationMs: 30_000,
  maxBytes: 32 * 1024 * 1024,
  maxFragmentsPerSecond: 4,
  rotateAfterMs: 40 * 60_000,
  ackTimeoutMs: 30_000,
  drainTimeoutMs: 5000,
  maxTroubleMs: 30_000,
  maxStartTroubleMs: 10_000,
};
