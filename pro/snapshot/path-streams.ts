// Opens the stream of a path for looking at it, with the errors that the API promises.
import { MediaError } from '../../core/base/media-error.ts';
import { redactUrls } from '../../core/base/url-redaction.ts';
import type { PathGrant } from '../../core/path/path-manager.ts';
import type { PathReader } from '../../core/path/path-options.ts';
import type { ReadLease } from '../../core/path/path.ts';
import type { Stream } from '../../core/stream/stream.ts';

/** What is needed of a path. */
export interface WatchedPath {
  readonly stream: Stream | undefined;
  readonly onlineAt: number | undefined;
  /** Why its source failed last; undefined while it works. */
  readonly lastFailure?: MediaError | undefined;
}

/** What is needed of the PathManager. */
export interface StreamPaths {
  get(name: string): WatchedPath | undefined;
  grant(name: string, principal: { readonly user: string }): PathGrant;
  waitForStream(grant: PathGrant, signal?: AbortSignal): Promise<Stream>;
  read(grant: PathGrant, reader: PathReader): ReadLease;
}

/** A stream that may be looked at until `close`. */
export interface OpenStream {
  readonly stream: Stream;
  close(): void;
}

const READER: PathReader = { id: 'snapshot', type: 'snapshot' };
const NOBODY = { user: '' };

/** Sources on demand are started and counted as read; any other stream is looked at as it is. */
export class PathStreams {
  readonly #paths: StreamPaths;

  constructor(paths: StreamPaths) {
    this.#paths = paths;
  }

  /** Whether somebody sends a stream to a path now; a slate does not count. */
  isOnline(name: string): boolean {
    return this.#paths.get(name)?.onlineAt !== undefined;
  }

  /** @throws MediaError `not-found` `path-not-found` when no configuration covers the name. */
  assertConfigured(name: string): void {
    try {
      this.#paths.grant(name, NOBODY);
    } catch (cause) {
      throw pathNotFound(name, cause);
    }
  }

  /** @throws MediaError `not-found` `path-not-found`. */
  assertExists(name: string): void {
    if (!this.#paths.get(name) && !this.#onDemandGrant(name)) throw pathNotFound(name);
  }

  /**
   * @throws MediaError `not-found` `path-not-found`; `invalid-argument` `not-publishing`;
   * `deadline-exceeded` when a source on demand is too slow.
   */
  async open(name: string, signal?: AbortSignal): Promise<OpenStream> {
    const path = this.#paths.get(name);
    const { stream } = path ?? {};
    if (stream?.isOnline) return { stream, close: () => undefined };
    const grant = this.#onDemandGrant(name);
    if (!grant) throw path ? this.#notPublishing(name) : pathNotFound(name);
    try {
      const started = await this.#paths.waitForStream(grant, signal);
      const lease = this.#paths.read(grant, READER);
      return { stream: started, close: () => lease.close() };
    } catch (thrown) {
      if (thrown instanceof MediaError && thrown.kind === 'not-found') {
        throw this.#notPublishing(name, thrown);
      }
      throw thrown;
    }
  }

  /** With the reason of the source, when it has told one: that is what an operator looks for. */
  #notPublishing(name: string, cause?: unknown): MediaError {
    const failure = this.#paths.get(name)?.lastFailure;
    const why = failure ? `: ${redactUrls(failure.message)}` : '';
    const text = `no one is publishing to path '${name}'${why}`;
    return new MediaError('invalid-argument', 'not-publishing', text, { cause: cause ?? failure });
  }

  #onDemandGrant(name: string): PathGrant | undefined {
    try {
      const grant = this.#paths.grant(name, NOBODY);
      return grant.config.sourceOnDemand ? grant : undefined;
    } catch {
      return undefined;
    }
  }
}

function pathNotFound(name: string, cause?: unknown): MediaError {
  return new MediaError('not-found', 'path-not-found', `path '${name}' not found`, { cause });
}
