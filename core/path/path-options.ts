// What a path is made of, and what it tells.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { PathConfig } from '../config/config.ts';
import type { PathSource } from './path-source.ts';
import type { CreateSlate } from './slate.ts';
import type { SourceEntry } from './source-run.ts';

/** What a path works with. */
export interface PathComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: PathConfig;
  /** Present when the path pulls its stream. */
  readonly source?: PathSource;
}

/**
 * What happens to the stream of a path: it can be read from `available` to `unavailable`; within,
 * a source writes it from `online` to `offline` (a camera that restarts goes offline and online).
 */
export type PathTransition = 'available' | 'online' | 'offline' | 'unavailable';

/** Whoever reads a path; counted against `maxReaders` and listed in the API. */
export interface PathReader {
  readonly id: string;
  readonly type: string;
}

/** A reader came or went. */
export type PathReaderChange = 'added' | 'removed';

/** Whether somebody reads the path or waits for its stream. */
export interface PathDemand {
  readonly isWanted: boolean;
  /** Query of who asked, when known. */
  readonly query: string;
}

/** Names of a path and what to do when nobody needs it. */
export interface PathOptions {
  readonly name: string;
  readonly confName: string;
  /** Told after each change, in order. Must not throw. */
  readonly onTransition?: (transition: PathTransition) => void;
  /** As onTransition. */
  readonly onReader?: (reader: PathReader, change: PathReaderChange) => void;
  /** As onTransition; told again and again while nothing changes. */
  readonly onDemand?: (demand: PathDemand) => void;
  /** For paths with `alwaysAvailable`; without it they have no slate. */
  readonly createSlate?: CreateSlate | undefined;
  /** Nobody publishes, reads or waits any more. */
  readonly onIdle: () => void;
}

/** Makes the source that takes over; `after` is the end of the one before. */
export type CreateSource = (after: Promise<void> | undefined) => PathSource | undefined;

/** Another entry for a path. */
export interface PathChange {
  readonly confName: string;
  readonly config: PathConfig;
  /** Present when the source must be replaced, also by none. Must not throw. */
  readonly createSource?: CreateSource | undefined;
  /** The sources of the entry, for the one that stays. */
  readonly sources: readonly SourceEntry[];
}
