// About the server itself.
import { z } from 'zod';
import { jsonEndpoint } from './define-endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { done, isoTime, success, time } from './wire-values.ts';

/** What these endpoints ask for. */
export interface ServerApi {
  readonly version: string;
  /** Date ms. */
  readonly startedAt: number;
  /** Forgets the keys that JWTs are verified with, so that they are fetched anew. */
  readonly refreshKeys: () => void | Promise<void>;
}

const infoSchema = z.object({ version: z.string(), started: time }).meta({ id: 'Info' });

/** GET info, POST auth/jwks/refresh. */
export function serverEndpoints(api: ServerApi): readonly Endpoint[] {
  return [
    jsonEndpoint({
      ...{ method: 'GET', path: '/v3/info', tag: 'General', shape: 'bare', operationId: 'info' },
      summary: 'Version, and since when it runs',
      result: infoSchema,
      handle: () => ({ version: api.version, started: isoTime(api.startedAt) }),
    }),
    jsonEndpoint({
      ...{ method: 'POST', path: '/v3/auth/jwks/refresh', tag: 'Authentication', shape: 'bare' },
      ...{ operationId: 'authJwksRefresh', summary: 'Fetch the keys of JWTs anew' },
      result: done,
      handle: async () => {
        await api.refreshKeys();
        return success;
      },
    }),
  ];
}
