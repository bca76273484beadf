// Streams by the names that clients use: the paths of this server, and what clients add while it runs.
import { createHash } from 'node:crypto';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import { redactUrls } from '../../../core/base/url-redaction.ts';
import type { PathManager } from '../../../core/path/path-manager.ts';
import { preferredUrl } from '../../../core/path/source-entries.ts';
import { readSource, type StreamSource } from './stream-source.ts';

/** Adds paths while the server runs. */
export interface PathRegistrar {
  /**
   * Makes a path that pulls `sourceUrl` while somebody reads it; one that it made before gets the
   * new URL.
   * @throws MediaError for a name or URL that can't be a path's, or a name that is taken; what was
   * there before stays then.
   */
  register(name: string, sourceUrl: string): void | Promise<void>;
  /** Takes it away again; nothing happens when it is gone. */
  unregister(name: string): void | Promise<void>;
}

/** What of the paths is used. */
export type DirectoryPaths = Pick<PathManager, 'get' | 'list' | 'grant'>;

/** A stream that exists. */
export interface StreamTarget {
  readonly name: string;
  readonly pathName: string;
  /** As they were given, with credentials. */
  readonly sources: readonly string[];
}

interface AddedStream {
  readonly sources: readonly string[];
  readonly pathName: string;
  /** What the path was registered with; undefined when it is a path of somebody else. */
  readonly url: string | undefined;
}

const MAX_NAME_CHARS = 2048;
const MAX_SOURCES = 16;
const PUBLISHER = 'publisher';
const PATH_NAME = /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/u;
const MAX_PATH_CHARS = 200;
/** In the configuration they stand for every name, or for no key at all. */
const RESERVED: ReadonlySet<string> = new Set(['all', 'all_others', '__proto__']);

/** Changes happen one after the other, in the order of the calls. */
export class StreamDirectory {
  readonly #paths: DirectoryPaths;
  readonly #registrar: PathRegistrar | undefined;
  readonly #schemes: readonly string[];
  readonly #maxStreams: number;
  readonly #added = new Map<string, AddedStream>();
  #last: Promise<void> = Promise.resolve();

  constructor(
    components: { readonly paths: DirectoryPaths; readonly registrar?: PathRegistrar | undefined },
    options: { readonly schemes: readonly string[]; readonly maxStreams: number },
  ) {
    this.#paths = components.paths;
    this.#registrar = components.registrar;
    this.#schemes = options.schemes;
    this.#maxStreams = options.maxStreams;
  }

  /** All streams by name; paths that clients have added appear under their own name only. */
  list(): readonly StreamTarget[] {
    const registered = new Set<string>();
    for (const { pathName, url } of this.#added.values()) {
      if (url !== undefined) registered.add(pathName);
    }
    const own = this.#paths.list().filter(({ name }) => !registered.has(name));
    const all = [
      ...own.map(({ name }) => name).filter((name) => !this.#added.has(name)),
      ...this.#added.keys(),
    ];
    return all.sort().flatMap((name) => this.find(name) ?? []);
  }

  find(name: string): StreamTarget | undefined {
    const added = this.#added.get(name);
    if (added) return { name, pathName: added.pathName, sources: added.sources };
    const source = this.#configuredSource(name);
    if (source === undefined) return undefined;
    return { name, pathName: name, sources: source === PUBLISHER ? [] : [source] };
  }

  /** @throws MediaError `go2rtc-stream-not-found`. */
  get(name: string): StreamTarget {
    const target = this.find(name);
    if (target) return target;
    throw new MediaError('not-found', 'go2rtc-stream-not-found', 'stream not found');
  }

  /**
   * The stream of this name; a source URL makes one, called `name` or as the URL.
   * @throws MediaError `go2rtc-stream-not-found`, or as put().
   */
  async getOrAdd(src: string, name = ''): Promise<StreamTarget> {
    const known = this.find(src);
    if (known || !src.includes('://')) return known ?? this.get(src);
    await this.put(name || src, [src]);
    return this.get(name || src);
  }

  /**
   * Makes a stream, or gives it other sources. With the sources that it has, however often it is
   * called and also with its credentials masked, nothing happens to it.
   * @throws MediaError `go2rtc-source-refused`, `go2rtc-name-refused`, or as PathRegistrar.register().
   */
  put(name: string, sources: readonly string[]): Promise<void> {
    return this.#inOrder(() => this.#put(name, sources));
  }

  /** Forgets an added stream. @throws MediaError `go2rtc-name-refused` for a path of the configuration. */
  remove(name: string): Promise<void> {
    return this.#inOrder(async () => {
      const added = this.#added.get(name);
      if (!added && this.#configuredSource(name) !== undefined) throw isConfigured(name);
      this.#added.delete(name);
      if (added) await this.#release(added);
    });
  }

  async #put(name: string, sources: readonly string[]): Promise<void> {
    checkName(name);
    if (sources.length > MAX_SOURCES) throw nameRefused(`more than ${MAX_SOURCES} sources`);
    const known = this.#added.get(name);
    if (known && isSame(sources, known.sources)) return;
    const read = sources.map((source) => readSource(source, this.#schemes));
    const url = read.find((source) => source.type === 'pull')?.url;
    if (known && url !== undefined && known.url === url) {
      this.#added.set(name, { ...known, sources });
      return;
    }
    const configured = known ? undefined : this.#configuredSource(name);
    if (configured !== undefined) {
      if (url === undefined || isSame([url], [configured])) return;
      throw isConfigured(name);
    }
    if (!known && this.#added.size >= this.#maxStreams) {
      throw nameRefused(`there are ${this.#maxStreams} already`);
    }
    if (url === undefined) await this.#alias(name, sources, read);
    else await this.#register(name, sources, url);
  }

  /** Another name for a stream that exists. */
  async #alias(
    name: string,
    sources: readonly string[],
    read: readonly StreamSource[],
  ): Promise<void> {
    const first = read.find((source) => source.type === 'own');
    const target = first && first.stream !== name ? this.find(first.stream) : undefined;
    if (!target) {
      const message = 'streams: source not supported';
      throw new MediaError('invalid-argument', 'go2rtc-source-refused', message);
    }
    const known = this.#added.get(name);
    this.#added.set(name, { sources, pathName: target.pathName, url: undefined });
    if (known) await this.#release(known);
  }

  async #register(name: string, sources: readonly string[], url: string): Promise<void> {
    if (!this.#registrar) throw nameRefused('this server takes none while it runs');
    const pathName = pathNameOf(name);
    try {
      // In place: with a source that is refused the stream stays as it was.
      await this.#registrar.register(pathName, url);
    } catch (thrown) {
      throw notRegistered(toMediaError(thrown));
    }
    this.#added.set(name, { sources, pathName, url });
  }

  async #release({ url, pathName }: AddedStream): Promise<void> {
    if (url !== undefined) await this.#registrar?.unregister(pathName);
  }

  /** A name that only a catch-all path would take, and that nobody uses, is not there. */
  #configuredSource(name: string): string | undefined {
    const open = this.#paths.get(name);
    if (open) return preferredUrl(open.config);
    try {
      const source = preferredUrl(this.#paths.grant(name, { user: '' }).config);
      return source === PUBLISHER ? undefined : source;
    } catch {
      return undefined;
    }
  }

  #inOrder(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

/** Names may hold anything that is seen; those that a path can't have get one made of their hash. */
function pathNameOf(name: string): string {
  if (PATH_NAME.test(name) && name.length <= MAX_PATH_CHARS && !RESERVED.has(name)) return name;
  return `go2rtc/${createHash('sha256').update(name).digest('hex').slice(0, 24)}`;
}

function checkName(name: string): void {
  if (name === '') throw nameRefused('the name is empty');
  if (name.length > MAX_NAME_CHARS) throw nameRefused(`the name has ${name.length} characters`);
  if (/\p{Cc}/u.test(name)) throw nameRefused('the name has control characters');
}

/** Clients that list streams see masked sources, and some send back what they saw. */
function isSame(given: readonly string[], known: readonly string[]): boolean {
  return (
    given.length === known.length &&
    given.every((source, index) => {
      const other = known[index] ?? '';
      return source === other || source === redactUrls(other);
    })
  );
}

/** For a client it is a source that does not work, whoever says so. */
function notRegistered(cause: MediaError): MediaError {
  if (cause.kind === 'internal') return cause;
  return new MediaError('invalid-argument', 'go2rtc-source-refused', cause.message, { cause });
}

function isConfigured(name: string): MediaError {
  return nameRefused(`'${name.slice(0, 80)}' is a path of the configuration`);
}

function nameRefused(why: string): MediaError {
  return new MediaError('invalid-argument', 'go2rtc-name-refused', `streams: ${why}`);
}
