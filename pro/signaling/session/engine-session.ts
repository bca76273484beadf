// What signalling needs of a session, wherever its media come from: this server or another one.

/** A candidate as browsers write it in JSON (RTCIceCandidateInit). */
export interface SignalledCandidate {
  readonly candidate: string;
  readonly sdpMid: string;
  readonly sdpMLineIndex: number;
}

/** A session that has been answered. */
export interface EngineSession {
  readonly answer: string;
  /** False once the session ended by itself. */
  readonly isAlive: boolean;
  /** A number that changes while the other end is heard; constant where nobody can tell. */
  readonly activity: number;
  /**
   * Takes a candidate of the other end; empty text ends them.
   * @throws MediaError `invalid-argument` for what is no candidate, `not-found` after the end.
   */
  addCandidate(candidate: string): void;
  /** Our candidates as of now, as `candidate:...` lines. */
  localCandidates(): Promise<readonly string[]>;
  /** Frees everything. @throws MediaError `not-found` when it ended long ago. */
  close(): void;
}
