// One run of one source: one connection, from its start to its end.
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { SourceWriter } from '../stream/source-writer.ts';
import type { StreamWriter, StreamWriterOptions } from '../stream/stream-writer.ts';
import type { Source, SourceContext } from './source.ts';

/** A source that a runner may choose. */
export interface SourceEntry {
  /** Groups filled in; may hold credentials. Two entries of a list never have the same. */
  readonly url: string;
  /** As the Control API names it. */
  readonly type: string;
  readonly create: () => Source;
}

/** What a run works with. */
export interface SourceRunComponents {
  readonly createContext: (
    entry: SourceEntry,
    run: Pick<SourceContext, 'signal' | 'publish'>,
  ) => SourceContext;
  /** Gives the tracks a writer; throws when the path refuses them. */
  readonly openWriter: (
    run: SourceRun,
    tracks: readonly TrackDescription[],
    options: StreamWriterOptions | undefined,
  ) => SourceWriter;
}

/** Begins when it is made. */
export class SourceRun {
  readonly entry: SourceEntry;
  /** Why it ended; never rejects. */
  readonly finished: Promise<MediaError>;
  /** The writer of the path, once it has one; whoever closes it takes it away. */
  writer: StreamWriter | undefined;
  readonly #abort = new AbortController();
  #givenUpFor: MediaError | undefined;

  constructor(components: SourceRunComponents, entry: SourceEntry) {
    this.entry = entry;
    this.finished = this.#run(components);
  }

  get isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Idempotent. */
  stop(): void {
    if (this.isStopped) return;
    this.#abort.abort(new MediaError('canceled', 'source-stopped', 'the source was stopped'));
  }

  /** Ends it for a reason that counts as its failure. Idempotent. */
  giveUp(reason: MediaError): void {
    this.#givenUpFor ??= reason;
    this.stop();
  }

  async #run({ createContext, openWriter }: SourceRunComponents): Promise<MediaError> {
    const { signal } = this.#abort;
    const publish: SourceContext['publish'] = (tracks, options) => {
      signal.throwIfAborted();
      return openWriter(this, tracks, options);
    };
    try {
      await this.entry.create().run(createContext(this.entry, { signal, publish }));
      const ended = new MediaError('unavailable', 'source-ended', 'the source ended the stream');
      return this.#givenUpFor ?? ended;
    } catch (thrown) {
      return this.#givenUpFor ?? toMediaError(thrown);
    }
  }
}
