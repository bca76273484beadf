// The questions that the index answers, as data that can cross to the worker.
import type { Recording, RecordingFile, RecordingGap, RecordingKind } from './recording.ts';

/** Which recordings a list holds; absent fields do not narrow it. */
export interface RecordingFilter {
  readonly root?: string;
  /** One folder below the root, its sub-folders left out. */
  readonly folder?: string;
  readonly path?: string;
  /** Date ms: recordings that end after it. */
  readonly fromAt?: number;
  /** Date ms: recordings that begin before it. */
  readonly toAt?: number;
  readonly isFavorite?: boolean;
  readonly kinds?: readonly RecordingKind[];
  /** End of the file name with dot, e.g. `.mp4`; case does not matter. */
  readonly extension?: string;
  /** Substring of file name or path name; case and width do not matter. */
  readonly text?: string;
}

/** A page of a list. */
export interface RecordingListRequest {
  readonly filter: RecordingFilter;
  /** `newest` (default) or `oldest` first by start. */
  readonly order?: 'newest' | 'oldest';
  /** Most items of the answer; at most 10,000. */
  readonly limit: number;
  readonly offset?: number;
}

/** A page, and how many recordings there are on all pages. */
export interface RecordingListPage {
  readonly items: readonly Recording[];
  readonly total: number;
}

/** A span of a path. */
export interface TimelineRequest {
  readonly path: string;
  /** Date ms. */
  readonly fromAt: number;
  readonly toAt: number;
  /** Most recordings and most gaps of the answer; at most 10,000. */
  readonly limit: number;
}

/** What was recorded of a path in a span and what was not, oldest first. */
export interface Timeline {
  readonly recordings: readonly Recording[];
  readonly gaps: readonly RecordingGap[];
}

/** Recordings and bytes of one group. */
export interface RecordingTotal {
  /** Path name, or folder (the day) relative to the root. */
  readonly key: string;
  readonly count: number;
  readonly sizeBytes: number;
  readonly durationMs: number;
}

/** Counts and bytes, grouped. */
export interface TotalsRequest {
  readonly by: 'path' | 'folder' | 'kind';
  readonly filter: RecordingFilter;
}

/** Candidates of a retention sweep after a position, oldest first. */
export interface RetentionPageRequest {
  readonly root: string;
  /** Date ms: only recordings that began before it. */
  readonly beforeAt: number;
  /** Where the page before ended. */
  readonly after?: { readonly startAt: number; readonly id: number };
  readonly limit: number;
}

/** A recording and its place in the order of candidates. */
export interface RetentionCandidate extends Recording {
  readonly id: number;
}

/** A file on its way to another name; outlives the process so that either end can be found again. */
export interface FileMove {
  readonly root: string;
  readonly from: string;
  readonly to: string;
}

/** Every operation of the index: what goes in and what comes out. Each may be repeated without harm. */
export interface IndexOperations {
  put: { readonly input: readonly Recording[]; readonly output: undefined };
  get: { readonly input: RecordingFile; readonly output: Recording | undefined };
  remove: { readonly input: readonly RecordingFile[]; readonly output: undefined };
  beginMove: { readonly input: FileMove; readonly output: undefined };
  /** Takes the move from the list, and the row to where the file is. */
  endMove: {
    readonly input: { readonly move: FileMove; readonly recording: Recording | undefined };
    readonly output: undefined;
  };
  moves: { readonly input: { readonly root: string }; readonly output: readonly FileMove[] };
  list: { readonly input: RecordingListRequest; readonly output: RecordingListPage };
  growing: { readonly input: { readonly root: string }; readonly output: readonly Recording[] };
  folders: { readonly input: { readonly root: string }; readonly output: readonly string[] };
  inFolder: {
    readonly input: { readonly root: string; readonly folder: string };
    readonly output: readonly Recording[];
  };
  timeline: { readonly input: TimelineRequest; readonly output: Timeline };
  totals: { readonly input: TotalsRequest; readonly output: readonly RecordingTotal[] };
  retentionPage: {
    readonly input: RetentionPageRequest;
    readonly output: readonly RetentionCandidate[];
  };
  addGaps: { readonly input: readonly RecordingGap[]; readonly output: undefined };
  /** Forgets gaps of all paths that ended before `beforeAt`. */
  forgetGaps: { readonly input: { readonly beforeAt: number }; readonly output: undefined };
}

/** Name of an operation. */
export type IndexOperation = keyof IndexOperations;

/** A function for each operation. */
export type IndexHandlers = {
  readonly [K in IndexOperation]: (
    input: IndexOperations[K]['input'],
  ) => IndexOperations[K]['output'];
};

/** The index as the rest of the library uses it. */
export interface RecordingIndex {
  /** Runs one operation. @throws MediaError unavailable, resource-exhausted or deadline-exceeded. */
  call<K extends IndexOperation>(
    operation: K,
    input: IndexOperations[K]['input'],
  ): Promise<IndexOperations[K]['output']>;
}
