// The environment variables of the ICE service: TWILIO_* override turn and twilio of config.yml.
import type { Environment } from '../../core/config/environment.ts';
import { emptyMap, isRawMap } from '../../core/config/yaml-document.ts';
import type { RawMap } from '../../core/config/yaml-document.ts';
import { clampTtl } from './turn-section.ts';

/** Takes a variable that can't be used. */
export type WarnVariable = (name: string, message: string) => void;

const DEFAULT_TTL_SECONDS = 3600;
const TEXT_VARIABLES = [
  ['TWILIO_ACCOUNT_SID', 'accountSid'],
  ['TWILIO_AUTH_TOKEN', 'authToken'],
  ['TWILIO_API_KEY', 'apiKey'],
  ['TWILIO_API_SECRET', 'apiSecret'],
] as const;

/**
 * Writes the variables into `root` (the raw file). Account and secret together also choose the
 * provider: setting them is all that an operator of the service had to do.
 * @returns Names of variables by the dotted key path they set.
 */
export function applyTwilioEnvironment(
  root: RawMap,
  env: Environment,
  warn: WarnVariable,
): ReadonlyMap<string, string> {
  const origins = new Map<string, string>();
  const set = (section: string, key: string, value: string | number, variable: string): void => {
    const target = sectionOf(root, section);
    if (target === undefined) return;
    target[key] = value;
    origins.set(`${section}.${key}`, variable);
  };
  for (const [variable, key] of TEXT_VARIABLES) {
    const value = env[variable];
    if (value !== undefined && value !== '') set('twilio', key, value, variable);
  }
  const hasSecret = isSet(env['TWILIO_AUTH_TOKEN']) || isSet(env['TWILIO_API_SECRET']);
  if (isSet(env['TWILIO_ACCOUNT_SID']) && hasSecret) {
    set('turn', 'provider', 'twilio', 'TWILIO_ACCOUNT_SID');
  }
  const ttl = env['TWILIO_ICE_TTL_SECONDS'];
  if (isSet(ttl)) set('turn', 'ttl', readTtl(ttl, warn), 'TWILIO_ICE_TTL_SECONDS');
  return origins;
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

function readTtl(text: string, warn: WarnVariable): number {
  const seconds = /^\s*\d{1,9}(?:\.\d{1,9})?\s*$/u.test(text) ? Number(text) : NaN;
  if (!Number.isNaN(seconds)) return clampTtl(seconds);
  const shown = text.slice(0, 32);
  warn(
    'TWILIO_ICE_TTL_SECONDS',
    `'${shown}' is no number of seconds; ${DEFAULT_TTL_SECONDS} is used`,
  );
  return DEFAULT_TTL_SECONDS;
}

/** A section of another type is left alone: the reader reports it. */
function sectionOf(root: RawMap, name: string): RawMap | undefined {
  const section = root[name] ?? emptyMap();
  if (!isRawMap(section)) return undefined;
  root[name] = section;
  return section;
}
