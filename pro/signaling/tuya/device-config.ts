// What the cloud tells about a device before it is called: proof, instance, ICE servers, what it can do.
import { z } from 'zod';
import { MediaError } from '../../../core/base/media-error.ts';
import { parseIceServerUrl } from '../../../core/webrtc/client/ice-server-address.ts';
import type { IceServer } from '../../../core/webrtc/ice-server-provider.ts';
import type { OpenApi } from './open-api-client.ts';
import type { TuyaIceServer } from './tuya-message.ts';

/** One stream of a device. */
export interface TuyaVideoSkill {
  /** 2 = main, 4 = sub. */
  readonly streamType: number;
  /** 2 = H.264, 4 = H.265. */
  readonly codecType: number;
  readonly width: number;
  readonly height: number;
}

/** The sound of a device. */
export interface TuyaAudioSkill {
  /** 101 = PCM, 105 = PCMU, 106 = PCMA, 102 to 104 = AAC, 109 = MP3. */
  readonly codecType: number;
  readonly sampleRate: number;
  readonly channels: number;
}

/** What a device can do; empty where the cloud does not know. */
export interface TuyaSkill {
  /** Bit 5: takes messages that choose the resolution. */
  readonly webrtc: number;
  readonly videos: readonly TuyaVideoSkill[];
  readonly audios: readonly TuyaAudioSkill[];
}

/** Everything needed to call a device. */
export interface TuyaDeviceConfig {
  readonly auth: string;
  /** Empty when the cloud named none. */
  readonly motoId: string;
  /** For our peer. */
  readonly iceServers: readonly IceServer[];
  /** As they came, for the device; without those that are no ICE servers. */
  readonly deviceIceServers: readonly TuyaIceServer[];
  readonly skill: TuyaSkill;
}

/** Whose device; the id as the cloud names it. */
export interface TuyaDevice {
  readonly deviceId: string;
  /** Empty asks without a user. */
  readonly uid: string;
}

const MAX_SERVERS = 16;
const RESOLUTION_BIT = 32;
const WEBRTC_CONFIGS = 'webrtc-configs';
const text = z.string().max(512);
const integer = z.number().int().catch(0);
const videos = z
  .array(z.object({ streamType: integer, codecType: integer, width: integer, height: integer }))
  .max(16)
  .catch([]);
const audios = z
  .array(z.object({ codecType: integer, sampleRate: integer, channels: integer }))
  .max(16)
  .catch([]);
const skillSchema = z.object({ webrtc: integer, videos, audios });
const iceSchema = z.object({
  urls: z.union([text, z.array(text).min(1).max(8)]),
  username: text.optional(),
  credential: text.optional(),
  ttl: z.number().optional(),
});
const configSchema = z.object({
  auth: z.string().max(1024).default(''),
  moto_id: z
    .string()
    .regex(/^[\w-]{0,64}$/u)
    .nullish(),
  supports_webrtc: z.boolean().nullish(),
  p2p_config: z.object({ ices: z.array(z.unknown()).max(256).nullish() }).nullish(),
  skill: z.unknown().optional(),
});
const UNKNOWN_SKILL: TuyaSkill = { webrtc: 0, videos: [], audios: [] };

/** Asks for the configuration. @throws MediaError of the call, or as readDeviceConfig(). */
export async function fetchDeviceConfig(
  api: OpenApi,
  { deviceId, uid }: TuyaDevice,
  signal: AbortSignal,
): Promise<TuyaDeviceConfig> {
  const device = `devices/${encodeURIComponent(deviceId)}/${WEBRTC_CONFIGS}`;
  const user = uid === '' ? '' : `users/${encodeURIComponent(uid)}/`;
  const path = `/v1.0/${user}${device}`;
  return readDeviceConfig(await api.call({ method: 'GET', path, signal }));
}

/**
 * Reads the `result` of webrtc-configs.
 * @throws MediaError `unavailable` `tuya-answer-invalid`, `failed-precondition`
 * `tuya-webrtc-unsupported` when the device says so.
 */
export function readDeviceConfig(result: unknown): TuyaDeviceConfig {
  const { data } = configSchema.safeParse(result);
  if (!data) {
    const message = "Tuya's cloud answered with a WebRTC configuration that is none";
    throw new MediaError('unavailable', 'tuya-answer-invalid', message);
  }
  if (data.supports_webrtc === false) {
    const message = "the device has no WebRTC, says Tuya's cloud";
    throw new MediaError('failed-precondition', 'tuya-webrtc-unsupported', message);
  }
  const servers = (data.p2p_config?.ices ?? []).flatMap(readServer).slice(0, MAX_SERVERS);
  return {
    auth: data.auth,
    motoId: data.moto_id ?? '',
    iceServers: servers.map(({ urls: url, username = '', credential = '' }) => ({
      ...{ url, username, credential },
    })),
    deviceIceServers: servers,
    skill: readSkill(data.skill),
  };
}

/** Whether the device takes messages that choose the resolution. */
export function canChooseResolution({ webrtc }: TuyaSkill): boolean {
  return (webrtc & RESOLUTION_BIT) !== 0;
}

/** An object, the text of one, or nothing that anybody understands. */
function readSkill(value: unknown): TuyaSkill {
  const raw = typeof value === 'string' ? parseJson(value) : value;
  return skillSchema.safeParse(raw).data ?? UNKNOWN_SKILL;
}

/** One entry for each URL; `nat:` and others that are no ICE servers are left out. */
function readServer(value: unknown): TuyaIceServer[] {
  const { data } = iceSchema.safeParse(value);
  if (!data) return [];
  const { urls, ...others } = data;
  return [urls]
    .flat()
    .filter((url) => parseIceServerUrl(url) !== undefined)
    .map((url) => ({ ...others, urls: url }));
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json.slice(0, 65_536));
  } catch {
    return undefined;
  }
}
