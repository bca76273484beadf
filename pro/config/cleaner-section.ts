// config.yml: when and how old recordings are deleted. Days are a key of paths: recordClearDaysAgo.
import { validate } from 'node-cron';
import { z } from 'zod';
import { key } from '../../core/config/config-key.ts';
import { flag } from '../../core/config/value-schemas.ts';
import { defineSection } from './config-section.ts';
import { bytes } from './pro-values.ts';

/** Deletion of old recordings. */
export interface CleanerConfig {
  /** Cron expression in UTC. */
  readonly schedule: string;
  /** Most bytes of all recordings; 0 = no limit. */
  readonly maxBytes: number;
  /** Free space to keep on the disk of the recordings; 0 = no rule. */
  readonly minFreeBytes: number;
  /** Only tell what would be deleted. */
  readonly isDryRun: boolean;
}

const cron = z.string().superRefine((value, context) => {
  if (value.length <= 200 && validate(value)) return;
  const message = "must be a cron expression, for example '0 * * * *' (each hour)";
  context.addIssue({ code: 'custom', message });
});

/** The section `cleaner`. */
export const cleanerSection = defineSection({
  keys: {
    schedule: key(cron, '0 * * * *', 'When to clean: cron expression, UTC.'),
    maxBytes: key(bytes, 0, 'Most bytes of all recordings; 0 = no limit.'),
    minFreeBytes: key(bytes, 0, 'Free bytes to keep on the disk; 0 = no rule.'),
    dryRun: key(flag, false, 'Only tells what would be deleted.'),
  },
  toConfig: ({ dryRun, ...others }): CleanerConfig => ({ ...others, isDryRun: dryRun }),
});
