// What a path shows while nobody feeds it (`alwaysAvailable`), as far as paths need to know.
import type { Logger } from '../base/logger.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { PathConfig } from '../config/config.ts';
import type { SourceWriter } from '../stream/source-writer.ts';

/** The slate of one path. */
export interface Slate {
  /** Its tracks, which every source of the path must have too. @throws MediaError when it can't be read. */
  describe(): Promise<readonly TrackDescription[]>;
  /** Plays in a loop, from its start, until the signal aborts. @throws MediaError when it can't be read. */
  play(writer: SourceWriter, signal: AbortSignal): Promise<void>;
}

/** Makes the slate of a path with `alwaysAvailable`. */
export type CreateSlate = (config: PathConfig, logger: Logger) => Slate;
