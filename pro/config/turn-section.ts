// config.yml: the ICE servers that clients are told about.
import { z } from 'zod';
import { key } from '../../core/config/config-key.ts';
import { flag, listOf, oneOf, secretText, text } from '../../core/config/value-schemas.ts';
import { defineSection } from './config-section.ts';
import { time } from './pro-values.ts';

/** Where TURN credentials come from. */
export type TurnProvider = 'none' | 'static' | 'coturn-secret' | 'twilio';

/** ICE servers. */
export interface TurnConfig {
  readonly provider: TurnProvider;
  readonly urls: readonly string[];
  /** For `static`. */
  readonly username: string;
  /** For `static`. */
  readonly credential: string;
  /** For `coturn-secret`: static-auth-secret of coturn. */
  readonly secret: string;
  /** Life of credentials, 60..86400. */
  readonly ttlSeconds: number;
  /** Whether a provider that fails is an error, instead of an answer without TURN. */
  readonly isStrict: boolean;
}

const MIN_TTL_SECONDS = 60;
const MAX_TTL_SECONDS = 86_400;

const iceUrl = z.string().superRefine((value, context) => {
  if (/^(?:stuns?|turns?):[^\s/@]{1,255}$/u.test(value)) return;
  const message = 'must be an ICE URL like turn:turn.example.com:3478';
  context.addIssue({ code: 'custom', message });
});

/** The section `turn`. */
export const turnSection = defineSection({
  keys: {
    provider: key(oneOf('none', 'static', 'coturn-secret', 'twilio'), 'none', 'Kind of service.'),
    urls: key(listOf(iceUrl), [], 'URLs of the servers; not for twilio.'),
    username: key(text, '', 'User for static.'),
    credential: key(secretText, '', 'Password for static.'),
    secret: key(secretText, '', 'static-auth-secret for coturn-secret.'),
    ttl: key(time, 3600, 'Life of credentials, 1 minute to 1 day.'),
    strict: key(flag, false, 'A provider that fails is an error.'),
  },
  toConfig: ({ ttl, strict, ...others }): TurnConfig => ({
    ...others,
    ttlSeconds: clampTtl(ttl / 1000),
    isStrict: strict,
  }),
  check: ({ provider, urls, username, credential, secret, ttl }, report) => {
    if (clampTtl(ttl / 1000) !== ttl / 1000) {
      report.warn(['ttl'], `is brought to between ${MIN_TTL_SECONDS} s and ${MAX_TTL_SECONDS} s`);
    }
    const needsUrls = provider === 'static' || provider === 'coturn-secret';
    if (needsUrls && urls.length === 0) report.error(['urls'], `needed by provider '${provider}'`);
    if (provider === 'coturn-secret' && secret === '') {
      report.error(['secret'], "needed by provider 'coturn-secret'");
    }
    const hasTurn = urls.some((url) => url.startsWith('turn'));
    if (provider === 'static' && hasTurn && (username === '' || credential === '')) {
      report.error(['credential'], "'username' and 'credential' are needed by TURN servers");
    }
  },
});

/** A TTL that every provider accepts, in whole seconds. */
export function clampTtl(seconds: number): number {
  return Math.round(Math.min(MAX_TTL_SECONDS, Math.max(MIN_TTL_SECONDS, seconds)));
}
