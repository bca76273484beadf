// config.yml: the keys that stand in no section.
import { resolve } from 'node:path';
import { z } from 'zod';
import { key } from '../../core/config/config-key.ts';
import { listOf } from '../../core/config/value-schemas.ts';
import { defineSection } from './config-section.ts';
import { httpUrl } from './pro-values.ts';

/** A device that the proxy may reach: IP address, network, or host name, with or without port. */
export const deviceAddress = z.string().superRefine((value, context) => {
  if (/^[A-Za-z0-9._:[\]/-]{1,255}$/u.test(value)) return;
  const message = 'must be an address (192.168.1.7), a network (192.168.0.0/16) or a host name';
  context.addIssue({ code: 'custom', message });
});

/** Settings that both files may have; an empty one here leaves it to mediamtx.yml. */
export interface GeneralConfig {
  /** Absolute path of mediamtx.yml. */
  readonly mediamtxFile: string;
  /** Public base of the URLs of recorded files, e.g. https://video.example.com; may be empty. */
  readonly apiDomain: string;
  /** Addresses, networks and host names that `/api/v2/proxy/device` may reach. */
  readonly proxyAllowedDevices: readonly string[];
  /** URL that is told about a new recording; may be empty. */
  readonly recordCreateWebhook: string;
  /** URL that is told about a deleted recording; may be empty. */
  readonly recordDelWebhook: string;
}

/** Keys without section. */
export const generalSection = defineSection({
  keys: {
    mediamtx: key(
      z.string().min(1, 'must be the name of a file'),
      './mediamtx.yml',
      'File of the core.',
    ),
    apiDomain: key(httpUrl, '', 'Public base of the URLs of recorded files.'),
    proxyAllowedDevices: key(listOf(deviceAddress), [], 'Devices that the device proxy may reach.'),
    recordCreateWebhook: key(httpUrl, '', 'URL that is told about each new recording.'),
    recordDelWebhook: key(httpUrl, '', 'URL that is told about each deleted recording.'),
  },
  toConfig: ({ mediamtx, ...others }, { folder }): GeneralConfig => ({
    mediamtxFile: resolve(folder, mediamtx),
    ...others,
  }),
});
