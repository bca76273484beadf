// Settings that config.yml and mediamtx.yml may both have: the former wins where it is not empty.
import type { GeneralConfig } from './general-section.ts';

/** The four settings. */
export type SharedSettings = Omit<GeneralConfig, 'mediamtxFile'>;

/** What counts: of each setting the one of config.yml, or that of mediamtx.yml when it is empty. */
export function sharedSettings(pro: SharedSettings, core: SharedSettings): SharedSettings {
  const { proxyAllowedDevices } = pro;
  return Object.freeze({
    apiDomain: pro.apiDomain || core.apiDomain,
    recordCreateWebhook: pro.recordCreateWebhook || core.recordCreateWebhook,
    recordDelWebhook: pro.recordDelWebhook || core.recordDelWebhook,
    proxyAllowedDevices:
      proxyAllowedDevices.length > 0 ? proxyAllowedDevices : core.proxyAllowedDevices,
  });
}
