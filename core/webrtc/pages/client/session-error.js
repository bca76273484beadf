// A failure of a WHIP or WHEP session, with what decides whether to try again.
// @ts-check

/**
 * What went wrong, for programs.
 * @typedef {'unauthorized' | 'not-found' | 'rejected' | 'busy' | 'unreachable' | 'server'
 *   | 'no-connection' | 'connection-lost' | 'stalled' | 'no-media' | 'browser'} FailureCode
 */

/** What went wrong, in words fit for the viewer. */
export class SessionError extends Error {
  /**
   * @param {string} message
   * @param {{ code: FailureCode, status?: number, retryAfterMs?: number, isFinal?: boolean }} facts
   */
  constructor(message, { code, status = 0, retryAfterMs = 0, isFinal = false }) {
    super(message);
    this.name = 'SessionError';
    /** @readonly */
    this.code = code;
    /** HTTP status, 0 when there was none. @readonly */
    this.status = status;
    /** How long the server asks to wait. @readonly */
    this.retryAfterMs = retryAfterMs;
    /** Whether trying again can't help. @readonly */
    this.isFinal = isFinal;
  }
}

/**
 * @param {unknown} thrown
 * @returns {SessionError}
 */
export function toSessionError(thrown) {
  if (thrown instanceof SessionError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new SessionError(text, { code: 'browser' });
}
