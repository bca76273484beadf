// config.yml: tokens of the API. The secret they are signed with is appsecret of mediamtx.yml.
import { resolve } from 'node:path';
import { z } from 'zod';
import { key } from '../../core/config/config-key.ts';
import { flag } from '../../core/config/value-schemas.ts';
import { defineSection } from './config-section.ts';
import { period, positive } from './pro-values.ts';

/** Tokens. */
export interface TokensConfig {
  /** Absolute path of the file with the named tokens (hashed). */
  readonly filePath: string;
  /** Whether grants inside tokens limit what they may do. */
  readonly hasGrants: boolean;
  /** Wrong tokens that one network may show at once. */
  readonly failureBurst: number;
  /** Time after which one more wrong token is allowed. */
  readonly failureRefillMs: number;
}

/** The section `tokens`. */
export const tokensSection = defineSection({
  keys: {
    file: key(z.string().min(1, 'must be the name of a file'), './tokens.json', 'Named tokens.'),
    grants: key(flag, false, 'Grants inside tokens limit what they may do.'),
    failureBurst: key(positive, 5, 'Wrong tokens that one network may show at once.'),
    failureRefill: key(period, '12s', 'Time after which one more wrong token is allowed.'),
  },
  toConfig: ({ file, grants, failureBurst, failureRefill }, { folder }): TokensConfig => ({
    filePath: resolve(folder, file),
    hasGrants: grants,
    failureBurst,
    failureRefillMs: failureRefill,
  }),
});
