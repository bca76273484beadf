// config.yml: export of recordings to MP4.
import { key } from '../../core/config/config-key.ts';
import { defineSection } from './config-section.ts';
import { bytes, period, positive } from './pro-values.ts';

/** Limits of the export. */
export interface ExportConfig {
  /** Jobs that run at a time. */
  readonly concurrency: number;
  /** Jobs that may wait. */
  readonly queueJobs: number;
  /** Longest time of a job. */
  readonly timeLimitMs: number;
  /** Largest result. */
  readonly maxBytes: number;
  /** Finished jobs that stay listed. */
  readonly historyJobs: number;
}

/** The section `export`. */
export const exportSection = defineSection({
  keys: {
    concurrency: key(positive, 1, 'Jobs that run at a time.'),
    queue: key(positive, 16, 'Jobs that may wait; further ones are refused.'),
    timeLimit: key(period, '1h', 'Longest time of a job.'),
    maxBytes: key(bytes, '20G', 'Largest result in bytes.'),
    history: key(positive, 100, 'Finished jobs that stay listed.'),
  },
  toConfig: ({ concurrency, queue, timeLimit, maxBytes, history }): ExportConfig => ({
    concurrency,
    queueJobs: queue,
    timeLimitMs: timeLimit,
    maxBytes,
    historyJobs: history,
  }),
});
