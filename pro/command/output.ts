// Where a subcommand writes: results to stdout, for pipes; notes for people to stderr.

/** Takes whole lines. */
export interface CommandOutput {
  readonly result: (line: string) => void;
  readonly note: (line: string) => void;
}
