// config.yml: Tuya cloud accounts whose cameras are sources, and the façade for Tuya viewers.
import { z } from 'zod';
import { key } from '../../core/config/config-key.ts';
import { oneOf, secretText, text } from '../../core/config/value-schemas.ts';
import { defineSection } from './config-section.ts';
import { httpUrl } from './pro-values.ts';
import {
  checkFacade,
  facadeKeys,
  toFacadeConfig,
  type TuyaFacadeConfig,
} from './tuya-facade-keys.ts';

/** An account of the Tuya open API. */
export interface TuyaAccount {
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
}

/** Tuya. */
export interface TuyaConfig {
  /** By the name that sources use: tuya://<name>/<deviceId>. */
  readonly accounts: ReadonlyMap<string, TuyaAccount>;
  readonly facade: TuyaFacadeConfig;
}

const account = z
  .strictObject({
    endpoint: httpUrl.default('https://openapi.tuyaeu.com'),
    clientId: text.default(''),
    secret: secretText.default(''),
    uid: text.default(''),
    authMode: oneOf('easy', 'auth').default('easy'),
    code: secretText.default(''),
    signMethod: oneOf('hmac', 'hmac-legacy', 'md5').default('hmac'),
    mqttConfigApi: oneOf('auto', 'v1', 'v2').default('auto'),
  })
  .readonly();

/** The section `tuya`. */
export const tuyaSection = defineSection({
  keys: {
    accounts: key(z.record(z.string().max(128), account), {}, 'Accounts by name.'),
    facade: key(facadeKeys, {}, 'Serves our paths to Tuya viewers.'),
  },
  toConfig: ({ accounts, facade }, { folder }): TuyaConfig => ({
    accounts: new Map(
      Object.entries(accounts).map(([name, { endpoint, ...others }]) => [
        name,
        { ...others, endpoint: endpoint.replace(/\/$/u, '') },
      ]),
    ),
    facade: toFacadeConfig(facade, folder),
  }),
  check: ({ accounts, facade }, report) => {
    checkFacade(facade, report);
    for (const [name, { clientId, secret, authMode, uid, code }] of Object.entries(accounts)) {
      const place = ['accounts', name];
      if (clientId === '') report.error([...place, 'clientId'], 'must be set');
      if (secret === '') report.error([...place, 'secret'], 'must be set');
      if (authMode === 'easy' && uid === '') report.error([...place, 'uid'], "needed by 'easy'");
      if (authMode === 'auth' && code === '') report.error([...place, 'code'], "needed by 'auth'");
    }
  },
});
