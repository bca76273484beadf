// One line of the doctor: what was looked at, how it is, and what to change.

/** ok and info ask for nothing; a warning limits the server, a problem keeps it from working. */
export type FindingStatus = 'ok' | 'info' | 'warning' | 'problem';

/** One result. */
export interface Finding {
  readonly status: FindingStatus;
  /** Subject in a word or two, e.g. `port`. */
  readonly check: string;
  /** One line without secrets. */
  readonly message: string;
  /** Where the key stands: `mediamtx.yml:46`, or an environment variable. */
  readonly place?: string;
  /** What to write there, or which command to run. */
  readonly change?: string;
}
