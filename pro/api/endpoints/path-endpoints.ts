// Live and configured paths for dashboards, and the broadcast to WebSocket clients.
import { z } from 'zod';
import { paginate, readPageRequest } from '../../../core/api/pagination.ts';
import { pathItem, pathItemSchema, type PathItem } from '../../../core/api/path-item.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import type { Path } from '../../../core/path/path.ts';
import type { Session } from '../../../core/path/session-registry.ts';
import { jsonEndpoint } from '../../../core/api/define-endpoint.ts';
import type { Endpoint } from '../../../core/api/endpoint.ts';
import { flagText } from '../../../core/api/parameters.ts';

/** What an operator wrote about a path, for people. */
export interface PathDisplay {
  readonly sourceName: string;
  readonly groupName: string;
  readonly order: number;
  readonly showList: boolean;
  /** Where the stream comes from, without credentials. */
  readonly sourceUrl: string;
}

/** Result of the device checks of a path. */
export interface PathHealth {
  readonly isHealthy: boolean;
  readonly failureCount: number;
  /** Date ms; undefined before the first check. */
  readonly lastCheckAt: number | undefined;
}

/** What these endpoints ask for. */
export interface PathsApi {
  readonly paths: () => readonly Path[];
  readonly get: (name: string) => Path | undefined;
  /** Readers of one path that have a session. */
  readonly sessionsOf: (pathName: string) => readonly Session[];
  readonly isConfigured: (pathName: string) => boolean;
  readonly display: (path: Path) => PathDisplay;
  /** Date ms when the running recording ends. */
  readonly taskEndAt: (pathName: string) => number | undefined;
  readonly health: (pathName: string) => PathHealth | undefined;
  /** Sends JSON text as it is to every WebSocket client; returns how many there are. */
  readonly broadcast: (text: string) => number;
}

const TAG = 'Paths';

const displayShape = {
  sourceName: z.string().describe('name for people'),
  groupName: z.string(),
  order: z.number(),
  showList: z.boolean(),
  sourceReady: z.boolean(),
  taskEndTime: z.iso.datetime().nullable().describe('end of the running recording'),
  deviceHealthy: z.boolean().nullable().describe('null for paths without device checks'),
  failureCount: z.int().describe('failed device checks in a row'),
  lastCheck: z.iso.datetime().nullable(),
};

const listItemSchema = z.object({ ...pathItemSchema.shape, ...displayShape });

const queryItemSchema = z.object({
  ...listItemSchema.shape,
  source: z.string().describe('URL of the source without credentials'),
});

type ListItem = z.output<typeof listItemSchema>;

const filterShape = {
  name: z.string().optional().describe('exact name'),
  group: z.string().optional().describe('exact `groupName`'),
  sourceName: z.string().optional().describe('part of `sourceName`'),
};

/** GET paths/list, paths/get, paths/query; POST paths/message. */
export function pathEndpoints(api: PathsApi): readonly Endpoint[] {
  return [listEndpoint(api), getEndpoint(api), queryEndpoint(api), messageEndpoint(api)];
}

function listEndpoint(api: PathsApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'GET', path: '/api/v2/paths/list', tag: TAG, summary: 'Live paths, by name' },
    query: z.object({
      ...filterShape,
      page: z.string().optional().describe('from 0'),
      itemsPerPage: z.string().optional().describe('default 100'),
    }),
    result: z.object({ itemCount: z.int(), pageCount: z.int(), items: z.array(listItemSchema) }),
    handle: ({ query, request }) => {
      const all = api.paths().map((path) => listItem(api, path));
      const page = paginate(all.filter(matches(query)), readPageRequest(request.query));
      return { ...page, items: [...page.items] };
    },
  });
}

function getEndpoint(api: PathsApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'GET', path: '/api/v2/paths/get/*name', tag: TAG, summary: 'One live path' },
    failures: ['not-found'],
    params: z.object({ name: z.string().describe('may hold slashes') }),
    result: listItemSchema,
    handle: ({ params }) => {
      const path = api.get(params.name);
      if (path) return listItem(api, path);
      throw new MediaError('not-found', 'path-not-found', 'path not found');
    },
  });
}

function queryEndpoint(api: PathsApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'GET', path: '/api/v2/paths/query', tag: TAG },
    summary: 'Configured paths for a dashboard, by `order`',
    query: z.object({
      ...filterShape,
      showList: flagText.optional(),
      ready: flagText.optional(),
      all: flagText.optional().describe('paths without configuration of their own too'),
    }),
    result: z.array(queryItemSchema),
    handle: ({ query }) =>
      api
        .paths()
        .filter((path) => query.all === true || api.isConfigured(path.name))
        .map((path) => ({ path, item: listItem(api, path) }))
        .filter(({ item }) => matches(query)(item))
        .filter(({ item }) => query.showList === undefined || item.showList === query.showList)
        .filter(({ item }) => query.ready === undefined || item.sourceReady === query.ready)
        .sort((a, b) => a.item.order - b.item.order)
        .map(({ path, item }) => ({ ...item, source: api.display(path).sourceUrl })),
  });
}

function messageEndpoint(api: PathsApi): Endpoint {
  return jsonEndpoint({
    ...{ method: 'POST', path: '/api/v2/paths/message', tag: TAG },
    summary: 'Send any JSON to every WebSocket client, unchanged',
    maxBodyBytes: 256 * 1024,
    documentedBody: z.unknown().describe('any JSON'),
    result: z.object({ clients: z.int().describe('how many clients are connected') }),
    handle: async ({ request }) => {
      const text = await request.readText();
      assertJson(text);
      return { clients: api.broadcast(text) };
    },
  });
}

function listItem(api: PathsApi, path: Path): ListItem {
  const item: PathItem = pathItem(path, api.sessionsOf(path.name));
  const { sourceName, groupName, order, showList } = api.display(path);
  const health = api.health(path.name);
  return {
    ...item,
    ...{ sourceName, groupName, order, showList },
    sourceReady: item.online,
    taskEndTime: isoTime(api.taskEndAt(path.name)),
    deviceHealthy: health?.isHealthy ?? null,
    failureCount: health?.failureCount ?? 0,
    lastCheck: isoTime(health?.lastCheckAt),
  };
}

interface Filters {
  readonly name?: string | undefined;
  readonly group?: string | undefined;
  readonly sourceName?: string | undefined;
}

function matches({ name, group, sourceName }: Filters): (item: ListItem) => boolean {
  const part = sourceName?.toLocaleLowerCase();
  return (item) =>
    (name === undefined || item.name === name) &&
    (group === undefined || item.groupName === group) &&
    (part === undefined || item.sourceName.toLocaleLowerCase().includes(part));
}

/** The text goes out as it came in, so it is only tried. */
function assertJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MediaError('invalid-argument', 'malformed-body', `body is not JSON: ${reason}`, {
      cause,
    });
  }
}

function isoTime(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
