// config.yml: Tuya cloud accounts whose cameras are sources, and the façade for Tuya viewers.
import { key } from '../../core/config/config-key.ts';
import { defineSection } from './config-section.ts';
import {
  accountKeys,
  checkAccounts,
  toAccountConfig,
  type TuyaAccountConfig,
} from './tuya-accounts.ts';
import {
  checkFacade,
  facadeKeys,
  toFacadeConfig,
  type TuyaFacadeConfig,
} from './tuya-facade-keys.ts';

/** Tuya. */
export interface TuyaConfig {
  /** By the name that sources use: tuya://<name>/<deviceId>. */
  readonly accounts: ReadonlyMap<string, TuyaAccountConfig>;
  readonly facade: TuyaFacadeConfig;
}

/** The section `tuya`. */
export const tuyaSection = defineSection({
  keys: {
    accounts: key(accountKeys, {}, 'Accounts by name.'),
    facade: key(facadeKeys, {}, 'Serves our paths to Tuya viewers.'),
  },
  toConfig: ({ accounts, facade }, { folder }): TuyaConfig => ({
    accounts: new Map(
      Object.entries(accounts).map(([name, values]) => [name, toAccountConfig(values, folder)]),
    ),
    facade: toFacadeConfig(facade, folder),
  }),
  check: ({ accounts, facade }, report) => {
    checkAccounts(accounts, report);
    checkFacade(facade, report);
  },
});
