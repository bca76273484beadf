// What a client wants to see in a list, as a filter of the index.
import { MediaError } from '../../core/base/media-error.ts';
import type { RecordingFilter, RecordingListRequest } from '../../core/library/index-query.ts';
import type { RecordingKind } from '../../core/library/recording.ts';

/** Which files; absent and empty fields do not narrow the list. */
export interface FileFilter {
  /** `video`, `image`, `other`, or an extension such as `.mp4`. */
  readonly fileType?: string | undefined;
  /** Part of the name of the file or of its path; case does not matter. */
  readonly search?: string | undefined;
  /** Name of the media path. */
  readonly name?: string | undefined;
  /** From 0. */
  readonly page?: number | undefined;
  /** At most 10,000. */
  readonly itemsPerPage?: number | undefined;
}

const SHOWN_KINDS: readonly RecordingKind[] = ['video', 'image', 'other'];
const EXTENSION = /^\.[a-z0-9]{1,10}$/iu;
const MAX_ITEMS = 10_000;
const MAX_SEARCH_CHARACTERS = 255;
const MAX_SHOWN = 60;

/**
 * The request for a page of `where` narrowed by `filter`, newest first.
 * @throws MediaError invalid-argument `bad-file-filter`.
 */
export function toListRequest(where: RecordingFilter, filter: FileFilter): RecordingListRequest {
  const { search = '', name = '', page = 0, itemsPerPage = MAX_ITEMS } = filter;
  if (search.length > MAX_SEARCH_CHARACTERS) {
    throw badFilter(`search text has ${search.length} characters; at most 255`);
  }
  const limit = checkCount('itemsPerPage', itemsPerPage, 1);
  return {
    filter: {
      ...where,
      ...typeFilter(filter.fileType ?? ''),
      ...(search === '' ? {} : { text: search }),
      ...(name === '' ? {} : { path: name }),
    },
    limit: Math.min(limit, MAX_ITEMS),
    offset: checkCount('page', page, 0) * limit,
  };
}

function typeFilter(fileType: string): RecordingFilter {
  if (fileType === '') return { kinds: SHOWN_KINDS };
  const kinds = SHOWN_KINDS.filter((kind) => kind === fileType);
  if (kinds.length > 0) return { kinds };
  if (EXTENSION.test(fileType)) return { kinds: SHOWN_KINDS, extension: fileType };
  const shown = JSON.stringify(fileType.slice(0, MAX_SHOWN).toWellFormed());
  throw badFilter(`fileType ${shown} must be video, image, other or an extension such as .mp4`);
}

function checkCount(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= 1_000_000) return value;
  throw badFilter(`${name} ${value} must be a whole number from ${least} to 1000000`);
}

function badFilter(text: string): MediaError {
  return new MediaError('invalid-argument', 'bad-file-filter', text);
}
