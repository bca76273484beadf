// A configuration with a canary in every field that can hold a secret.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { KeyTable } from '../../../core/config/config-key.ts';
import { allGlobalKeys, allPathKeys } from '../../../core/config/encode-config.ts';
import {
  childSchema,
  fieldNames,
  inputKind,
  isOpenMap,
  isSecret,
} from '../../../core/config/schema-walk.ts';
import { ProKeys } from '../../../pro/config/pro-keys.ts';
import type { Canaries } from './canaries.ts';
import type { ServerProcessOptions } from './server-process.ts';

/** Who is there for the server. */
export interface CanaryNeighbors {
  /** `host:port` of what webhooks, services and devices are. */
  readonly service: string;
  /** `host:port` of an RTSP server with the stream `live`. */
  readonly camera: string;
  readonly go2rtcPort: number;
  /** `host:port` where nobody is. */
  readonly nobody: string;
  readonly turnProvider: 'coturn-secret' | 'static' | 'twilio';
}

export const APP_ID = 'canary-app';
export const API_USER = 'admin';
export const SMARTLY_ID = 'ha_canary';
export const GO2RTC_USER = 'g';

/** Both files. */
export function canaryConfig(
  canaries: Canaries,
  neighbors: CanaryNeighbors,
): Required<Pick<ServerProcessOptions, 'settings' | 'paths' | 'pro'>> {
  const secret = (field: string): string => canaries.of(field);
  const url = (field: string, scheme: string, place: string): string =>
    `${scheme}://someone:${secret(field)}@${place}?token=${secret(`${field} (query)`)}`;
  return {
    settings: globalSettings(secret, url, neighbors),
    paths: paths(secret, url, neighbors),
    pro: proSettings(secret, url, neighbors),
  };
}

/** Every field that is declared as a secret, dotted, `[]` for lists and `*` for maps. */
export async function declaredSecrets(): Promise<readonly string[]> {
  const { registry } = new ProKeys();
  const found = [...secretsOf(allGlobalKeys(registry)), ...secretsOf(allPathKeys(registry))];
  const folder = join(import.meta.dirname, '../../../pro/config');
  for (const file of await readdir(folder)) {
    const name = /^(\w+)-section\.ts$/u.exec(file)?.[1];
    if (name === undefined) continue;
    // Such a file exports a section of its name, or nothing of that name.
    const exported = (await import(join(folder, file))) as Readonly<
      Record<string, { readonly keys?: KeyTable } | undefined>
    >;
    const { keys } = exported[`${name}Section`] ?? {};
    if (keys) found.push(...secretsOf(keys).map((key) => `${name}.${key}`));
  }
  return found;
}

function secretsOf(table: KeyTable): string[] {
  return Object.entries(table).flatMap(([name, { schema }]) => secretsIn(schema, name));
}

function secretsIn(schema: z.core.$ZodType, place: string): string[] {
  if (isSecret(schema)) return [place];
  const below = (segment: string | number, at: string): string[] => {
    const child = childSchema(schema, segment);
    return child ? secretsIn(child, at) : [];
  };
  if (inputKind(schema) === 'list') return below(0, `${place}[]`);
  if (isOpenMap(schema)) return below('any', `${place}.*`);
  return fieldNames(schema).flatMap((name) => below(name, `${place}.${name}`));
}

type Secret = (field: string) => string;
type SecretUrl = (field: string, scheme: string, place: string) => string;
type Section = Readonly<Record<string, unknown>>;

function globalSettings(secret: Secret, url: SecretUrl, { service }: CanaryNeighbors): Section {
  const all = ['publish', 'read', 'playback', 'api', 'metrics', 'pprof'];
  const turn = 'turn:127.0.0.1:3478';
  return {
    ...{ api: true, metrics: true, apiAuth: true, appid: APP_ID, appsecret: secret('appsecret') },
    authInternalUsers: [
      {
        ...{ user: API_USER, pass: secret('authInternalUsers[].pass') },
        permissions: all.map((action) => ({ action })),
      },
      { user: 'other', pass: secret('authInternalUsers[].pass of another'), permissions: [] },
    ],
    authHTTPAddress: url('authHTTPAddress', 'http', `${service}/auth`),
    authJWTJWKS: url('authJWTJWKS', 'http', `${service}/jwks`),
    webhooks: [{ url: `http://${service}/hooks`, secret: secret('webhooks[].secret'), events: [] }],
    hlsCDNSecret: secret('hlsCDNSecret'),
    coreServerKey: secret('coreServerKey'),
    recordCreateWebhook: url('recordCreateWebhook', 'http', `${service}/created`),
    recordDelWebhook: url('recordDelWebhook', 'http', `${service}/deleted`),
    webrtcICEServers2: [
      { url: turn, username: 'u', password: secret('webrtcICEServers2[].password') },
      {
        url: turn,
        username: 'AUTH_SECRET',
        password: secret('webrtcICEServers2[].password (made)'),
      },
    ],
  };
}

function paths(secret: Secret, url: SecretUrl, neighbors: CanaryNeighbors): Section {
  const { service, camera, nobody } = neighbors;
  const rtspTransport = 'tcp';
  return {
    push: {
      whepBearerToken: secret('whepBearerToken'),
      srtReadPassphrase: secret('srtReadPassphrase'),
      srtPublishPassphrase: secret('srtPublishPassphrase'),
      forward: [
        {
          dest: url('forward[].dest', 'rtsp', `${camera}/forwarded`),
          whipBearerToken: secret('forward[].whipBearerToken'),
        },
        { type: 'kvs', region: 'eu-west-1', stream: 'canary' },
      ],
    },
    cam: {
      ...{ source: url('source', 'rtsp', `${camera}/live`), rtspTransport },
      sourceUrl: url('sourceUrl', 'rtsp', `${camera}/shown`),
    },
    hash: { source: `rtsp://a:p#${secret('source with #')}@${camera}/none`, rtspTransport },
    missing: { source: url('source without stream', 'rtsp', `${camera}/none`), rtspTransport },
    gone: { source: url('source that is gone', 'rtsp', `${nobody}/x`), rtspTransport },
    later: {
      ...{ source: url('source on demand', 'rtsp', `${nobody}/x`), rtspTransport },
      ...{ sourceOnDemand: true, sourceOnDemandStartTimeout: '1s' },
    },
    aside: {
      source: 'redirect',
      sourceRedirect: url('sourceRedirect', 'rtsp', `${nobody}/x`),
    },
    channel: { source: 'kvs://eu-west-1/canary' },
    tuya: { source: 'tuya://main/device?stream=main' },
    closed: { source: 'tuya://closed/device?stream=main' },
    box: {
      ...{ source: url('source of a device', 'rtsp', `${nobody}/0`), rtspTransport },
      ...{ deviceType: 'network_capture', deviceAddress: service, record: true },
    },
  };
}

function proSettings(secret: Secret, url: SecretUrl, neighbors: CanaryNeighbors): Section {
  const { service, camera, go2rtcPort, turnProvider } = neighbors;
  return {
    proxyAllowedDevices: [service],
    health: {
      ...{ interval: '500ms', probeTimeout: '400ms', failures: 3 },
      reboot: {
        ...{ url: `http://{host}/reboot?token=${secret('health.reboot.url')}`, user: 'root' },
        ...{ pass: secret('health.reboot.pass'), minInterval: '1s' },
      },
    },
    smart: { interval: '500ms' },
    rvideo: {
      ...{ url: `http://${service}/rvideo`, token: secret('rvideo.token') },
      ...{ timeout: '2s', pollInterval: '200ms' },
    },
    turn: {
      ...{ provider: turnProvider, urls: ['turn:127.0.0.1:3478'], username: 'u' },
      ...{ strict: turnProvider === 'twilio' },
      ...{ credential: secret('turn.credential'), secret: secret('turn.secret') },
    },
    twilio: {
      ...{ accountSid: `AC${'0'.repeat(32)}`, authToken: secret('twilio.authToken') },
      ...{ apiKey: `SK${'0'.repeat(32)}`, apiSecret: secret('twilio.apiSecret') },
      baseURL: `http://${service}/twilio`,
    },
    smartly: {
      ...{ enable: true, engine: 'go2rtc', go2rtcTimeout: '2s' },
      go2rtcURL: url('smartly.go2rtcURL', 'http', service),
      clients: [{ id: SMARTLY_ID, secret: secret('smartly.clients[].secret') }],
      entities: {
        'camera.push': { path: 'push' },
        'camera.extra': {
          path: 'extra',
          source: url('smartly.entities.*.source', 'rtsp', `${camera}/live`),
        },
      },
    },
    go2rtc: {
      ...{ enable: true, address: `127.0.0.1:${go2rtcPort}`, username: GO2RTC_USER },
      password: secret('go2rtc.password'),
    },
    tuya: {
      accounts: {
        main: {
          ...{ endpoint: `http://${service}`, clientId: 'id', uid: 'uid' },
          secret: secret('tuya.accounts.*.secret'),
          code: secret('tuya.accounts.*.code'),
          localKeys: { device: secret('tuya.accounts.*.localKeys.*') },
        },
        closed: {
          ...{ endpoint: `http://${service}`, clientId: 'id' },
          ...{ secret: secret('tuya.accounts.*.secret (closed)'), uid: 'uid' },
        },
      },
      facade: {
        ...{ enable: true, address: '127.0.0.1:0', clientId: 'id', uid: 'uid' },
        secret: secret('tuya.facade.secret'),
        code: secret('tuya.facade.code'),
        broker: `mqtt://agent:${secret('tuya.facade.broker')}@${service}`,
        ...{ viewerUsername: 'viewer', viewerPassword: secret('tuya.facade.viewerPassword') },
        devices: { device: { path: 'push' } },
      },
    },
    kvs: {
      ...{ accessKeyId: 'AKIACANARY', endpoint: `http://${service}` },
      secretAccessKey: secret('kvs.secretAccessKey'),
      sessionToken: secret('kvs.sessionToken'),
    },
  };
}
