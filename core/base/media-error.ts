// The one error type of the project: what happened, in a form every protocol can map to its own codes.

/** Kind of failure. apidocs/errors.md lists the HTTP, RTSP and WebSocket code of each. */
export type ErrorKind =
  | 'invalid-argument'
  | 'unauthenticated'
  | 'permission-denied'
  | 'not-found'
  | 'already-exists'
  | 'failed-precondition'
  | 'unsupported'
  | 'resource-exhausted'
  | 'canceled'
  | 'internal'
  | 'unavailable'
  | 'deadline-exceeded';

/** Extra facts about a failure, safe to log: never a secret, token or URL with credentials. */
export type ErrorContext = Readonly<Record<string, string | number | boolean | undefined>>;

/** What may go with a failure beside its text. */
export interface MediaErrorOptions {
  readonly cause?: unknown;
  readonly context?: ErrorContext;
}

/**
 * A failure that reaches a user, a log or another protocol.
 * `code` is a stable kebab-case identifier listed in apidocs/errors.md; `message` says what
 * happened with the value, then where.
 */
export class MediaError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly context: ErrorContext;

  constructor(kind: ErrorKind, code: string, message: string, options: MediaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MediaError';
    this.kind = kind;
    this.code = code;
    this.context = options.context ?? {};
  }
}

/** Turns anything thrown into a MediaError; an unknown throw becomes kind `internal`. */
export function toMediaError(thrown: unknown): MediaError {
  if (thrown instanceof MediaError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new MediaError('internal', 'internal', message, { cause: thrown });
}
