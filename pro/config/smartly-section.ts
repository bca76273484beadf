// config.yml: the signalling of Smartly Bridge.
import { z } from 'zod';
import { key } from '../../core/config/config-key.ts';
import {
  flag,
  ipRanges,
  listOf,
  oneOf,
  secretText,
  text,
} from '../../core/config/value-schemas.ts';
import { defineSection, type SectionReport } from './config-section.ts';
import { httpUrl, period, positive } from './pro-values.ts';

const MIN_SECRET_CHARS = 32;

const client = z
  .strictObject({
    id: z.string().min(1, 'must not be empty').max(128),
    secret: secretText,
    /** Where it may come from; empty = from everywhere. */
    allowedCidrs: ipRanges.default([]),
    /** Entity ids, or "*" for all. */
    entities: listOf(text).default(['*']),
  })
  .readonly();

const entity = z
  .strictObject({
    /** Path name; empty = the part of the id behind the dot. */
    path: text.default(''),
    /** URL that the path is fetched from; empty = the path exists by itself. */
    source: text.default(''),
    allowed: flag.default(true),
  })
  .readonly();

const rateLimit = z
  .strictObject({ requests: positive.default(60), window: period.prefault('60s') })
  .readonly();

/** The section `smartly`; the type of the config follows from it. */
export const smartlySection = defineSection({
  keys: {
    enable: key(flag, false, 'Serves /api/smartly/.'),
    engine: key(oneOf('internal', 'go2rtc'), 'internal', 'Who answers offers.'),
    go2rtcURL: key(httpUrl, 'http://localhost:1984', 'The external go2rtc.'),
    go2rtcTimeout: key(period, '10s', 'Longest time of a call to it.'),
    clients: key(listOf(client), [], 'Platforms that may ask.'),
    entities: key(z.record(z.string().max(255), entity), {}, 'What entity ids stand for.'),
    tokenTTL: key(period, '300s', 'Life of a stream token.'),
    sessionIdleTimeout: key(period, '600s', 'Life of a session that nobody uses.'),
    cleanupInterval: key(period, '60s', 'Time between two sweeps.'),
    timestampTolerance: key(period, '30s', 'How far the clock of a client may be off.'),
    nonceTTL: key(period, '300s', 'How long a nonce is remembered.'),
    rateLimit: key(rateLimit, {}, 'Requests of one client in a window.'),
    trustProxy: key(oneOf('auto', 'always', 'never'), 'auto', 'Whether X-Forwarded-For counts.'),
    envelope: key(flag, false, 'Wraps answers as version 2 wants them.'),
  },
  toConfig: (values) => ({
    isEnabled: values.enable,
    engine: values.engine,
    go2rtcUrl: values.go2rtcURL.replace(/\/$/u, ''),
    go2rtcTimeoutMs: values.go2rtcTimeout,
    clients: values.clients,
    entities: toEntities(values.entities),
    tokenTtlMs: values.tokenTTL,
    sessionIdleTimeoutMs: values.sessionIdleTimeout,
    cleanupIntervalMs: values.cleanupInterval,
    timestampToleranceMs: values.timestampTolerance,
    nonceTtlMs: values.nonceTTL,
    rateLimit: { requests: values.rateLimit.requests, windowMs: values.rateLimit.window },
    trustProxy: values.trustProxy,
    hasEnvelope: values.envelope,
  }),
  check: ({ clients, timestampTolerance, nonceTTL, engine, go2rtcURL }, report) => {
    checkClients(clients, report);
    // A nonce that is forgotten while its timestamp still counts could be replayed.
    if (nonceTTL < 2 * timestampTolerance) {
      report.error(['nonceTTL'], "must be at least twice 'timestampTolerance'");
    }
    if (engine === 'go2rtc' && go2rtcURL === '') report.error(['go2rtcURL'], 'must be set');
  },
});

/** Smartly Bridge. */
export type SmartlyConfig = Readonly<ReturnType<(typeof smartlySection)['toConfig']>>;

type EntityValues = z.output<typeof entity>;
type SmartlyEntity = Readonly<Omit<EntityValues, 'allowed'> & { isAllowed: boolean }>;

function toEntities(
  values: Readonly<Record<string, EntityValues>>,
): ReadonlyMap<string, SmartlyEntity> {
  return new Map(
    Object.entries(values).map(([id, { path, source, allowed }]) => [
      id,
      { path, source, isAllowed: allowed },
    ]),
  );
}

function checkClients(clients: readonly z.output<typeof client>[], report: SectionReport): void {
  const ids = new Set<string>();
  for (const [index, { id, secret }] of clients.entries()) {
    if (ids.has(id)) report.error(['clients', index, 'id'], 'is the id of a client above');
    ids.add(id);
    if (secret === '') report.error(['clients', index, 'secret'], 'must not be empty');
    else if (secret.length < MIN_SECRET_CHARS) {
      const message = `is shorter than ${MIN_SECRET_CHARS} characters and can be guessed`;
      report.warn(['clients', index, 'secret'], message);
    }
  }
}
