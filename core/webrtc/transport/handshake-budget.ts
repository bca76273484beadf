// Caps the DTLS handshakes that run at the same time; each costs milliseconds of CPU.

/** Plain counting; who finds no room ignores the ClientHello, and the peer's retransmission queues for it. */
export class HandshakeBudget {
  readonly #limit: number;
  #active = 0;
  /** ClientHellos turned away so far. */
  deferred = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get active(): number {
    return this.#active;
  }

  /** True when there was room; then release() has to follow once. */
  tryAcquire(): boolean {
    if (this.#active >= this.#limit) {
      this.deferred++;
      return false;
    }
    this.#active++;
    return true;
  }

  release(): void {
    this.#active--;
  }
}
