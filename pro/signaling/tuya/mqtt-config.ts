// Where the account's MQTT broker is, who we are there, and on which topics devices listen and answer.
import { randomInt, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { MediaError } from '../../../core/base/media-error.ts';
import type { OpenApi } from './open-api-client.ts';

/** Credentials and topics for one connection. */
export interface TuyaMqttConfig {
  readonly url: string;
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  /** Our name in messages: what stands behind `/av/u/` in `sourceTopic`. */
  readonly msid: string;
  /** Where answers come. */
  readonly sourceTopic: string;
  /** Where devices listen, with `moto_id` and `{device_id}` in it. */
  readonly sinkTopic: string;
  /** How long the credentials work. */
  readonly lifeMs: number;
}

/** Which of the two calls the cloud knows. */
export type MqttConfigApi = 'auto' | 'v1' | 'v2';

const DEFAULT_LIFE_SECONDS = 7200;
const MIN_LIFE_SECONDS = 120;
const MAX_LIFE_SECONDS = 86_400;
/** Link ids have at most eight digits. */
const MAX_LINK_ID = 100_000_000;
const text = z.string().min(1).max(512);
const topic = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^#+\0]*$/u);
const topics = z.union([topic, z.object({ ipc: topic }).transform(({ ipc }) => ipc)]);
const schema = z.object({
  ...{ url: text, client_id: text, username: text, password: text },
  ...{ source_topic: topics, sink_topic: topics },
  expire_time: z.number().min(1).catch(DEFAULT_LIFE_SECONDS),
});

/** Asks for configurations; each instance is one connection of the account. */
export class MqttConfigs {
  readonly #api: OpenApi;
  readonly #linkId = String(randomInt(MAX_LINK_ID)).padStart(8, '0');
  readonly #uniqueId = randomUUID();
  #version: MqttConfigApi;

  constructor(api: OpenApi, version: MqttConfigApi) {
    this.#api = api;
    this.#version = version;
  }

  /**
   * Asks for fresh credentials; empty `uid` asks without a user.
   * @throws MediaError of the call, or `unavailable` `tuya-answer-invalid`.
   */
  async fetch(uid: string, signal: AbortSignal): Promise<TuyaMqttConfig> {
    if (this.#version === 'v2') return readMqttConfig(await this.#call('v2', uid, signal));
    try {
      return readMqttConfig(await this.#call('v1', uid, signal));
    } catch (thrown) {
      const isUnknown = thrown instanceof MediaError && thrown.code === 'tuya-path-invalid';
      if (this.#version === 'v1' || !isUnknown) throw thrown;
      const config = readMqttConfig(await this.#call('v2', uid, signal));
      this.#version = 'v2';
      return config;
    }
  }

  #call(version: 'v1' | 'v2', uid: string, signal: AbortSignal): Promise<unknown> {
    const user = uid === '' ? {} : { uid };
    const link = version === 'v1' ? { link_id: this.#linkId } : { unique_id: this.#uniqueId };
    const path =
      version === 'v1' ? '/v1.0/open-hub/access/config' : '/v2.0/open-iot-hub/access/config';
    const body = { ...user, ...link, link_type: 'mqtt', topics: 'ipc' };
    return this.#api.call({ method: 'POST', path, body, signal });
  }
}

/** Reads the `result`. @throws MediaError `unavailable` `tuya-answer-invalid`. */
export function readMqttConfig(result: unknown): TuyaMqttConfig {
  const { data, error } = schema.safeParse(result);
  if (!data) {
    const field = error.issues[0]?.path.join('.') ?? '';
    const message = `Tuya's cloud answered with an MQTT configuration whose '${field}' is missing or wrong`;
    throw new MediaError('unavailable', 'tuya-answer-invalid', message);
  }
  const seconds = Math.min(Math.max(data.expire_time, MIN_LIFE_SECONDS), MAX_LIFE_SECONDS);
  const { url, username, password, source_topic: sourceTopic } = data;
  return {
    ...{ url, username, password, sourceTopic, clientId: data.client_id },
    msid: sourceTopic.replace(/^.*\/u\//u, ''),
    sinkTopic: data.sink_topic,
    lifeMs: seconds * 1000,
  };
}

/** The topic on which one device listens. */
export function sinkTopicOf(
  { sinkTopic }: TuyaMqttConfig,
  { motoId, deviceId }: { readonly motoId: string; readonly deviceId: string },
): string {
  return sinkTopic.replace('moto_id', () => motoId).replace('{device_id}', () => deviceId);
}
