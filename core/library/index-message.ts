// What the main thread and the index worker say to each other.
import type { ErrorKind } from '../base/media-error.ts';
import type { IndexOrigin } from './index-database.ts';
import type { IndexOperation, IndexOperations } from './index-query.ts';

/** What the worker is started with. */
export interface IndexWorkerData {
  readonly databaseFile: string;
}

/** An operation to run. */
export type IndexRequest = {
  [K in IndexOperation]: {
    readonly id: number;
    readonly operation: K;
    readonly input: IndexOperations[K]['input'];
  };
}[IndexOperation];

/** A request as it waits and travels: which input belongs to which operation is checked where it is made. */
export interface WaitingRequest {
  readonly id: number;
  readonly operation: IndexOperation;
  readonly input: unknown;
}

/** To the worker: an operation, or the request to close the file and end. */
export type IndexWorkerInput = IndexRequest | { readonly operation: 'close' };

/** From the worker. */
export type IndexWorkerOutput =
  | { readonly type: 'ready'; readonly origin: IndexOrigin }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly failure: IndexFailure }
  /** The file can't be opened; the worker ends. */
  | { readonly type: 'refused'; readonly failure: IndexFailure }
  /** The file was lost or damaged; an empty one took its place. */
  | { readonly type: 'reset'; readonly reason: string };

/** A MediaError on its way between threads. */
export interface IndexFailure {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
}
