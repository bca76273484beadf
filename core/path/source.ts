// What pulls a stream from elsewhere into a path, and how the composition root registers such pullers.
import type { Logger } from '../base/logger.ts';
import type { MediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { PathConfig } from '../config/config.ts';
import type { SourceWriter } from '../stream/source-writer.ts';
import type { StreamWriterOptions } from '../stream/stream-writer.ts';

/** What a source gets for one run. */
export interface SourceContext {
  readonly pathName: string;
  readonly config: PathConfig;
  /** The `source` value with regular expression groups filled in; may hold credentials: never log it. */
  readonly url: string;
  readonly logger: Logger;
  /** Aborted when the path no longer wants the stream. */
  readonly signal: AbortSignal;
  /**
   * Announces the tracks once they are known and returns the writer of this run. The path stays
   * owner of the stream; the writer is closed when the run ends.
   */
  readonly publish: (
    tracks: readonly TrackDescription[],
    options?: StreamWriterOptions,
  ) => SourceWriter;
  /** Says why a run that goes on has no stream yet; whoever asks for the path is told. */
  readonly onWaiting?: (reason: MediaError) => void;
}

/** A stream pulled from elsewhere. One run is one connection; the path repeats runs with back-off. */
export interface Source {
  /**
   * Connects, publishes and pumps packets until the signal aborts (resolves) or the connection
   * ends (rejects with a MediaError that names the reason).
   */
  run(context: SourceContext): Promise<void>;
}

/** Makes sources for some URL schemes. */
export interface SourceFactory {
  /** URL schemes without colon, e.g. `rtsp`. */
  readonly schemes: readonly string[];
  /** Source type as the Control API names it, e.g. `rtspSource`. */
  readonly type: string;
  create(): Source;
}
