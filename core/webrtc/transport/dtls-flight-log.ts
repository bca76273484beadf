// Remembers our last flight so that it can be sent again when the client repeats itself.
import type { Clock } from '../../base/clock.ts';

const RESEND_INTERVAL_MS = 20;
const MAX_RESENDS = 30;
const MAX_DATAGRAMS = 16;

/** The last flight and the number of the client message that it answers (RFC 6347 §4.2.4). */
export class DtlsFlightLog {
  readonly #clock: Clock;
  #datagrams: Uint8Array[] = [];
  #answersUpTo = 0;
  #resends = 0;
  #sentMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get datagrams(): readonly Uint8Array[] {
    return this.#datagrams;
  }

  /**
   * Notes a datagram that answers client messages below `nextSequence`; returns false when it is a
   * repetition of one already noted.
   */
  note(datagram: Uint8Array, nextSequence: number): boolean {
    if (this.#datagrams.includes(datagram)) return false;
    if (nextSequence !== this.#answersUpTo) this.#datagrams = [];
    this.#answersUpTo = nextSequence;
    this.#sentMs = this.#clock.monotonicMs();
    if (this.#datagrams.length < MAX_DATAGRAMS) this.#datagrams.push(datagram);
    return true;
  }

  /** Datagrams to send again because the client repeated message `sequence`; limited in rate. */
  repeatFor(sequence: number): readonly Uint8Array[] {
    const nowMs = this.#clock.monotonicMs();
    const isAnswered = sequence < this.#answersUpTo;
    if (!isAnswered || nowMs - this.#sentMs < RESEND_INTERVAL_MS) return [];
    if (this.#resends >= MAX_RESENDS) return [];
    this.#resends++;
    this.#sentMs = nowMs;
    return this.#datagrams;
  }
}
