// The façade's devices on an MQTT broker: one connection that listens for all of them, and comes back when lost.
import { randomBytes } from 'node:crypto';
import { delay, type Clock } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import { untilAborted } from './abortable.ts';
import type { FacadeBroker, TuyaFacadeOptions } from './facade-options.ts';
import { openMqttLink, type MqttLink, type OpenMqttLink } from './mqtt-link.ts';
import { formatTuyaMessage, parseTuyaMessage, type TuyaMessage } from './tuya-message.ts';

/** What the agent works with. */
export interface FacadeAgentComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes what came for a device; never throws. */
  readonly onMessage: (deviceId: string, message: TuyaMessage) => void;
  /** A test brings a double. */
  readonly openLink?: OpenMqttLink;
}

type AgentOptions = Pick<
  TuyaFacadeOptions,
  'broker' | 'motoId' | 'devices' | 'brokerTimeoutMs' | 'minBackoffMs' | 'maxBackoffMs'
>;

interface RefusedTopic {
  readonly topic: string;
  readonly error: MediaError;
}

/** Devices that a line of the log names. */
const MAX_NAMES = 10;
/** How long farewells may take. */
const GOODBYE_MS = 1000;
const CLIENT_ID_BYTES = 8;
const STOPPING = new MediaError('unavailable', 'server-stopping', 'the server is stopping');

/** Listens and answers; what is not read or not sent is counted. */
export class FacadeAgent implements AsyncDisposable {
  readonly #components: FacadeAgentComponents;
  readonly #options: AgentOptions;
  readonly #deviceOfTopic: ReadonlyMap<string, string>;
  readonly #abort = new AbortController();
  #link: MqttLink | undefined;
  #running: Promise<void> | undefined;
  #sending = 0;
  #onIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #malformedCount = 0;
  #unsentCount = 0;

  constructor(components: FacadeAgentComponents, options: AgentOptions) {
    this.#components = components;
    this.#options = options;
    const { motoId, devices } = options;
    this.#deviceOfTopic = new Map(
      [...devices.keys()].map((deviceId) => [`/av/moto/${motoId}/u/${deviceId}`, deviceId]),
    );
  }

  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  /** Messages that were none of Tuya's, and answers that no broker was there for. */
  get stats(): { readonly malformed: number; readonly unsent: number } {
    return { malformed: this.#malformedCount, unsent: this.#unsentCount };
  }

  /** Connects in the background, again and again, unless the package for it is missing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Publishes a message to its viewer; never throws. */
  send(message: TuyaMessage): void {
    const link = this.#link;
    if (!link) {
      this.#unsentCount += 1;
      return;
    }
    this.#sending += 1;
    void this.#publish(link, message).finally(() => {
      this.#sending -= 1;
      if (this.#sending === 0) this.#onIdle?.();
    });
  }

  /** Leaves the broker, at most a second after what waits to be sent. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#leave();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #leave(): Promise<void> {
    if (this.#sending > 0) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#onIdle = () => resolve(undefined);
      const timer = this.#components.clock.after(GOODBYE_MS, () => resolve(undefined));
      await promise;
      timer.cancel();
    }
    this.#abort.abort(STOPPING);
    await this.#running;
  }

  async #publish(link: MqttLink, message: TuyaMessage): Promise<void> {
    try {
      const bytes = formatTuyaMessage(message, this.#components.clock.nowMs());
      await link.publish(`/av/u/${message.header.to}`, bytes);
    } catch (thrown) {
      this.#unsentCount += 1;
      const { type } = message.body;
      this.#components.logger.debug(`${type} not sent: ${toMediaError(thrown).message}`);
    }
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#components;
    const { minBackoffMs, maxBackoffMs } = this.#options;
    const { signal } = this.#abort;
    let backoffMs = minBackoffMs;
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      const reason = await this.#stay(signal);
      if (isAborted(signal)) return;
      if (reason.code === 'package-missing') {
        logger.error(reason.message);
        return;
      }
      // Who held out for long begins anew; a broker that only greets does not.
      if (clock.monotonicMs() - startedMs > maxBackoffMs) backoffMs = minBackoffMs;
      logger.warn(`${reason.message}; next try in ${Math.round(backoffMs / 1000)} s`);
      await delay(clock, backoffMs, signal).catch(() => undefined);
      backoffMs = Math.min(2 * backoffMs, maxBackoffMs);
    }
  }

  /** One connection, from its beginning to its end; tells why it ended. */
  async #stay(signal: AbortSignal): Promise<MediaError> {
    const { clock, logger, openLink = openMqttLink } = this.#components;
    const lost = Promise.withResolvers<MediaError>();
    const onAbort = (): void => lost.resolve(STOPPING);
    signal.addEventListener('abort', onAbort, { once: true });
    const ended = new AbortController();
    let link: MqttLink | undefined;
    try {
      link = await openLink(
        { clock },
        { ...this.#login(this.#options.broker), signal },
        { onMessage: (topic, bytes) => this.#onMessage(topic, bytes), onLost: lost.resolve },
      );
      const refused = await this.#subscribe(link, [...this.#deviceOfTopic.keys()], signal);
      const deviceCount = this.#deviceOfTopic.size;
      const [first] = refused;
      if (first && refused.length === deviceCount) throw first.error;
      this.#link = link;
      logger.info(`${deviceCount - refused.length} devices listen on the MQTT broker`);
      void this.#askAgain(link, refused, ended.signal).catch(() => undefined);
      return await lost.promise;
    } catch (thrown) {
      return toMediaError(thrown);
    } finally {
      this.#link = undefined;
      signal.removeEventListener('abort', onAbort);
      ended.abort(STOPPING);
      await link?.close();
    }
  }

  /**
   * One after another; gives those that the broker refuses.
   * @throws MediaError when it does not answer, or is gone.
   */
  async #subscribe(
    link: MqttLink,
    topics: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly RefusedTopic[]> {
    const refused: RefusedTopic[] = [];
    for (const topic of topics) {
      try {
        await untilAborted(link.subscribe(topic), signal);
      } catch (thrown) {
        const error = toMediaError(thrown);
        if (error.code !== 'mqtt-subscription-refused') throw error;
        refused.push({ topic, error });
      }
    }
    return refused;
  }

  /** The rules of a broker may change: the devices that it refused are tried until it is gone. */
  async #askAgain(
    link: MqttLink,
    refused: readonly RefusedTopic[],
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, logger } = this.#components;
    const { maxBackoffMs } = this.#options;
    let waiting = refused;
    let knownCount = 0;
    while (waiting.length > 0) {
      if (waiting.length !== knownCount) {
        const names = waiting
          .slice(0, MAX_NAMES)
          .map(({ topic }) => this.#deviceOfTopic.get(topic));
        const more = waiting.length > MAX_NAMES ? ` and ${waiting.length - MAX_NAMES} more` : '';
        logger.warn(
          `no viewer reaches ${names.join(', ')}${more}: ${waiting[0]?.error.message ?? ''}; ` +
            `asked again each ${Math.round(maxBackoffMs / 1000)} s`,
        );
      }
      knownCount = waiting.length;
      await delay(clock, maxBackoffMs, signal);
      const topics = waiting.map(({ topic }) => topic);
      // No answer is a refusal, too, unless the connection ended.
      waiting = await this.#subscribe(link, topics, signal).catch(() => waiting);
    }
    if (knownCount > 0) logger.info('all devices listen on the MQTT broker');
  }

  #login({ url, username, password, fingerprint }: FacadeBroker): {
    readonly url: string;
    readonly fingerprint: string;
    readonly fingerprintKey: string;
    readonly timeoutMs: number;
    readonly clientId: string;
    readonly username: string;
    readonly password: string;
  } {
    return {
      ...{ url, username, password, fingerprint },
      fingerprintKey: 'tuya.facade.brokerFingerprint',
      timeoutMs: this.#options.brokerTimeoutMs,
      // Who knows it can take the connection over, and viewers are told the motoId.
      clientId: `agent_${randomBytes(CLIENT_ID_BYTES).toString('hex')}`,
    };
  }

  #onMessage(topic: string, bytes: Uint8Array): void {
    const deviceId = this.#deviceOfTopic.get(topic);
    if (deviceId === undefined) return;
    try {
      const message = parseTuyaMessage(bytes);
      if (message) this.#components.onMessage(deviceId, message);
    } catch (thrown) {
      this.#malformedCount += 1;
      this.#components.logger.debug(`device ${deviceId}: ${toMediaError(thrown).message}`);
    }
  }
}

/** Read through a function so that the compiler forgets what it knew before an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
