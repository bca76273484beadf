// Smart recording and device health for operators who tune thresholds.
import { z } from 'zod';
import { MediaError } from '../../../core/base/media-error.ts';
import { jsonEndpoint } from '../../../core/api/define-endpoint.ts';
import type { Endpoint } from '../../../core/api/endpoint.ts';

/** State of the colour checks of one path. Scores are percent. */
export interface SmartFacts {
  readonly name: string;
  readonly score: number | undefined;
  readonly window: readonly number[];
  readonly sum: number;
  readonly threshold: number;
  readonly state: string;
  readonly reason: string;
  /** Date ms. */
  readonly lastCheckAt: number | undefined;
}

/** What smart recording would have done with a recorded file. */
export interface ReplayFacts {
  readonly durationMs: number;
  readonly scores: readonly {
    readonly atMs: number;
    readonly score: number;
    readonly sum: number;
  }[];
  readonly recordings: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** How to look at a recorded file. */
export interface ReplayOrder {
  readonly fullPath: string;
  readonly threshold?: number;
  readonly metric?: 'color' | 'tissue' | 'box';
  readonly intervalSeconds?: number;
}

/** Device checks of one path. */
export interface HealthFacts {
  readonly name: string;
  readonly state: string;
  readonly isHealthy: boolean;
  readonly failureCount: number;
  readonly lastCheckAt: number | undefined;
  readonly history: readonly {
    readonly at: number;
    readonly isHealthy: boolean;
    readonly latencyMs: number;
    readonly reason: string;
  }[];
}

/** What these endpoints ask for; all throw MediaError. */
export interface SmartApi {
  readonly scores: () => readonly SmartFacts[];
  readonly replay: (order: ReplayOrder, signal: AbortSignal) => Promise<ReplayFacts>;
  readonly healthStates: () => readonly HealthFacts[];
}

const TAG = 'Smart recording';
const percent = z.number().min(0).max(100);
const nullableTime = z.iso.datetime().nullable();

const scoreSchema = z
  .object({
    name: z.string(),
    score: percent.nullable().describe('coloured share of the last picture, percent'),
    window: z.array(percent).describe('the last checks in a row'),
    sum: z.number(),
    threshold: z.number().describe('`recordMinThreshold`: the sum has to exceed it'),
    state: z.string(),
    reason: z.string(),
    lastCheck: nullableTime,
  })
  .meta({ id: 'SmartScore' });

const healthSchema = z
  .object({
    name: z.string(),
    state: z.string(),
    deviceHealthy: z.boolean(),
    failureCount: z.int(),
    lastCheck: nullableTime,
    history: z.array(
      z.object({
        time: z.iso.datetime(),
        healthy: z.boolean(),
        latencyMs: z.number(),
        reason: z.string(),
      }),
    ),
  })
  .meta({ id: 'DeviceHealth' });

/** GET smart/scores, POST smart/replay, GET device/health. */
export function smartEndpoints(api: SmartApi): readonly Endpoint[] {
  return [scoresEndpoint(api), replayEndpoint(api), healthEndpoint(api)];
}

function scoresEndpoint(api: SmartApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'GET', path: '/api/v2/smart/scores', tag: TAG },
    summary: 'Live colour scores of the capture boxes',
    result: z.array(scoreSchema),
    handle: () =>
      api.scores().map(({ lastCheckAt, score, window, ...rest }) => ({
        ...rest,
        window: [...window],
        score: score ?? null,
        lastCheck: isoTime(lastCheckAt),
      })),
  });
}

function replayEndpoint(api: SmartApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'POST', path: '/api/v2/smart/replay', tag: TAG },
    summary: 'Dry run on a recording: scores over time, and when it would have recorded',
    failures: ['not-found', 'unavailable', 'deadline-exceeded'],
    body: z.object({
      fullPath: z
        .string('fullPath is required')
        .min(1)
        .describe('as for the files, e.g. /20250116/x.mp4'),
      threshold: z.number().min(0).max(300).optional(),
      metric: z.enum(['color', 'tissue', 'box']).optional(),
      interval: z.number().min(0.2).max(3600).optional().describe('seconds between checks'),
    }),
    result: z.object({
      duration: z.number().describe('seconds'),
      scores: z.array(z.object({ at: z.number(), score: percent, sum: z.number() })),
      recordings: z.array(z.object({ from: z.number(), to: z.number() })),
    }),
    handle: async ({ body: { fullPath, threshold, metric, interval }, request }) => {
      const order = {
        fullPath,
        ...(threshold === undefined ? {} : { threshold }),
        ...(metric === undefined ? {} : { metric }),
        ...(interval === undefined ? {} : { intervalSeconds: interval }),
      };
      const { durationMs, scores, recordings } = await api.replay(order, request.signal);
      return {
        duration: durationMs / 1000,
        scores: scores.map(({ atMs, score, sum }) => ({ at: atMs / 1000, score, sum })),
        recordings: recordings.map(({ fromMs, toMs }) => {
          return { from: fromMs / 1000, to: toMs / 1000 };
        }),
      };
    },
  });
}

function healthEndpoint(api: SmartApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'GET', path: '/api/v2/device/health', tag: TAG },
    summary: 'Device checks with their history',
    failures: ['not-found'],
    query: z.object({ name: z.string().optional().describe('one path') }),
    result: z.array(healthSchema),
    handle: ({ query: { name } }) => {
      const states = api
        .healthStates()
        .filter((state) => name === undefined || state.name === name);
      if (name !== undefined && states.length === 0) {
        throw new MediaError(
          'not-found',
          'no-health-checks',
          `path '${name}' has no device checks`,
        );
      }
      return states.map(healthItem);
    },
  });
}

function healthItem(facts: HealthFacts): z.output<typeof healthSchema> {
  const { name, state, isHealthy, failureCount, lastCheckAt, history } = facts;
  return {
    ...{ name, state, failureCount, deviceHealthy: isHealthy },
    lastCheck: isoTime(lastCheckAt),
    history: history.map((check) => ({
      time: new Date(check.at).toISOString(),
      healthy: check.isHealthy,
      latencyMs: check.latencyMs,
      reason: check.reason,
    })),
  };
}

function isoTime(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
