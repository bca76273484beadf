// What the façade's open API tells: devices, their WebRTC configuration, and the way to the broker.
import { z } from 'zod';
import type { Clock } from '../../../core/base/clock.ts';
import type { IceServer, IceServerProvider } from '../../../core/webrtc/ice-server-provider.ts';
import { parameterInvalid, permissionDenied } from './facade-error.ts';
import type { FacadeIdentity } from './facade-identity.ts';
import type { FacadeDevice, TuyaFacadeOptions } from './facade-options.ts';
import { facadeSkill, type SkilledPath } from './facade-skill.ts';
import type { TuyaIceServer } from './tuya-message.ts';

/** What the answers are made from. */
export interface FacadeAnswersComponents {
  readonly clock: Clock;
  readonly identity: FacadeIdentity;
  readonly paths: { get(name: string): SkilledPath | undefined };
  readonly ice: IceServerProvider;
  /** URL of a path for a client that calls us `host`; undefined while RTSP is off. */
  readonly rtspUrl: (pathName: string, host: string) => string | undefined;
}

type AnswersOptions = Pick<
  TuyaFacadeOptions,
  | 'uid'
  | 'motoId'
  | 'devices'
  | 'publicBrokerUrl'
  | 'viewerUsername'
  | 'viewerPassword'
  | 'loginLifeMs'
  | 'authLifeMs'
>;

/** Which of the two calls asks for the broker. */
export type HubVersion = 'v1' | 'v2';

const STREAM_TYPE_MAIN = 2;
const ONE_WAY = 1;
const MICROPHONE = 1;
const text = z.string().max(512);
const hubSchema = z.object({
  uid: text.optional(),
  link_id: text.optional(),
  unique_id: text.optional(),
  link_type: z.string().max(64),
  topics: z.union([text, z.array(text).max(16)]),
});
const allocateSchema = z.object({ type: z.string().max(64) });

/** Every method gives the `result` of one call. */
export class FacadeAnswers {
  readonly #components: FacadeAnswersComponents;
  readonly #options: AnswersOptions;

  constructor(components: FacadeAnswersComponents, options: AnswersOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** @throws MediaError `tuya-permission-denied`. */
  device(deviceId: string): unknown {
    const { path } = this.#find(deviceId);
    const isOnline = this.#components.paths.get(path)?.stream?.isOnline === true;
    const { uid } = this.#options;
    return {
      ...{ id: deviceId, uid, name: path, category: 'sp', online: isOnline },
      ...{ product_name: 'camera', sub: false, status: [] },
    };
  }

  /** Empty `uid` asks without a user. @throws MediaError `tuya-permission-denied`. */
  async webRtcConfig(deviceId: string, uid: string, signal: AbortSignal): Promise<unknown> {
    const { path, subPath } = this.#find(deviceId);
    this.#checkUser(uid);
    const { clock, identity, ice, paths } = this.#components;
    const { motoId, authLifeMs } = this.#options;
    const sub = subPath === '' ? undefined : { path: paths.get(subPath) };
    const { skill, hasSound } = facadeSkill(paths.get(path), sub);
    const servers = await ice.iceServers(signal);
    return {
      audio_attributes: {
        call_mode: [ONE_WAY],
        hardware_capability: hasSound ? [MICROPHONE] : [],
      },
      auth: identity.issueAuth(deviceId, clock.nowMs() + authLifeMs),
      ...{ id: deviceId, moto_id: motoId },
      p2p_config: {
        ices: servers.map((server) => iceOf(server, clock.nowMs())),
      },
      // As the cloud does it, and the table of the vendor's document: the text of an object.
      skill: JSON.stringify(skill),
      ...{ supports_webrtc: true, vedio_clarity: STREAM_TYPE_MAIN },
    };
  }

  /** @throws MediaError `tuya-parameter-invalid`, `tuya-permission-denied`. */
  hub(version: HubVersion, body: unknown): unknown {
    const { uid = '', link_id, unique_id, link_type, topics } = read(hubSchema, body);
    this.#checkUser(uid);
    if (link_type !== 'mqtt') throw parameterInvalid(`link_type '${link_type}' is not 'mqtt'`);
    if (![topics].flat().join(',').split(',').includes('ipc')) {
      throw parameterInvalid("topics has no 'ipc'");
    }
    const [name, id] = version === 'v1' ? ['link_id', link_id] : ['unique_id', unique_id];
    if (id === undefined || id === '') throw parameterInvalid(`${name} is missing`);
    const { identity } = this.#components;
    const { publicBrokerUrl, viewerUsername, viewerPassword, loginLifeMs } = this.#options;
    const msid = identity.msidOf(`${version} ${id}`);
    return {
      ...{ url: publicBrokerUrl, client_id: msid },
      username: identity.fillTemplate(viewerUsername, msid),
      password: identity.fillTemplate(viewerPassword, msid),
      source_topic: { ipc: `/av/u/${msid}` },
      sink_topic: { ipc: '/av/moto/moto_id/u/{device_id}' },
      expire_time: Math.floor(loginLifeMs / 1000),
    };
  }

  /** @throws MediaError `tuya-parameter-invalid` for what is not `rtsp`, `tuya-permission-denied`. */
  stream(deviceId: string, body: unknown, host: string): unknown {
    const { path } = this.#find(deviceId);
    const { type } = read(allocateSchema, body);
    if (type.toLowerCase() !== 'rtsp') {
      throw parameterInvalid(`type '${type}' is not available here, only 'rtsp'`);
    }
    const url = this.#components.rtspUrl(path, host);
    if (url === undefined) throw parameterInvalid("type 'rtsp' is not available: RTSP is off");
    return { url };
  }

  #find(deviceId: string): FacadeDevice {
    const device = this.#options.devices.get(deviceId);
    if (device) return device;
    throw permissionDenied('the device is not linked to this project');
  }

  #checkUser(uid: string): void {
    if (uid !== '' && uid !== this.#options.uid) {
      throw permissionDenied('the user is not linked to this project');
    }
  }
}

/** The name of temporary credentials begins with the second of their end. */
function iceOf({ url, username, credential }: IceServer, nowMs: number): TuyaIceServer {
  if (username === '') return { urls: url };
  const [, expiry] = /^(\d{9,11})(?::|$)/u.exec(username) ?? [];
  if (expiry === undefined) return { urls: url, username, credential };
  const ttl = Math.max(0, Number(expiry) - Math.floor(nowMs / 1000));
  return { urls: url, username, credential, ttl };
}

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path.join('.') ?? '';
  throw parameterInvalid(
    field === '' ? 'the body is no JSON object' : `${field} is missing or wrong`,
  );
}
