// What a client asks for in the query of its handshake: a filter, and where to go on.
import { MediaError } from '../../core/base/media-error.ts';
import { eventTypes } from './wire-event.ts';

/** Which events a client wants; undefined means all. */
export interface EventFilter {
  readonly types: ReadonlySet<string> | undefined;
  readonly names: ReadonlySet<string> | undefined;
}

/** A decoded handshake query. */
export interface ClientRequest {
  readonly filter: EventFilter;
  /** Present when the client wants cursors; empty for "from now on". */
  readonly since: string | undefined;
}

const MAX_VALUES = 64;
const MAX_CHARS = 4096;

/**
 * Reads `since`, `types` (comma-separated) and `name` (may be repeated).
 * @throws MediaError invalid-argument `invalid-websocket-query` naming the value.
 */
export function parseClientRequest(query: URLSearchParams): ClientRequest {
  const since = query.get('since');
  const types = query.getAll('types').flatMap((list) => list.split(',', MAX_VALUES + 1));
  for (const type of types) {
    if (!eventTypes.includes(type)) throw invalid('types', type, `is none of ${known()}`);
  }
  const names = query.getAll('name');
  if (names.length > MAX_VALUES || types.length > MAX_VALUES) {
    throw invalid('name', String(names.length), `has more than ${MAX_VALUES} values`);
  }
  for (const name of names) {
    if (name.length > MAX_CHARS) throw invalid('name', name, 'is too long');
  }
  return {
    filter: { types: toSet(types), names: toSet(names) },
    since: since === null ? undefined : since === 'latest' ? '' : since,
  };
}

/** Events that belong to no path pass a filter of names: it is there to leave out other paths. */
export function passes(
  filter: EventFilter,
  event: { readonly type: string; readonly name: string | undefined },
): boolean {
  const { types, names } = filter;
  if (types && !types.has(event.type)) return false;
  return names === undefined || event.name === undefined || names.has(event.name);
}

function toSet(values: readonly string[]): ReadonlySet<string> | undefined {
  return values.length === 0 ? undefined : new Set(values);
}

function known(): string {
  return eventTypes.join(', ');
}

function invalid(parameter: string, value: string, problem: string): MediaError {
  return new MediaError(
    'invalid-argument',
    'invalid-websocket-query',
    `${parameter} '${value.slice(0, 64)}' ${problem}; /ws`,
  );
}
