// config.yml: the external codec service (R-Video).
import { key } from '../../core/config/config-key.ts';
import { secretText } from '../../core/config/value-schemas.ts';
import { defineSection } from './config-section.ts';
import { period, serviceUrl } from './pro-values.ts';

/** The external codec service. */
export interface RvideoConfig {
  /** Base URL; empty = off. */
  readonly url: string;
  /** Bearer token; may be empty. */
  readonly token: string;
  /** Longest time of one request. */
  readonly timeoutMs: number;
  /** Time between two questions about a job. */
  readonly pollIntervalMs: number;
  /** Longest time of a job. */
  readonly timeLimitMs: number;
}

/** The section `rvideo`. */
export const rvideoSection = defineSection({
  keys: {
    url: key(serviceUrl("use 'token'"), '', 'Base URL of the service, without user; empty = off.'),
    token: key(secretText, '', 'Token that is sent to the service.'),
    timeout: key(period, '10s', 'Longest time of one request.'),
    pollInterval: key(period, '2s', 'Time between two questions about a job.'),
    timeLimit: key(period, '1h', 'Longest time of a job.'),
  },
  toConfig: ({ url, token, timeout, pollInterval, timeLimit }): RvideoConfig => ({
    url,
    token,
    timeoutMs: timeout,
    pollIntervalMs: pollInterval,
    timeLimitMs: timeLimit,
  }),
});
