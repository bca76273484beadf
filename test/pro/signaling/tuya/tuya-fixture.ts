// An account with a broker that a test plays, a double of the cloud, and peers without a network.
import assert from 'node:assert/strict';
import { loadConfig } from '../../../../core/config/load-config.ts';
import { MediaError } from '../../../../core/base/media-error.ts';
import { WebRtcClients } from '../../../../core/webrtc/client/webrtc-clients.ts';
import type {
  MqttLink,
  MqttLinkCallbacks,
  MqttLinkOptions,
  OpenMqttLink,
} from '../../../../pro/signaling/tuya/mqtt-link.ts';
import { TuyaAccount } from '../../../../pro/signaling/tuya/tuya-account.ts';
import {
  formatTuyaMessage,
  parseTuyaMessage,
  type TuyaBody,
  type TuyaMessage,
} from '../../../../pro/signaling/tuya/tuya-message.ts';
import { TuyaSourceFactory } from '../../../../pro/signaling/tuya/tuya-source.ts';
import { DtlsDouble, LinkDoubles } from '../../../core/webrtc/client/peer-doubles.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';
import { OpenApiDouble } from '../../../support/tuya/open-api-double.ts';

/** The topic of the device. */
export const deviceTopic = '/av/moto/moto1/u/dev1';

/** One connection to the broker; the test is the broker. */
export class BrokerLink implements MqttLink {
  readonly ignoredCount = 0;
  readonly options: MqttLinkOptions;
  readonly callbacks: MqttLinkCallbacks;
  readonly topics: string[] = [];
  readonly published: (readonly [topic: string, bytes: Uint8Array])[] = [];
  isClosed = false;
  /** Whether messages and subscriptions are never confirmed. */
  isDeaf: boolean;

  constructor(options: MqttLinkOptions, callbacks: MqttLinkCallbacks, isDeaf: boolean) {
    this.options = options;
    this.callbacks = callbacks;
    this.isDeaf = isDeaf;
  }

  /** What devices got, in order. */
  get said(): readonly TuyaMessage[] {
    const messages = this.published.filter(([topic]) => topic === deviceTopic);
    return messages.flatMap(([, bytes]) => parseTuyaMessage(bytes) ?? []);
  }

  subscribe(topic: string): Promise<void> {
    this.topics.push(topic);
    return this.isDeaf ? new Promise(() => undefined) : Promise.resolve();
  }

  publish(topic: string, bytes: Uint8Array): Promise<void> {
    this.published.push([topic, bytes]);
    return this.isDeaf ? new Promise(() => undefined) : Promise.resolve();
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

/** Everything around an account. */
export class TuyaFixture {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly peers = new LinkDoubles();
  readonly links: BrokerLink[] = [];
  /** Whether new connections are deaf from the start. */
  isDeaf = false;
  /** Why connections fail, one each. */
  readonly failures: MediaError[] = [];
  readonly cloud: OpenApiDouble;
  readonly account: TuyaAccount;
  readonly sources: TuyaSourceFactory;

  constructor(skill: unknown = { webrtc: 32 }) {
    const { clock, logger, peers } = this;
    const credentials = { clientId: 'id1', secret: 'canary-secret' };
    this.cloud = new OpenApiDouble({
      ...{ ...credentials, nowMs: () => clock.nowMs() },
      devices: { dev1: { auth: 'proof', moto_id: 'moto1', skill } },
      mqtt: {
        ...{ url: 'ssl://broker:8883', client_id: 'c', username: 'u', password: 'canary-p' },
        ...{ source_topic: { ipc: '/av/u/me' }, expire_time: 7200 },
        sink_topic: { ipc: '/av/moto/moto_id/u/{device_id}' },
      },
    });
    const openLink: OpenMqttLink = (_components, options, callbacks) => {
      const failure = this.failures.shift();
      if (failure) return Promise.reject(failure);
      const link = new BrokerLink(options, callbacks, this.isDeaf);
      this.links.push(link);
      return Promise.resolve(link);
    };
    this.account = new TuyaAccount(
      { clock, logger, http: this.cloud, openLink },
      {
        ...{ ...credentials, name: 'main', endpoint: 'http://cloud', uid: 'user1' },
        ...{ authMode: 'easy', code: '', signMethod: 'hmac', mqttConfigApi: 'auto' },
        ...{ mqttFingerprint: '', localKeys: new Map([['dev1', 'canary-key']]) },
      },
    );
    const clients = new WebRtcClients(
      { clock, links: peers, dtls: () => Promise.resolve(new DtlsDouble()) },
      {
        addresses: () => ({
          ...{ ipsFromInterfaces: false, interfacesList: [], additionalHosts: ['127.0.0.1'] },
        }),
        requestTimeoutMs: () => 10_000,
      },
    );
    this.sources = new TuyaSourceFactory({
      clients: () => clients,
      accounts: new Map([['main', this.account]]),
    });
  }

  /** The newest connection. */
  get link(): BrokerLink {
    return this.links.at(-1) ?? assert.fail('nobody connected');
  }

  /** Text of the log. */
  get log(): string {
    return this.logger.lines.map(({ message }) => message).join('\n');
  }

  /** The device says something to whom it heard last, or in another session. */
  say(body: TuyaBody, sessionId?: string): void {
    const heard = this.link.said.at(-1)?.header ?? assert.fail('nobody spoke');
    const header = { ...heard, from: heard.to, to: heard.from };
    const message = { header: { ...header, sessionId: sessionId ?? heard.sessionId }, body };
    this.tell(formatTuyaMessage(message, this.clock.nowMs()));
  }

  /** Bytes of anybody on our topic. */
  tell(bytes: Uint8Array, topic = '/av/u/me'): void {
    this.link.callbacks.onMessage(topic, bytes);
  }

  /** One run of a source; its error when it ends. */
  watch(url = 'tuya://main/dev1'): {
    readonly abort: AbortController;
    readonly ended: Promise<unknown>;
  } {
    const abort = new AbortController();
    const ended = this.sources
      .create()
      .run({
        ...{ pathName: 'cam', logger: this.logger, url, signal: abort.signal },
        config: loadConfig({ text: '', env: {} }).pathDefaults,
        publish: () => assert.fail('no media come in these tests'),
      })
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    return { abort, ended };
  }
}

/** Lets promises go on that wait for nothing. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
}
