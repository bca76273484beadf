// Live paths, and where they are forwarded to.
import { z } from 'zod';
import { MediaError } from '../base/media-error.ts';
import type { Path } from '../path/path.ts';
import type { Session } from '../path/session-registry.ts';
import { collectionEndpoints, pageQuery, pageSchema } from './collection-endpoints.ts';
import { jsonEndpoint } from './define-endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { paginate, readPageRequest } from './pagination.ts';
import { pathItem, pathItemSchema } from './path-item.ts';
import { count, id, time } from './wire-values.ts';

const forwardSchema = z
  .object({
    id,
    pos: count.describe('place in `forward` of the path'),
    created: time,
    conf: z.object({
      dest: z.string().describe('without credentials'),
      destFingerprint: z.string(),
      whipBearerToken: z.string(),
    }),
    /** Scheme of `dest`. */
    protocol: z.string(),
    state: z.enum(['idle', 'forwarding', 'error']),
    lastError: z.string(),
    outboundBytes: count,
  })
  .meta({ id: 'ForwardDest' });

/** Where a path is forwarded to, without secrets. */
export type ForwardItem = z.output<typeof forwardSchema>;

/** What these endpoints ask for. */
export interface PathsApi {
  /** By name. */
  readonly paths: () => readonly Path[];
  readonly path: (name: string) => Path | undefined;
  readonly session: (id: string) => Session | undefined;
  /** Targets of a path, in the order of its configuration. */
  readonly forwards: (pathName: string) => readonly ForwardItem[];
}

const TAG = 'Paths';
const pathQuery = { path: z.string().describe('name of the path') };

/** GET paths/list, paths/get, paths/forward/list, paths/forward/get. */
export function pathEndpoints(api: PathsApi): readonly Endpoint[] {
  return [
    ...collectionEndpoints({
      ...{ root: '/v3/paths', operation: 'paths', tag: TAG, thing: 'path', key: 'name' },
      ...{ schema: pathItemSchema, listName: 'PathList', missing: 'path not found' },
      ...{ all: api.paths, find: api.path },
      show: (path) => pathItem(path, readersOf(api, path)),
    }),
    forwardList(api),
    forwardGet(api),
  ];
}

function readersOf(api: PathsApi, path: Path): readonly Session[] {
  return [...path.readers].flatMap((reader) => api.session(reader.id) ?? []);
}

function forwardList(api: PathsApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'GET', path: '/v3/paths/forward/list', tag: TAG, shape: 'bare' },
    ...{ operationId: 'pathsForwardList', failures: ['not-found'] },
    summary: 'Where a path is forwarded to',
    query: z.object({ ...pathQuery, ...pageQuery }),
    result: pageSchema(forwardSchema, 'ForwardDestList'),
    handle: ({ query, request }) => {
      const page = paginate(forwardsOf(api, query.path), readPageRequest(request.query));
      return { ...page, items: [...page.items] };
    },
  });
}

function forwardGet(api: PathsApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'GET', path: '/v3/paths/forward/get', tag: TAG, shape: 'bare' },
    ...{ operationId: 'pathsForwardGet', failures: ['not-found'] },
    summary: 'One target of a path',
    query: z.object({ ...pathQuery, id: id.describe('id of the target') }),
    result: forwardSchema,
    handle: ({ query }) => {
      const found = forwardsOf(api, query.path).find((each) => each.id === query.id.toLowerCase());
      if (found) return found;
      throw new MediaError('not-found', 'not-listed', 'forward destination not found');
    },
  });
}

function forwardsOf(api: PathsApi, pathName: string): readonly ForwardItem[] {
  if (api.path(pathName)) return api.forwards(pathName);
  throw new MediaError('not-found', 'path-not-found', 'path not found');
}
