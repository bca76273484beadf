// When named tokens were last used: kept in memory, written now and then into a file of its own.
import type { Clock, Timer } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { toMediaError } from '../../core/base/media-error.ts';
import { z } from 'zod';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

const WRITE_PERIOD_MS = 60_000;
const schema = z.record(z.string().max(64), z.iso.datetime());

/**
 * Last uses by hash of the token. The file is not the one of the tokens: a late write must never
 * bring back a token that another process has just revoked.
 */
export class TokenUsage {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #filePath: string;
  readonly #usedAt = new Map<string, string>();
  #isDirty = false;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
    filePath: string,
  ) {
    this.#clock = clock;
    this.#logger = logger;
    this.#filePath = filePath;
  }

  /** RFC 3339, or undefined. */
  lastUsedAt(hash: string): string | undefined {
    return this.#usedAt.get(hash);
  }

  /** Reads the file; what can't be read is forgotten, for nothing depends on it. */
  async load(): Promise<void> {
    try {
      const text = await readPrivateFile(this.#filePath);
      const uses = schema.parse(JSON.parse(text ?? '{}'));
      for (const [hash, at] of Object.entries(uses)) {
        if (!this.#usedAt.has(hash)) this.#usedAt.set(hash, at);
      }
    } catch (failure) {
      this.#logger.warn(`last uses of tokens are unknown: ${toMediaError(failure).message}`);
    }
  }

  /** Writes once a minute when there is something new. */
  start(): void {
    this.#timer ??= this.#clock.every(WRITE_PERIOD_MS, () => void this.flush());
  }

  /** Notes a use now; `known` are the tokens that still exist. */
  note(hash: string, known: ReadonlyMap<string, unknown>): void {
    this.#usedAt.set(hash, new Date(this.#clock.nowMs()).toISOString());
    this.#isDirty = true;
    if (this.#usedAt.size <= known.size) return;
    for (const each of this.#usedAt.keys()) if (!known.has(each)) this.#usedAt.delete(each);
  }

  /** Writes what is new; never rejects. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.flush();
  }

  async #write(): Promise<void> {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    try {
      const uses = Object.fromEntries(this.#usedAt);
      await writePrivateFile(this.#filePath, `${JSON.stringify(uses, undefined, 2)}\n`);
    } catch (failure) {
      this.#isDirty = true;
      this.#logger.warn(`last uses of tokens are not kept: ${toMediaError(failure).message}`);
    }
  }
}
