// Settings of the Tuya façade; the names follow config.yml.
import type { ListenAddress } from '../../../core/base/listen-address.ts';
import type { TlsFilePair } from '../../../core/base/tls-files.ts';

/** What a device id stands for. */
export interface FacadeDevice {
  /** Path of the main stream. */
  readonly path: string;
  /** Path of the sub stream; empty = the main stream. */
  readonly subPath: string;
}

/** The broker as this server reaches it. */
export interface FacadeBroker {
  /** `mqtts://host:port` or `mqtt://host:port`, without a login. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** SHA-256 of its certificate in hex; empty checks it against the certificate authorities. */
  readonly fingerprint: string;
}

/** Everything about the façade. Times in milliseconds. */
export interface TuyaFacadeOptions {
  /** Of the open API. */
  readonly address: ListenAddress;
  /** Undefined serves HTTP. */
  readonly tls?: TlsFilePair | undefined;
  /** Access ID and secret that viewers sign with. */
  readonly clientId: string;
  readonly secret: string;
  /** The one user, to whom all devices belong. */
  readonly uid: string;
  /** Authorization code of `grant_type=2`; empty lets nobody in that way. */
  readonly code: string;
  readonly broker: FacadeBroker;
  /** Where viewers find the broker, as Tuya writes it: `ssl://host:port`. */
  readonly publicBrokerUrl: string;
  /** Login of viewers; `{client_id}` and `{hmac}` are replaced. */
  readonly viewerUsername: string;
  readonly viewerPassword: string;
  /** Name of this instance in topics and messages. */
  readonly motoId: string;
  readonly devices: ReadonlyMap<string, FacadeDevice>;
  readonly tokenLifeMs: number;
  readonly refreshLifeMs: number;
  /** Told to viewers as the life of their MQTT login. */
  readonly loginLifeMs: number;
  /** How long the proof of webrtc-configs opens a device. */
  readonly authLifeMs: number;
  /** How far the clock of a viewer may be off. */
  readonly clockToleranceMs: number;
  readonly maxSessions: number;
  readonly maxSessionsPerDevice: number;
  /** Messages of one viewer; more are dropped. */
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  readonly brokerTimeoutMs: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** How often sessions that ended are looked for. */
  readonly sweepPeriodMs: number;
}

/** The defaults; who and where has none. */
export const defaultTuyaFacadeOptions = {
  address: { host: '', port: 8443 },
  code: '',
  viewerUsername: '',
  viewerPassword: '',
  motoId: 'moto_pro001',
  tokenLifeMs: 7_200_000,
  refreshLifeMs: 86_400_000,
  loginLifeMs: 7_200_000,
  authLifeMs: 7_200_000,
  clockToleranceMs: 300_000,
  maxSessions: 500,
  maxSessionsPerDevice: 50,
  messagesPerSecond: 20,
  messageBurst: 60,
  brokerTimeoutMs: 10_000,
  minBackoffMs: 1000,
  maxBackoffMs: 60_000,
  sweepPeriodMs: 2000,
} as const satisfies Partial<TuyaFacadeOptions>;
