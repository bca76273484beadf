// What the server is and how it does: info, health, stats.
import { z } from 'zod';
import { jsonEndpoint } from '../../../core/api/define-endpoint.ts';
import type { Endpoint } from '../../../core/api/endpoint.ts';
import { formatUptime } from '../format-uptime.ts';

/** Numbers of the moment. */
export interface ServerStats {
  readonly pathsCount: number;
  readonly onlinePathsCount: number;
  readonly sessionsCount: number;
  readonly webSocketClients: number;
  readonly recordTasks: number;
  readonly smartlySessions: number;
  readonly servers: Readonly<Record<string, boolean>>;
  readonly logLevel: string;
  readonly configuredPaths: number;
}

/** What these endpoints ask for. */
export interface ServerFacts {
  readonly version: string;
  /** Date ms. */
  readonly startedAt: number;
  readonly nowAt: () => number;
  readonly stats: () => ServerStats;
  /** How config.yml differs from what runs. */
  readonly proConfig: () => {
    readonly restartNeeded: readonly string[];
    readonly error: string | undefined;
  };
  /** `/health` answers without token. */
  readonly isHealthPublic: boolean;
}

const TAG = 'Server';

const infoSchema = z.object({
  version: z.string(),
  started: z.iso.datetime(),
  restartNeeded: z
    .array(z.string())
    .describe('keys of config.yml that changed since the start and count from the next one'),
  configError: z.string().nullable().describe('why config.yml would not start as it is now'),
});

const healthSchema = z.object({
  status: z.literal('healthy'),
  version: z.string(),
  uptime: z.string().describe('time since the start, e.g. 1h2m3s'),
});

const statsSchema = z.object({
  version: z.string(),
  uptime: z.string(),
  pathsCount: z.int().describe('open paths: configured ones and those in use'),
  onlinePathsCount: z.int(),
  sessionsCount: z.int().describe('publishers and readers of all protocols'),
  webSocketClients: z.int(),
  recordTasks: z.int(),
  smartlySessions: z.int(),
  servers: z.record(z.string(), z.boolean()).describe('which protocols are served'),
  config: z.object({ logLevel: z.string(), configuredPaths: z.int() }),
});

/** GET info, health and stats. */
export function serverEndpoints(facts: ServerFacts): readonly Endpoint[] {
  const version = `v2-pro-${facts.version}`;
  const uptime = (): string => formatUptime(facts.nowAt() - facts.startedAt);
  return [
    jsonEndpoint({
      ...{
        method: 'GET',
        path: '/api/v2/info',
        tag: TAG,
        summary: 'Version and start of the server',
      },
      result: infoSchema,
      handle: () => {
        const { restartNeeded, error } = facts.proConfig();
        const started = new Date(facts.startedAt).toISOString();
        return { version, started, restartNeeded: [...restartNeeded], configError: error ?? null };
      },
    }),
    jsonEndpoint({
      ...{ method: 'GET', path: '/api/v2/health', tag: TAG, summary: 'Whether the server answers' },
      ...(facts.isHealthPublic ? { publicReason: 'probes of orchestrators have no token' } : {}),
      result: healthSchema,
      handle: () => ({ status: 'healthy' as const, version, uptime: uptime() }),
    }),
    jsonEndpoint({
      ...{ method: 'GET', path: '/api/v2/stats', tag: TAG, summary: 'Numbers of the moment' },
      result: statsSchema,
      handle: () => {
        const { logLevel, configuredPaths, ...stats } = facts.stats();
        const config = { logLevel, configuredPaths };
        return { version, uptime: uptime(), ...stats, servers: { ...stats.servers }, config };
      },
    }),
  ];
}
