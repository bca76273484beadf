// Remembers for a while which credentials were right, without keeping them.
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';

const REMEMBER_MS = 10 * 60_000;
const MAX_REMEMBERED = 4096;

/** Tells a known client without permission from a guess; it grants nothing. */
export class CredentialMemory {
  readonly #clock: Clock;
  /** Keys are HMACs under a key of this process: a memory dump shows nothing to attack. */
  readonly #key = randomBytes(32);
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Full: what was right least recently makes room. */
  remember(credentials: string): void {
    const hash = this.#hash(credentials);
    this.#untilMs.delete(hash);
    const [oldest] = this.#untilMs.keys();
    if (oldest !== undefined && this.#untilMs.size >= MAX_REMEMBERED) this.#untilMs.delete(oldest);
    this.#untilMs.set(hash, this.#clock.monotonicMs() + REMEMBER_MS);
  }

  knows(credentials: string): boolean {
    const untilMs = this.#untilMs.get(this.#hash(credentials));
    return untilMs !== undefined && untilMs > this.#clock.monotonicMs();
  }

  #hash(credentials: string): string {
    return createHmac('sha256', this.#key).update(credentials).digest('base64');
  }
}
