// Bounds how many questions to another service are under way at once, in all and for one client network.
import { networkOf } from '../base/ip-address.ts';
import { MediaError } from '../base/media-error.ts';

/** How many calls may be under way. */
export interface CallLimits {
  readonly maxCalls: number;
  /** Per IPv4 address or IPv6 /64, so that one client cannot take the places of all. */
  readonly maxCallsPerNetwork: number;
}

/** Nobody waits for a place: a service that is slow for some does not delay the others' refusal. */
export class CallLimiter {
  readonly #limits: CallLimits;
  readonly #callsByNetwork = new Map<string, number>();
  #calls = 0;

  constructor(limits: CallLimits) {
    this.#limits = limits;
  }

  get calls(): number {
    return this.#calls;
  }

  /**
   * Runs `call` when there is a place for it.
   * @throws MediaError unavailable `auth-busy` when there is none, or what `call` throws.
   */
  async run<T>(ip: string, call: () => Promise<T>): Promise<T> {
    const network = networkOf(ip);
    const ofNetwork = this.#callsByNetwork.get(network) ?? 0;
    const { maxCalls, maxCallsPerNetwork } = this.#limits;
    if (this.#calls >= maxCalls || ofNetwork >= maxCallsPerNetwork) throw busy(this.#calls);
    this.#calls++;
    this.#callsByNetwork.set(network, ofNetwork + 1);
    try {
      return await call();
    } finally {
      this.#calls--;
      this.#release(network);
    }
  }

  #release(network: string): void {
    const left = (this.#callsByNetwork.get(network) ?? 1) - 1;
    if (left > 0) this.#callsByNetwork.set(network, left);
    else this.#callsByNetwork.delete(network);
  }
}

function busy(calls: number): MediaError {
  const message = `the authentication service has ${calls} questions open, try again later`;
  const context = { retryAfterSeconds: 2 };
  return new MediaError('unavailable', 'auth-busy', message, { context });
}
