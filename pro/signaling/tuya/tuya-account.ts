// An account of Tuya's cloud: one token, one MQTT connection, and the conversations with its devices.
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { delay, type Clock } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import { AddressPolicy } from '../../../core/http/address-policy.ts';
import { PinnedHttpClient } from '../../../core/http/pinned-http-client.ts';
import { fetchDeviceConfig, type TuyaDeviceConfig } from './device-config.ts';
import { MqttConfigs, sinkTopicOf, type MqttConfigApi } from './mqtt-config.ts';
import { openMqttLink, type OpenMqttLink } from './mqtt-link.ts';
import { OpenApiClient, type OpenApiClientOptions } from './open-api-client.ts';
import { SharedMqttLink } from './shared-mqtt-link.ts';
import { formatTuyaMessage, parseTuyaMessage, type TuyaBody } from './tuya-message.ts';
import { WakeWatch } from './wake-watch.ts';

/** What an account works with. */
export interface TuyaAccountComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: one that reaches the endpoint, and nothing else inside this machine. */
  readonly http?: Pick<PinnedHttpClient, 'request'>;
  /** Default: with the npm package `mqtt`. */
  readonly openLink?: OpenMqttLink;
}

/** Settings of an account. */
export interface TuyaAccountOptions extends OpenApiClientOptions {
  /** As sources name it: tuya://<name>/<deviceId>. */
  readonly name: string;
  /** Owner of the devices; empty asks without one. */
  readonly uid: string;
  readonly mqttConfigApi: MqttConfigApi;
  /** SHA-256 of the broker's certificate in hex; empty checks it against the authorities. */
  readonly mqttFingerprint: string;
  /** Further certificate authorities for the broker, PEM. */
  readonly mqttCertificateAuthority?: string | undefined;
  /** Local keys of devices that sleep, by device id. */
  readonly localKeys: ReadonlyMap<string, string>;
}

/** With which device a conversation is. */
export interface TuyaCallee {
  readonly deviceId: string;
  readonly motoId: string;
  /** Node behind a recorder; empty without one. */
  readonly subDeviceId: string;
}

/** All messages of one connection. */
export interface TuyaConversation {
  /** @throws MediaError `tuya-message-too-large`, or why there is no connection to the broker. */
  send(body: TuyaBody): Promise<void>;
  /** Says `disconnect` to a device that was called, for at most a second; never throws. */
  close(): Promise<void>;
}

/** What goes wrong with messages that nobody asked for. */
export interface TuyaMessageCounters {
  readonly malformed: number;
  readonly foreign: number;
  readonly tooLong: number;
}

const API_TIMEOUT_MS = 10_000;
const MAX_REPLY_BYTES = 262_144;
const GOODBYE_MS = 1000;
const WARN_EVERY_MS = 10_000;
const MAX_FOREIGN_LINES = 100;

/** All sources of one account share it. */
export class TuyaAccount {
  readonly #components: TuyaAccountComponents;
  readonly #options: TuyaAccountOptions;
  readonly #logger: Logger;
  readonly #api: OpenApiClient;
  readonly #link: SharedMqttLink;
  readonly #wakes: WakeWatch;
  readonly #listeners = new Map<string, (body: TuyaBody) => void>();
  #malformedCount = 0;
  #foreignCount = 0;
  #tooLongCount = 0;
  #warnedMs = -WARN_EVERY_MS;

  constructor(components: TuyaAccountComponents, options: TuyaAccountOptions) {
    const { clock } = components;
    const logger = components.logger.scope(`tuya ${options.name}`);
    const http = components.http ?? httpFor(clock, options.endpoint);
    this.#components = components;
    this.#options = options;
    this.#logger = logger;
    this.#api = new OpenApiClient({ clock, logger, http }, options);
    const configs = new MqttConfigs(this.#api, options.mqttConfigApi);
    this.#link = new SharedMqttLink(
      {
        ...{ clock, logger, openLink: components.openLink ?? openMqttLink },
        fetchConfig: async (signal) => await configs.fetch(await this.#uid(signal), signal),
        onMessage: (topic, bytes) => this.#onMessage(topic, bytes),
        onIgnored: (sizeBytes) => this.#onIgnored(sizeBytes),
      },
      {
        fingerprint: options.mqttFingerprint,
        fingerprintKey: 'mqttFingerprint',
        certificateAuthority: options.mqttCertificateAuthority,
      },
    );
    this.#wakes = new WakeWatch(clock);
  }

  get counters(): TuyaMessageCounters {
    return {
      malformed: this.#malformedCount,
      foreign: this.#foreignCount,
      tooLong: this.#tooLongCount,
    };
  }

  /** @throws MediaError of the open API; see OpenApiClient.call() and fetchDeviceConfig(). */
  async deviceConfig(deviceId: string, signal: AbortSignal): Promise<TuyaDeviceConfig> {
    const uid = await this.#uid(signal);
    return await fetchDeviceConfig(this.#api, { deviceId, uid }, signal);
  }

  /**
   * Begins a conversation; `listener` gets what the device says in it, and nothing else.
   * @throws MediaError why there is no connection to the broker.
   */
  async converse(
    callee: TuyaCallee,
    listener: (body: TuyaBody) => void,
    signal: AbortSignal,
  ): Promise<TuyaConversation> {
    const release = this.#link.hold();
    const sessionId = randomBytes(16).toString('hex');
    try {
      const { config } = await this.#link.ready(signal);
      this.#listeners.set(sessionId, listener);
      const topic = sinkTopicOf(config, callee);
      return this.#conversation({ ...callee, sessionId, from: config.msid, topic }, release);
    } catch (thrown) {
      release();
      throw toMediaError(thrown);
    }
  }

  /** Wakes a device whose local key is known; waits until it says so, or for some seconds. */
  async wake(deviceId: string, signal: AbortSignal): Promise<void> {
    const localKey = this.#options.localKeys.get(deviceId);
    if (localKey === undefined) return;
    const release = this.#link.hold();
    try {
      const { link } = await this.#link.ready(signal);
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(crc32(localKey));
      await this.#wakes.wake(link, { deviceId, bytes, signal });
    } finally {
      release();
    }
  }

  /** Ends the connection; conversations were closed before. Idempotent, never throws. */
  async close(): Promise<void> {
    this.#api.close();
    await this.#link.close();
  }

  async #uid(signal: AbortSignal): Promise<string> {
    const { uid } = this.#options;
    return uid === '' ? await this.#api.uid(signal) : uid;
  }

  #conversation(
    call: TuyaCallee & {
      readonly sessionId: string;
      readonly from: string;
      readonly topic: string;
    },
    release: () => void,
  ): TuyaConversation {
    const { clock } = this.#components;
    const { sessionId, deviceId: to, motoId, subDeviceId, from, topic } = call;
    const header = { from, to, sessionId, subDeviceId, motoId };
    let hasCalled = false;
    const send = async (body: TuyaBody): Promise<void> => {
      const bytes = formatTuyaMessage({ header, body }, clock.nowMs());
      const active = this.#link.active;
      if (!active) {
        const message = 'no connection to the MQTT broker';
        throw new MediaError('unavailable', 'mqtt-lost', message);
      }
      hasCalled = true;
      await active.link.publish(topic, bytes);
    };
    const close = async (): Promise<void> => {
      if (!this.#listeners.delete(sessionId)) return;
      const done = new AbortController();
      const goodbye = hasCalled ? send({ type: 'disconnect' }).catch(() => undefined) : undefined;
      await Promise.race([goodbye, delay(clock, GOODBYE_MS, done.signal).catch(() => undefined)]);
      done.abort();
      release();
    };
    return { send, close };
  }

  #onMessage(topic: string, bytes: Uint8Array): void {
    if (this.#wakes.take(topic, bytes)) return;
    try {
      const message = parseTuyaMessage(bytes);
      if (!message) return;
      const listener = this.#listeners.get(message.header.sessionId);
      if (listener) listener(message.body);
      else this.#onForeign(message.body.type);
    } catch (thrown) {
      this.#malformedCount += 1;
      this.#warn(toMediaError(thrown).message, this.#malformedCount);
    }
  }

  #onIgnored(sizeBytes: number): void {
    this.#tooLongCount += 1;
    this.#warn(`a message of ${sizeBytes} bytes is ignored`, this.#tooLongCount);
  }

  /** Late candidates of a call that is over are such, too: nothing that an operator must know. */
  #onForeign(type: string): void {
    this.#foreignCount += 1;
    if (this.#foreignCount > MAX_FOREIGN_LINES) return;
    this.#logger.debug(`a message '${type}' belongs to no call of ours`);
  }

  /** Whoever sends junk sends much of it. */
  #warn(message: string, count: number): void {
    const nowMs = this.#components.clock.monotonicMs();
    if (nowMs - this.#warnedMs < WARN_EVERY_MS) return;
    this.#warnedMs = nowMs;
    this.#logger.warn(`${message} (${count} so far)`);
  }
}

function httpFor(clock: Clock, endpoint: string): PinnedHttpClient {
  // Chosen by the operator: it may be inside this machine.
  const allow = URL.canParse(endpoint) ? [new URL(endpoint).hostname] : [];
  return new PinnedHttpClient(
    { clock, policy: new AddressPolicy({ allow }) },
    { timeoutMs: API_TIMEOUT_MS, maxResponseBytes: MAX_REPLY_BYTES },
  );
}
