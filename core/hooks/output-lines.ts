// What a command prints, as lines of the log, within bounds.
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { redactUrls } from '../base/url-redaction.ts';

const MAX_LINE_CHARS = 500;
/** ffmpeg prints its progress several times a second. */
const MAX_LINES = 50;
const WINDOW_MS = 10_000;

/** Takes bytes; a line that is too long is cut, and lines beyond 50 in 10 s are counted only. */
export class OutputLines {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #windowMs: number;
  #lines = 0;
  #omitted = 0;
  #last = '';

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
    this.#windowMs = clock.monotonicMs();
  }

  /** The last line, without credentials; empty while there is none. */
  get lastLine(): string {
    return this.#last;
  }

  push(bytes: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(bytes)).split(/[\r\n]+/u);
    this.#rest = (lines.pop() ?? '').slice(0, MAX_LINE_CHARS);
    for (const line of lines) this.#line(line);
  }

  /** The output is over. */
  end(): void {
    this.#line(this.#rest);
    this.#rest = '';
    this.#tellOmitted();
  }

  #line(text: string): void {
    if (text.trim() === '') return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#windowMs > WINDOW_MS) {
      this.#tellOmitted();
      this.#windowMs = nowMs;
      this.#lines = 0;
    }
    this.#last = redactUrls(printable(text.slice(0, MAX_LINE_CHARS)));
    if (++this.#lines > MAX_LINES) this.#omitted++;
    else this.#logger.info(this.#last);
  }

  #tellOmitted(): void {
    if (this.#omitted > 0) this.#logger.info(`${this.#omitted} lines of output are left out`);
    this.#omitted = 0;
  }
}

/** Terminals obey control characters. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/gu, ' ');
}
