// Decides whether a token request comes from a client that may ask: address, time, signature, nonce, rate.
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../core/base/clock.ts';
import { IpSet } from '../../../core/base/ip-address.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { NonceStore } from './nonce-store.ts';
import { isSignedBy } from './request-signature.ts';
import { SlidingWindow } from './sliding-window.ts';
import type { SmartlyClient, SmartlyOptions } from './smartly-options.ts';

/** What a token request says of itself. */
export interface TokenRequestFacts {
  readonly ip: string;
  readonly method: string;
  /** Path and query in every spelling that the client may have signed. */
  readonly targets: readonly string[];
  readonly body: Uint8Array;
  readonly clientId: string;
  readonly timestamp: string;
  readonly nonce: string;
  readonly signature: string;
}

const TIMESTAMP = /^\d{1,12}$/u;
const MAX_NONCE_CHARS = 256;

interface Entrance {
  readonly client: SmartlyClient;
  /** Where it may come from; empty for anywhere. */
  readonly addresses: IpSet;
}

/** Checks without waiting, so that of many equal requests exactly one gets through. */
export class ClientGate {
  readonly #clock: Clock;
  readonly #options: SmartlyOptions;
  readonly #entrances = new Map<string, Entrance>();
  readonly #nonces: NonceStore;
  readonly #rates: SlidingWindow;
  /** Unknown clients are checked against it, so that their refusal takes as long as any. */
  readonly #nobodysSecret = randomBytes(32).toString('base64url');

  /** @throws MediaError `invalid-argument` for an address range that is none. */
  constructor(clock: Clock, options: SmartlyOptions) {
    this.#clock = clock;
    this.#options = options;
    for (const client of options.clients) {
      const addresses = new IpSet(client.allowedCidrs, `smartly.clients, ${client.id}`);
      this.#entrances.set(client.id, { client, addresses });
    }
    const { nonceTtlMs, timestampToleranceMs } = options;
    // A request can be sent again as long as its time is taken.
    this.#nonces = new NonceStore(clock, Math.max(nonceTtlMs, 2 * timestampToleranceMs + 1000));
    this.#rates = new SlidingWindow(clock, options.rateLimit);
  }

  /**
   * The client that signed the request.
   * @throws MediaError `integration-not-configured`, `ip-not-allowed`, `missing-headers`,
   * `invalid-timestamp`, `invalid-signature`, `nonce-already-used` or `rate-limited`, in this order.
   */
  admit(facts: TokenRequestFacts): SmartlyClient {
    this.#checkAddress(facts.ip);
    this.#checkHeaders(facts);
    this.#checkTime(facts.timestamp);
    const { client, addresses } = this.#checkSignature(facts);
    // Only now: before, it would tell strangers which clients there are.
    if (!isIn(addresses, facts.ip)) throw notAllowed(facts.ip);
    this.#useNonce(client, facts.nonce);
    return client;
  }

  /** The client of a token that was issued before. */
  clientOf(id: string): SmartlyClient | undefined {
    return this.#entrances.get(id)?.client;
  }

  #checkAddress(ip: string): void {
    if (this.#entrances.size === 0) {
      throw new MediaError(
        'failed-precondition',
        'integration-not-configured',
        'smartly.clients is empty',
      );
    }
    const all = [...this.#entrances.values()];
    if (!all.some(({ addresses }) => isIn(addresses, ip))) throw notAllowed(ip);
  }

  #checkHeaders({ clientId, timestamp, nonce, signature }: TokenRequestFacts): void {
    const headers = Object.entries({
      'X-Client-Id': clientId,
      'X-Timestamp': timestamp,
      'X-Nonce': nonce,
      'X-Signature': signature,
    });
    const missing = headers.filter(([, value]) => value === '').map(([name]) => name);
    if (missing.length > 0) {
      const message = `missing: ${missing.join(', ')}`;
      throw new MediaError('unauthenticated', 'missing-headers', message);
    }
    if (nonce.length > MAX_NONCE_CHARS) {
      const message = `X-Nonce has more than ${MAX_NONCE_CHARS} characters`;
      throw new MediaError('unauthenticated', 'missing-headers', message);
    }
  }

  #checkTime(timestamp: string): void {
    const toleranceMs = this.#options.timestampToleranceMs;
    const nowS = Math.floor(this.#clock.nowMs() / 1000);
    const isNear =
      TIMESTAMP.test(timestamp) && Math.abs(nowS - Number(timestamp)) * 1000 <= toleranceMs;
    if (isNear) return;
    const message = `X-Timestamp is not within ${toleranceMs / 1000} s of the server's time`;
    throw new MediaError('unauthenticated', 'invalid-timestamp', message);
  }

  #checkSignature(facts: TokenRequestFacts): Entrance {
    const entrance = this.#entrances.get(facts.clientId);
    const secret = entrance?.client.secret ?? this.#nobodysSecret;
    const isSigned = facts.targets.some((target) =>
      isSignedBy(secret, { ...facts, target }, facts.signature),
    );
    if (entrance && isSigned) return entrance;
    throw new MediaError('unauthenticated', 'invalid-signature', 'the signature is not valid');
  }

  /** A nonce is kept only for a request that gets through, so that the rate limit bounds their number. */
  #useNonce({ id }: SmartlyClient, nonce: string): void {
    if (this.#nonces.has(id, nonce)) {
      throw new MediaError('unauthenticated', 'nonce-already-used', 'the nonce was used before');
    }
    const waitMs = this.#nonces.isFull ? this.#options.nonceTtlMs : this.#rates.take(id);
    if (waitMs !== undefined) {
      throw new MediaError('resource-exhausted', 'rate-limited', 'too many token requests', {
        context: { retryAfterSeconds: Math.ceil(waitMs / 1000), rateLimitRemaining: 0 },
      });
    }
    this.#nonces.add(id, nonce);
  }
}

function isIn(addresses: IpSet, ip: string): boolean {
  return addresses.isEmpty || addresses.contains(ip);
}

function notAllowed(ip: string): MediaError {
  const message = `address ${ip} is not in the list`;
  return new MediaError('permission-denied', 'ip-not-allowed', message);
}
