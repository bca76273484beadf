// config.yml, tuya.accounts: accounts of Tuya's cloud whose cameras are sources.
import { resolve } from 'node:path';
import { z } from 'zod';
import { oneOf, secretText, text } from '../../core/config/value-schemas.ts';
import type { SectionReport } from './config-section.ts';
import { serviceUrl } from './pro-values.ts';
import { fingerprint, fingerprintDigits } from './tuya-facade-keys.ts';

/** An account of the Tuya open API. */
export interface TuyaAccountConfig {
  /** Base URL without slash at the end. */
  readonly endpoint: string;
  /** Access ID. */
  readonly clientId: string;
  readonly secret: string;
  /** User id; for `easy`. */
  readonly uid: string;
  readonly authMode: 'easy' | 'auth';
  /** Authorization code; for `auth`. */
  readonly code: string;
  readonly signMethod: 'hmac' | 'hmac-legacy' | 'md5';
  readonly mqttConfigApi: 'auto' | 'v1' | 'v2';
  /** SHA-256 of the broker's certificate in hex; empty = by certificate authorities. */
  readonly mqttFingerprint: string;
  /** Absolute name of a PEM file with further authorities for the broker; empty = none. */
  readonly mqttCAFile: string;
  /** Local keys of devices that sleep, by device id. */
  readonly localKeys: ReadonlyMap<string, string>;
}

/** Name of an account, as a part of tuya://<name>/<device>. */
const ACCOUNT_NAME = /^[\w.~-]{1,128}$/u;

const account = z
  .strictObject({
    endpoint: serviceUrl("use 'clientId' and 'secret'").default('https://openapi.tuyaeu.com'),
    clientId: text.default(''),
    secret: secretText.default(''),
    uid: text.default(''),
    authMode: oneOf('easy', 'auth').default('easy'),
    code: secretText.default(''),
    signMethod: oneOf('hmac', 'hmac-legacy', 'md5').default('hmac'),
    mqttConfigApi: oneOf('auto', 'v1', 'v2').default('auto'),
    mqttFingerprint: fingerprint.default(''),
    mqttCA: text.default(''),
    localKeys: z.record(z.string().max(128), secretText).default({}),
  })
  .readonly();

/** Accounts by name. */
export const accountKeys = z.record(z.string().max(128), account);

type AccountValues = z.output<typeof account>;

/** The typed form; file names count from `folder`. */
export function toAccountConfig(values: AccountValues, folder: string): TuyaAccountConfig {
  const { endpoint, mqttFingerprint, mqttCA, localKeys, ...others } = values;
  return {
    ...others,
    endpoint: endpoint.replace(/\/$/u, ''),
    mqttFingerprint: fingerprintDigits(mqttFingerprint),
    mqttCAFile: mqttCA === '' ? '' : resolve(folder, mqttCA),
    localKeys: new Map(Object.entries(localKeys)),
  };
}

/** Rules between the keys of each account. */
export function checkAccounts(
  accounts: Readonly<Record<string, AccountValues>>,
  report: SectionReport,
): void {
  for (const [name, values] of Object.entries(accounts)) {
    const { endpoint, clientId, secret, authMode, uid, code } = values;
    const place = ['accounts', name];
    if (!ACCOUNT_NAME.test(name)) report.error(place, 'must be letters, digits, . _ ~ or -');
    if (endpoint === '') report.error([...place, 'endpoint'], 'must be set');
    if (clientId === '') report.error([...place, 'clientId'], 'must be set');
    if (secret === '') report.error([...place, 'secret'], 'must be set');
    if (authMode === 'easy' && uid === '') report.error([...place, 'uid'], "needed by 'easy'");
    if (authMode === 'auth' && code === '') report.error([...place, 'code'], "needed by 'auth'");
  }
}
