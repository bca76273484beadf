// The logging interface that every room takes as a dependency; the composition root builds the real one.

/** Levels from the most to the least urgent. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** Facts beside a log line. Never a secret, token or URL with credentials. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * error = an operator must act, warn = degraded, info = started, stopped, session open or close,
 * debug = messages.
 */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** A logger that prefixes each line with `[scope]`, e.g. `[rtsp] [session 1f2e]`. */
  scope(name: string): Logger;
}

/** A logger that keeps nothing; the default in tests. */
export const silentLogger: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  scope: () => silentLogger,
};
