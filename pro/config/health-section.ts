// config.yml: health checks of network capture devices.
import { z } from 'zod';
import { key } from '../../core/config/config-key.ts';
import { count, oneOf, secretText, text } from '../../core/config/value-schemas.ts';
import { defineSection } from './config-section.ts';
import { isHttpUrl, period, positive } from './pro-values.ts';

/** How a device is asked whether it works; `none` only looks at the stream. */
export type ProbeKind = 'rpc' | 'tcp' | 'http' | 'none';

/** The words of ProbeKind in yml. */
export const probeKind = oneOf('rpc', 'tcp', 'http', 'none');

/** Against states that flap: so many changes within a window are told as "not ready". */
export interface DampeningConfig {
  /** 0 turns dampening off. */
  readonly changes: number;
  readonly windowMs: number;
  /** Time without a change after which the true state is told again. */
  readonly quietMs: number;
}

/** Call that restarts a device which failed. */
export interface RebootConfig {
  /** `{host}` stands for the address of the device. */
  readonly url: string;
  readonly user: string;
  readonly pass: string;
  /** Shortest time between two restarts of one device. */
  readonly minIntervalMs: number;
}

/** Health checks. */
export interface HealthConfig {
  readonly intervalMs: number;
  /** Failures in a row after which a path is not ready. */
  readonly failures: number;
  readonly probe: ProbeKind;
  readonly probeTimeoutMs: number;
  /** Results kept per path. */
  readonly historyChecks: number;
  readonly dampening: DampeningConfig;
  /** Undefined: devices are never restarted. */
  readonly reboot: RebootConfig | undefined;
}

const dampening = z
  .strictObject({
    changes: count.default(4),
    window: period.prefault('10m'),
    quiet: period.prefault('2m'),
  })
  .readonly();

const reboot = z
  .strictObject({
    url: text.default(''),
    user: text.default(''),
    pass: secretText.default(''),
    minInterval: period.prefault('10m'),
  })
  .readonly();

/** The section `health`. */
export const healthSection = defineSection({
  keys: {
    interval: key(period, '30s', 'Time between two checks.'),
    failures: key(positive, 3, 'Failures in a row that make a path not ready.'),
    probe: key(probeKind, 'rpc', 'How a device is asked: rpc, tcp, http, none.'),
    probeTimeout: key(period, '1.5s', 'Longest time of a question.'),
    history: key(count, 100, 'Results kept per path.'),
    dampening: key(dampening, {}, 'Against states that flap.'),
    reboot: key(reboot, {}, 'Call that restarts a failed device; off without url.'),
  },
  toConfig: (values): HealthConfig => ({
    intervalMs: values.interval,
    failures: values.failures,
    probe: values.probe,
    probeTimeoutMs: values.probeTimeout,
    historyChecks: values.history,
    dampening: {
      changes: values.dampening.changes,
      windowMs: values.dampening.window,
      quietMs: values.dampening.quiet,
    },
    reboot: values.reboot.url === '' ? undefined : toReboot(values.reboot),
  }),
  check: ({ reboot: { url, user, pass } }, report) => {
    if (url === '') return;
    if (!isHttpUrl(url.replace('{host}', '127.0.0.1'))) {
      report.error(['reboot', 'url'], 'must be an http:// or https:// URL; {host} is the device');
    }
    // The default login of a device is no secret; who wants it has to write it down.
    if (user === '' || pass === '') {
      report.error(['reboot'], "needs 'user' and 'pass' when 'url' is set");
    }
  },
});

function toReboot({ url, user, pass, minInterval }: z.output<typeof reboot>): RebootConfig {
  return { url, user, pass, minIntervalMs: minInterval };
}
