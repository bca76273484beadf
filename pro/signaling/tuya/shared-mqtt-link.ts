// One MQTT connection for all devices of an account: opened when needed, renewed, opened again when lost.
import type { Clock, Timer } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import { untilAborted } from './abortable.ts';
import type { TuyaMqttConfig } from './mqtt-config.ts';
import type { MqttLink, MqttLinkCallbacks, MqttLinkOptions, OpenMqttLink } from './mqtt-link.ts';

/** What the connection works with. */
export interface SharedMqttLinkComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly openLink: OpenMqttLink;
  /** Fresh credentials. @throws MediaError. */
  readonly fetchConfig: (signal: AbortSignal) => Promise<TuyaMqttConfig>;
  readonly onMessage: MqttLinkCallbacks['onMessage'];
  readonly onIgnored: (sizeBytes: number) => void;
}

/** Whom to trust. */
export type SharedMqttLinkOptions = Pick<
  MqttLinkOptions,
  'fingerprint' | 'fingerprintKey' | 'certificateAuthority'
>;

/** A connection that is subscribed. */
export interface ActiveMqttLink {
  readonly config: TuyaMqttConfig;
  readonly link: MqttLink;
}

const TIMEOUT_MS = 10_000;
const RENEW_BEFORE_MS = 60_000;
/** Unused for so long it closes; sources that try again find it open. */
const LINGER_MS = 30_000;
const MIN_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 60_000;

/** Keeps one connection while somebody uses it. */
export class SharedMqttLink {
  readonly #components: SharedMqttLinkComponents;
  readonly #options: SharedMqttLinkOptions;
  readonly #closed = new AbortController();
  #userCount = 0;
  #active: ActiveMqttLink | undefined;
  #connecting: Promise<ActiveMqttLink> | undefined;
  #failureCount = 0;
  /** Monotonic. */
  #connectedMs = 0;
  #failure: { readonly error: MediaError; readonly untilMs: number } | undefined;
  #retryTimer: Timer | undefined;
  #renewTimer: Timer | undefined;
  #lingerTimer: Timer | undefined;

  constructor(components: SharedMqttLinkComponents, options: SharedMqttLinkOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** The connection, when it stands now. */
  get active(): ActiveMqttLink | undefined {
    return this.#active;
  }

  /** Counts a user until the returned function is called; that one is idempotent. */
  hold(): () => void {
    this.#userCount += 1;
    this.#lingerTimer?.cancel();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#userCount -= 1;
      if (this.#userCount === 0) this.#linger();
    };
  }

  /**
   * The connection, opened when there is none.
   * @throws MediaError why there is none; while the next attempt waits, that of the last one.
   */
  async ready(signal: AbortSignal): Promise<ActiveMqttLink> {
    if (this.#active) return this.#active;
    const nowMs = this.#components.clock.monotonicMs();
    if (!this.#connecting && this.#failure && this.#failure.untilMs > nowMs) {
      throw this.#failure.error;
    }
    return await untilAborted(this.#connect(), signal);
  }

  /** Idempotent, never throws. */
  async close(): Promise<void> {
    this.#closed.abort(new MediaError('canceled', 'closed', 'the Tuya account is closed'));
    this.#lingerTimer?.cancel();
    await this.#connecting?.catch(() => undefined);
    await this.#drop();
  }

  #connect(): Promise<ActiveMqttLink> {
    this.#retryTimer?.cancel();
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #open(): Promise<ActiveMqttLink> {
    const { clock, logger, openLink, onMessage, onIgnored } = this.#components;
    const { signal } = this.#closed;
    let link: MqttLink | undefined;
    try {
      signal.throwIfAborted();
      const config = await this.#components.fetchConfig(signal);
      const { url, clientId, username, password } = config;
      const onLost = (reason: MediaError): void => this.#onLost(link, reason);
      link = await openLink(
        { clock },
        { ...this.#options, url, clientId, username, password, timeoutMs: TIMEOUT_MS, signal },
        { onMessage, onIgnored, onLost },
      );
      await untilAborted(link.subscribe(config.sourceTopic), signal);
      signal.throwIfAborted();
      this.#active = { config, link };
      this.#failure = undefined;
      this.#connectedMs = clock.monotonicMs();
      const lifeMs = Math.max(config.lifeMs - RENEW_BEFORE_MS, config.lifeMs / 2);
      this.#renewTimer?.cancel();
      this.#renewTimer = clock.after(lifeMs, () => this.#renew());
      logger.info(`connected to the MQTT broker as ${config.clientId}`);
      // Whoever wanted it may have left meanwhile.
      if (this.#userCount === 0) this.#linger();
      return this.#active;
    } catch (thrown) {
      await link?.close();
      const error = toMediaError(thrown);
      this.#backOff(error);
      throw error;
    }
  }

  /** The media of those who watch goes on without the broker. */
  #onLost(link: MqttLink | undefined, reason: MediaError): void {
    if (!link || this.#active?.link !== link) return;
    this.#components.logger.warn(`${reason.message}; running streams go on`);
    this.#active = undefined;
    this.#renewTimer?.cancel();
    void link.close();
    this.#forgive();
    this.#backOff(reason);
  }

  /** Who held out for long begins anew; a broker that only greets does not. */
  #forgive(): void {
    const heldMs = this.#components.clock.monotonicMs() - this.#connectedMs;
    if (heldMs > MAX_BACKOFF_MS) this.#failureCount = 0;
  }

  #backOff(error: MediaError): void {
    const { clock, logger } = this.#components;
    if (this.#closed.signal.aborted) return;
    const delayMs = Math.min(MIN_BACKOFF_MS * 2 ** this.#failureCount, MAX_BACKOFF_MS);
    this.#failureCount = Math.min(this.#failureCount + 1, 10);
    this.#failure = { error, untilMs: clock.monotonicMs() + delayMs };
    this.#retryTimer?.cancel();
    this.#retryTimer = clock.after(delayMs, () => {
      if (this.#userCount === 0 || this.#active) return;
      this.#connect().catch((thrown: unknown) => {
        if (this.#closed.signal.aborted) return;
        logger.warn(`no connection to the MQTT broker: ${toMediaError(thrown).message}`);
      });
    });
  }

  /** The credentials end soon. One connection at a time has a client id, so the old one goes first. */
  #renew(): void {
    void this.#drop().then(() => {
      // Somebody may have been faster than the old one's goodbye.
      if (this.#userCount === 0 || this.#active || this.#closed.signal.aborted) return;
      this.#connect().catch((thrown: unknown) => {
        const { message } = toMediaError(thrown);
        this.#components.logger.warn(
          `the connection to the MQTT broker is not renewed: ${message}`,
        );
      });
    });
  }

  #linger(): void {
    this.#lingerTimer?.cancel();
    if (this.#closed.signal.aborted) return;
    this.#lingerTimer = this.#components.clock.after(LINGER_MS, () => {
      if (this.#userCount === 0) void this.#drop();
    });
  }

  async #drop(): Promise<void> {
    this.#retryTimer?.cancel();
    this.#renewTimer?.cancel();
    const active = this.#active;
    if (active) this.#forgive();
    this.#active = undefined;
    await active?.link.close();
  }
}
