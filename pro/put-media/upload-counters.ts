// What an upload counts, for the API and the metrics.

/** An upload in numbers. */
export interface UploadStats {
  readonly connections: number;
  readonly fragmentsSent: number;
  /** Of those, sent once more on another connection. */
  readonly fragmentsResent: number;
  /** Confirmed: stored, or received where the stream keeps nothing. */
  readonly fragmentsPersisted: number;
  /** Refused for good, or too old when their turn came. */
  readonly fragmentsDropped: number;
  /** Media handed to sockets. */
  readonly sentBytes: number;
  /** Pieces of answers that meant nothing. */
  readonly malformedAcks: number;
  readonly bufferedBytes: number;
  /** How long the oldest fragment waits to be confirmed; 0 when none does. */
  readonly lagMs: number;
  /** Wall time of the last acknowledgement, Date ms. */
  readonly lastAckAt: number | undefined;
}

/** Values of the moment, beside what is counted; bytes and pieces are of the open connection. */
export type UploadMoment = Pick<
  UploadStats,
  'sentBytes' | 'malformedAcks' | 'bufferedBytes' | 'lagMs'
>;

/** Counters that rise. */
export class UploadCounters {
  connections = 0;
  fragmentsSent = 0;
  fragmentsResent = 0;
  fragmentsPersisted = 0;
  fragmentsDropped = 0;
  /** Of connections that are over, as the next one. */
  sentBytes = 0;
  malformedAcks = 0;
  lastAckAt: number | undefined;

  stats({ sentBytes, malformedAcks, bufferedBytes, lagMs }: UploadMoment): UploadStats {
    return {
      connections: this.connections,
      fragmentsSent: this.fragmentsSent,
      fragmentsResent: this.fragmentsResent,
      fragmentsPersisted: this.fragmentsPersisted,
      fragmentsDropped: this.fragmentsDropped,
      sentBytes: this.sentBytes + sentBytes,
      malformedAcks: this.malformedAcks + malformedAcks,
      ...{ bufferedBytes, lagMs, lastAckAt: this.lastAckAt },
    };
  }
}
