// The real logger: pino underneath, lines as MediaMTX users know them, credentials always removed.
import { destination, pino, type DestinationStream, type Logger as Pino } from 'pino';
import type { LogFields, Logger, LogLevel } from './logger.ts';
import { MediaError } from './media-error.ts';
import { redactUrls } from './url-redaction.ts';

/** What the log shows and where it goes. */
export interface CreateLoggerOptions {
  readonly level: LogLevel;
  /** JSON lines instead of text. */
  readonly isStructured: boolean;
  /** Where lines go besides `output`; appended to, created when missing. */
  readonly filePath?: string;
  /** Usually process.stdout; absent when only the file is wanted. */
  readonly output?: NodeJS.WritableStream;
}

/** A logger with its sinks. */
export interface OwnedLogger extends Logger {
  /** Writes what is buffered; idempotent. */
  flush(): void;
  /**
   * Puts other settings in place, for this logger and all its scopes.
   * @throws MediaError as createLogger(); the old settings stay then.
   */
  reconfigure(options: CreateLoggerOptions): void;
}

const TEXT_LEVELS: Readonly<Record<string, string>> = {
  debug: 'DEB',
  info: 'INF',
  warn: 'WAR',
  error: 'ERR',
};

/** Where lines end: a stream, or pino's file. */
interface Sink extends DestinationStream {
  on(event: 'error', listener: () => void): unknown;
}

/** Control characters would let a client forge log lines. */
// eslint-disable-next-line no-control-regex -- exactly these must not reach a terminal or a log file
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/gu;

/**
 * Builds a logger; the file is opened synchronously, so a bad path fails here.
 * @throws MediaError `failed-precondition` `log-file-unavailable`.
 */
export function createLogger(options: CreateLoggerOptions): OwnedLogger {
  const target = new SinkSet(options);
  const root = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'message',
    },
    target,
  );
  return new PinoLogger(root, target, '');
}

function openFile(filePath: string): Sink & { end(): void } {
  try {
    return destination({ dest: filePath, sync: true, mkdir: true });
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const message = `logFile '${filePath}' can't be opened for writing (${reason})`;
    throw new MediaError('failed-precondition', 'log-file-unavailable', message, { cause });
  }
}

/** Where lines go now. */
class SinkSet implements DestinationStream {
  readonly #sinks = new Set<Sink>();
  #options: CreateLoggerOptions;
  #file: (Sink & { end(): void }) | undefined;

  constructor(options: CreateLoggerOptions) {
    this.#options = { level: options.level, isStructured: options.isStructured };
    this.replace(options);
  }

  write(line: string): void {
    const text = this.#options.isStructured ? line : formatLine(line);
    for (const sink of this.#sinks) sink.write(text);
  }

  /** What both settings have in common stays open. The new file is opened first, since that may fail. */
  replace(options: CreateLoggerOptions): void {
    const { output, filePath } = options;
    const { output: oldOutput, filePath: oldPath } = this.#options;
    if (filePath !== oldPath) {
      const file = filePath === undefined ? undefined : openFile(filePath);
      if (this.#file) this.#sinks.delete(this.#file);
      this.#file?.end();
      this.#file = file;
      if (file) this.#add(file);
    }
    if (output !== oldOutput) {
      if (oldOutput) this.#sinks.delete(oldOutput);
      if (output) this.#add(output);
    }
    this.#options = options;
  }

  /** A reader that left or a full disk must not become an error about which another line is written. */
  #add(sink: Sink): void {
    this.#sinks.add(sink);
    sink.on('error', () => this.#sinks.delete(sink));
  }
}

class PinoLogger implements OwnedLogger {
  readonly #pino: Pino;
  readonly #sinks: SinkSet;
  readonly #prefix: string;

  constructor(root: Pino, sinks: SinkSet, prefix: string) {
    this.#pino = root;
    this.#sinks = sinks;
    this.#prefix = prefix;
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }

  scope(name: string): Logger {
    return new PinoLogger(this.#pino, this.#sinks, `${this.#prefix}[${clean(name)}] `);
  }

  flush(): void {
    this.#pino.flush();
  }

  reconfigure(options: CreateLoggerOptions): void {
    this.#sinks.replace(options);
    this.#pino.level = options.level;
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (!this.#pino.isLevelEnabled(level)) return;
    const text = this.#prefix + clean(message);
    if (fields === undefined) this.#pino[level](text);
    else this.#pino[level](cleanFields(fields), text);
  }
}

function clean(text: string): string {
  return redactUrls(text).replace(CONTROL, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

function cleanFields(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? clean(value) : value,
    ]),
  );
}

/** Makes pino's JSON line into `2026/01/31 12:34:56 INF message key=value`, local time. */
function formatLine(line: string): string {
  const record: unknown = JSON.parse(line);
  if (typeof record !== 'object' || record === null) return line;
  const { time, level, message, ...fields } = { time: '', level: '', message: '', ...record };
  const extra = Object.entries(fields)
    .map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
    .join('');
  return `${localTime(new Date(time))} ${TEXT_LEVELS[level] ?? level} ${message}${extra}\n`;
}

function localTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
