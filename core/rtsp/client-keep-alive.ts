// Tells the camera from time to time that its session is still wanted.
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { statusText } from './client-status-error.ts';
import type { RtspClient } from './rtsp-client.ts';

/** What keep-alive needs. */
export interface KeepAliveComponents {
  readonly client: RtspClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The camera does not know the session any more, or not our password. */
  readonly onLost: (failure: MediaError) => void;
}

/** How the session is kept. */
export interface KeepAliveOptions {
  readonly url: string;
  /** Methods of the camera's `Public` header. */
  readonly methods: ReadonlySet<string>;
  /** Of the session, as the camera told. */
  readonly timeoutSeconds: number;
}

const MIN_PERIOD_MS = 1000;
const MAX_PERIOD_MS = 60_000;

/** Sends a request at half of the session's time-out. */
export class ClientKeepAlive {
  readonly #components: KeepAliveComponents;
  readonly #url: string;
  readonly #periodMs: number;
  #method: 'GET_PARAMETER' | 'OPTIONS';
  #timer: Timer | undefined;

  constructor(components: KeepAliveComponents, options: KeepAliveOptions) {
    this.#components = components;
    this.#url = options.url;
    this.#method = options.methods.has('GET_PARAMETER') ? 'GET_PARAMETER' : 'OPTIONS';
    const halfMs = options.timeoutSeconds * 500;
    this.#periodMs = Math.min(MAX_PERIOD_MS, Math.max(MIN_PERIOD_MS, halfMs));
  }

  start(): void {
    this.#timer ??= this.#components.clock.every(this.#periodMs, () => void this.#send());
  }

  /** Idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #send(): Promise<void> {
    const { client, logger, onLost } = this.#components;
    try {
      const response = await client.request(this.#method, this.#url);
      if (!this.#timer || response.statusCode === 200) return;
      const answer = `${this.#method} to keep the session was answered ${statusText(response)}`;
      if (response.statusCode === 454) {
        onLost(new MediaError('unavailable', 'rtsp-session-lost', `${client.place}: ${answer}`));
        return;
      }
      // Cameras list GET_PARAMETER in Public and refuse it all the same.
      this.#method = 'OPTIONS';
      logger.debug(answer);
    } catch (thrown) {
      const failure = toMediaError(thrown);
      // Without an answer the media decide: many cameras are too busy to answer while they stream.
      if (this.#timer && failure.kind === 'unauthenticated') onLost(failure);
      else logger.debug(`keep-alive: ${failure.message}`);
    }
  }
}
