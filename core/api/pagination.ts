// Cuts lists into pages as the Control API does.
import { MediaError } from '../base/media-error.ts';

/** One page of a list. */
export interface Page<T> {
  /** Of the whole list. */
  readonly itemCount: number;
  readonly pageCount: number;
  readonly items: readonly T[];
}

/** Which page; the first is 0. */
export interface PageRequest {
  readonly page: number;
  readonly itemsPerPage: number;
}

const DEFAULT_ITEMS_PER_PAGE = 100;
const MAX_ITEMS_PER_PAGE = 10_000;

/** Reads `page` and `itemsPerPage`. @throws MediaError invalid-argument `invalid-page`. */
export function readPageRequest(query: URLSearchParams): PageRequest {
  return {
    page: readCount(query, 'page', { least: 0, otherwise: 0 }),
    itemsPerPage: readCount(query, 'itemsPerPage', { least: 1, otherwise: DEFAULT_ITEMS_PER_PAGE }),
  };
}

/** The page of `all`; past the end it is empty. */
export function paginate<T>(all: readonly T[], { page, itemsPerPage }: PageRequest): Page<T> {
  const start = page * itemsPerPage;
  return {
    itemCount: all.length,
    pageCount: Math.ceil(all.length / itemsPerPage),
    items: all.slice(start, start + itemsPerPage),
  };
}

function readCount(
  query: URLSearchParams,
  name: string,
  { least, otherwise }: { readonly least: number; readonly otherwise: number },
): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  const value = /^\d{1,9}$/u.test(text) ? Number(text) : -1;
  if (value >= least) return name === 'page' ? value : Math.min(value, MAX_ITEMS_PER_PAGE);
  throw new MediaError(
    'invalid-argument',
    'invalid-page',
    `invalid ${name} '${text.slice(0, 50)}'`,
  );
}
