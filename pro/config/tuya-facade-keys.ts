// config.yml, tuya.facade: what Tuya viewers are served, and the MQTT broker between them and us.
import { resolve } from 'node:path';
import { z } from 'zod';
import type { ListenAddress } from '../../core/base/listen-address.ts';
import { address, flag, secretText, text } from '../../core/config/value-schemas.ts';
import type { SectionReport } from './config-section.ts';
import { positive } from './pro-values.ts';

/** What a device id stands for. */
export interface TuyaFacadeDevice {
  /** Path of the main stream. */
  readonly path: string;
  /** Path of the sub stream; empty = the main stream. */
  readonly subPath: string;
}

/** The broker as this server reaches it. */
export interface TuyaFacadeBroker {
  /** Without login. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** SHA-256 of its certificate in hex; empty = by certificate authorities. */
  readonly fingerprint: string;
}

/** Serves our paths to Tuya viewers. */
export interface TuyaFacadeConfig {
  readonly isEnabled: boolean;
  /** Of the open API. */
  readonly address: ListenAddress;
  /** Absolute file names; undefined = HTTP. */
  readonly tlsFiles: { readonly key: string; readonly cert: string } | undefined;
  readonly clientId: string;
  readonly secret: string;
  readonly uid: string;
  readonly code: string;
  readonly broker: TuyaFacadeBroker;
  /** As viewers are told: `ssl://host:port` or `tcp://host:port`. */
  readonly publicBrokerUrl: string;
  readonly viewerUsername: string;
  readonly viewerPassword: string;
  readonly motoId: string;
  /** By device id. */
  readonly devices: ReadonlyMap<string, TuyaFacadeDevice>;
  readonly maxSessionsPerDevice: number;
}

const FINGERPRINT = /^[0-9a-f]{64}$/u;
const BROKER_SCHEMES = ['mqtts:', 'ssl:', 'tls:', 'mqtt:', 'tcp:'];
const PLAIN_SCHEMES = ['mqtt:', 'tcp:'];
const DEFAULT_ADDRESS = Object.freeze({ host: '', port: 8443 });
const SHORT_SECRET_CHARS = 16;

const brokerUrl = z.string().superRefine((value, context) => {
  if (value === '' || brokerOf(value)) return;
  // Never the value: it may hold a password.
  const message = 'must be an mqtts:// or mqtt:// URL with a host and no path';
  context.addIssue({ code: 'custom', message });
});

/** SHA-256 of a certificate in hex, as programs print it, or empty. */
export const fingerprint = z
  .string()
  .refine((value) => value === '' || isFingerprint(value), 'must be a SHA-256 in hexadecimal');

/** They are parts of topics. */
const topicPart = z.string().regex(/^[\w-]{1,64}$/u, 'takes letters, digits, _ and -, at most 64');

const device = z
  .strictObject({ path: z.string().min(1, 'must not be empty'), subPath: text.default('') })
  .readonly();

/** The keys of `tuya.facade`. */
export const facadeKeys = z
  .strictObject({
    enable: flag.default(false),
    address: address.prefault(':8443'),
    serverKey: text.default(''),
    serverCert: text.default(''),
    clientId: text.default(''),
    secret: secretText.default(''),
    uid: text.default(''),
    code: secretText.default(''),
    broker: brokerUrl.default(''),
    brokerFingerprint: fingerprint.default(''),
    brokerPublic: brokerUrl.default(''),
    viewerUsername: text.default(''),
    viewerPassword: secretText.default(''),
    motoId: topicPart.default('moto_pro001'),
    devices: z.record(topicPart, device).default({}),
    maxViewersPerDevice: positive.default(50),
  })
  .readonly();

type FacadeValues = z.output<typeof facadeKeys>;

/** The typed form; file names count from `folder`. */
export function toFacadeConfig(values: FacadeValues, folder: string): TuyaFacadeConfig {
  const { enable, address: where, serverKey, serverCert, devices, ...others } = values;
  const { broker, brokerFingerprint, brokerPublic, maxViewersPerDevice, ...same } = others;
  return {
    ...same,
    isEnabled: enable,
    address: where ?? DEFAULT_ADDRESS,
    tlsFiles:
      serverKey === ''
        ? undefined
        : { key: resolve(folder, serverKey), cert: resolve(folder, serverCert) },
    broker: toBroker(broker, brokerFingerprint),
    publicBrokerUrl: toPublicUrl(brokerPublic === '' ? broker : brokerPublic),
    devices: new Map(Object.entries(devices)),
    maxSessionsPerDevice: maxViewersPerDevice,
  };
}

/** Rules between the keys. */
export function checkFacade(values: FacadeValues, report: SectionReport): void {
  const { serverKey, serverCert, enable } = values;
  if ((serverKey === '') !== (serverCert === '')) {
    report.error(['facade', 'serverCert'], "'serverKey' and 'serverCert' belong together");
  }
  if (!enable) return;
  for (const name of ['clientId', 'secret', 'uid', 'broker'] as const) {
    if (values[name] === '') report.error(['facade', name], 'must be set');
  }
  if (values.address === undefined) {
    report.error(['facade', 'address'], "must be set; 'enable: no' turns it off");
  }
  if (brokerOf(values.brokerPublic)?.username) {
    report.error(['facade', 'brokerPublic'], 'takes no login: set viewerUsername, viewerPassword');
  }
  warnAboutFacade(values, report);
}

function warnAboutFacade(values: FacadeValues, report: SectionReport): void {
  const { secret, viewerUsername, broker, devices } = values;
  if (secret !== '' && secret.length < SHORT_SECRET_CHARS) {
    report.warn(['facade', 'secret'], `has less than ${SHORT_SECRET_CHARS} characters`);
  }
  if (viewerUsername === '') {
    report.warn(['facade', 'viewerUsername'], 'is empty: the broker has to let anybody in');
  }
  if (PLAIN_SCHEMES.includes(brokerOf(broker)?.protocol ?? '')) {
    report.warn(['facade', 'broker'], 'is not encrypted: use mqtts://');
  }
  if (Object.keys(devices).length === 0) report.warn(['facade', 'devices'], 'is empty');
}

function brokerOf(value: string): URL | undefined {
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  const hasMore = !['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '';
  if (!BROKER_SCHEMES.includes(url.protocol) || url.hostname === '' || hasMore) return undefined;
  return canDecode(url) ? url : undefined;
}

function canDecode({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

function toBroker(value: string, certificate: string): TuyaFacadeBroker {
  const url = brokerOf(value);
  return {
    url: url ? `${url.protocol}//${url.host}` : '',
    username: decodeURIComponent(url?.username ?? ''),
    password: decodeURIComponent(url?.password ?? ''),
    fingerprint: fingerprintDigits(certificate),
  };
}

function isFingerprint(value: string): boolean {
  return FINGERPRINT.test(fingerprintDigits(value));
}

/** Programs print it with colons and in capitals. */
export function fingerprintDigits(value: string): string {
  return value.toLowerCase().replaceAll(':', '');
}

/** As the vendor's cloud writes it, with the port. */
function toPublicUrl(value: string): string {
  const url = brokerOf(value);
  if (!url) return '';
  const isPlain = PLAIN_SCHEMES.includes(url.protocol);
  const port = url.port === '' ? (isPlain ? '1883' : '8883') : url.port;
  return `${isPlain ? 'tcp' : 'ssl'}://${url.hostname}:${port}`;
}
