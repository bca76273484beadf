// The three questions that Control API v3 asks of every collection: list, get, kick.
import { z } from 'zod';
import { MediaError } from '../base/media-error.ts';
import { jsonEndpoint } from './define-endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { paginate, readPageRequest } from './pagination.ts';
import { count, done, success } from './wire-values.ts';

/** A collection, and how one of its things is shown. */
export interface Collection<T, S extends z.ZodType> {
  /** e.g. `/v3/rtspsessions`. */
  readonly root: string;
  /** Beginning of the operation ids, e.g. `rtspSessions`. */
  readonly operation: string;
  /** Where the ids are others than `<operation>Get` and so on. */
  readonly getOperation?: string;
  readonly tag: string;
  /** As people call one of them, e.g. `RTSP session`; the last word stands in failures. */
  readonly thing: string;
  /** Things are known by a UUID, or by a name that may hold slashes. */
  readonly key: 'id' | 'name';
  readonly schema: S;
  /** Name of the list's schema, e.g. `RTSPSessionList`. */
  readonly listName: string;
  /** In the order of the list. */
  readonly all: () => readonly T[] | Promise<readonly T[]>;
  readonly find: (key: string) => T | undefined | Promise<T | undefined>;
  readonly show: (thing: T) => z.input<S> | Promise<z.input<S>>;
  /** Ends it. */
  readonly kick?: (thing: T) => void;
  /** Names may be regular expressions. */
  readonly allowsBackslash?: boolean;
  /** Said when there is none, e.g. `session not found`. */
  readonly missing: string;
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/iu;

/** Query of every list; the numbers are read by readPageRequest(). */
export const pageQuery = {
  page: z.string().optional().describe('page number, from 0'),
  itemsPerPage: z.string().optional().describe('items per page, default 100'),
};

/** Endpoints of a collection; `kick` only when it can be done. */
export function collectionEndpoints<T, S extends z.ZodType>(
  collection: Collection<T, S>,
): readonly Endpoint[] {
  const { kick } = collection;
  const endpoints = [listEndpoint(collection), getEndpoint(collection)];
  return kick ? [...endpoints, kickEndpoint(collection, kick)] : endpoints;
}

/** Schema of a page of things. */
export function pageSchema<S extends z.ZodType>(
  item: S,
  name: string,
): z.ZodObject<{ itemCount: z.ZodInt; pageCount: z.ZodInt; items: z.ZodArray<S> }> {
  const shape = { itemCount: count, pageCount: count, items: z.array(item) };
  return z.object(shape).meta({ id: name });
}

function listEndpoint<T, S extends z.ZodType>(collection: Collection<T, S>): Endpoint {
  const { root, operation, tag, thing, schema, listName, all, show } = collection;
  return jsonEndpoint({
    ...{ method: 'GET', path: `${root}/list`, tag, shape: 'bare', operationId: `${operation}List` },
    summary: `All ${thing}s`,
    query: z.object(pageQuery),
    result: pageSchema(schema, listName),
    handle: async ({ request }) => {
      const page = paginate(await all(), readPageRequest(request.query));
      return { ...page, items: await Promise.all(page.items.map(async (thing) => show(thing))) };
    },
  });
}

function getEndpoint<T, S extends z.ZodType>(collection: Collection<T, S>): Endpoint {
  const { root, operation, getOperation, tag, thing, key, schema, show } = collection;
  const { allowsBackslash = false } = collection;
  return jsonEndpoint({
    ...{ method: 'GET', path: `${root}/get/${wildcard(key)}`, tag, shape: 'bare' },
    operationId: getOperation ?? `${operation}Get`,
    summary: `One ${thing}`,
    failures: ['not-found'],
    allowsBackslash,
    params: keySchema(key, thing),
    result: schema,
    handle: async ({ request }) => show(await findThing(collection, request.parameter(key))),
  });
}

function kickEndpoint<T, S extends z.ZodType>(
  collection: Collection<T, S>,
  kick: (thing: T) => void,
): Endpoint {
  const { root, operation, tag, thing, key } = collection;
  return jsonEndpoint({
    ...{ method: 'POST', path: `${root}/kick/${wildcard(key)}`, tag, shape: 'bare' },
    operationId: `${operation}Kick`,
    summary: `Kick out one ${thing}`,
    failures: ['not-found'],
    params: keySchema(key, thing),
    result: done,
    handle: async ({ request }) => {
      kick(await findThing(collection, request.parameter(key)));
      return success;
    },
  });
}

async function findThing<T, S extends z.ZodType>(
  { key, find, missing }: Collection<T, S>,
  wanted: string,
): Promise<T> {
  if (key === 'id' && !UUID.test(wanted)) {
    const message = `invalid id '${wanted.slice(0, 100)}'`;
    throw new MediaError('invalid-argument', 'invalid-id', message);
  }
  const found = await find(key === 'id' ? wanted.toLowerCase() : wanted);
  if (found !== undefined) return found;
  throw new MediaError('not-found', 'not-listed', missing);
}

function wildcard(key: 'id' | 'name'): string {
  return key === 'id' ? ':id' : '*name';
}

function keySchema(key: 'id' | 'name', thing: string): z.ZodObject<Record<string, z.ZodString>> {
  const text = z.string().describe(key === 'id' ? `id of the ${thing}` : 'may hold slashes');
  return z.object({ [key]: text });
}
