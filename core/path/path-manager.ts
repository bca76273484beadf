// Names to paths: who may use which, get or create, list.
import type { AccessRequest, Authorizer, Principal } from '../auth/access-request.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { Config, PathConfig } from '../config/config.ts';
import type { ConfigRegistry } from '../config/config-registry.ts';
import { changedPathKeys, diffPaths, type PathsDiff } from '../config/diff-config.ts';
import { sourcesOf } from '../config/source-list.ts';
import type { PathMatch } from '../config/path-match.ts';
import { fillGroups, type RedirectTarget } from '../config/redirect-target.ts';
import type { YmlSection } from '../config/encode-config.ts';
import type { Stream } from '../stream/stream.ts';
import type {
  CreateSource,
  PathDemand,
  PathReader,
  PathReaderChange,
  PathTransition,
} from './path-options.ts';
import { PathSource } from './path-source.ts';
import { pathChanged, pathRemoved } from './path-failures.ts';
import { PathTable } from './path-table.ts';
import { pathRedirects, resolveRedirect } from './redirect-source.ts';
import { needsNewPublisher, needsNewSource } from './restart-keys.ts';
import { Path, type PublishLease, type PublishOptions, type ReadLease } from './path.ts';
import type { CreateSlate } from './slate.ts';
import { sourceEntries } from './source-entries.ts';
import type { SourceEntry } from './source-run.ts';
import type { SourceFactory } from './source.ts';

/** What the manager works with. */
export interface PathManagerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly authorizer: Authorizer;
  readonly sourceFactories: readonly SourceFactory[];
  /** 0..1; spreads retries. */
  readonly random: () => number;
  /** For paths with `alwaysAvailable`. */
  readonly createSlate?: CreateSlate;
  /** Keys of outer layers, for paths that are added at run time. */
  readonly registry?: ConfigRegistry | undefined;
}

/** Values of a path that is added at run time, in yml form; the others come from `pathDefaults`. */
export type RegisteredPathValues = YmlSection & { readonly source: string };

/** The proof that a client may do what it asked on a path. */
export interface PathGrant {
  readonly pathName: string;
  readonly principal: Principal;
  /** Of the request, for hooks. */
  readonly query: string;
  /** The path's configuration at the time of asking. */
  readonly config: PathConfig;
}

/** The value of `source` for paths that are published to. */
const PUBLISHER = 'publisher';

/**
 * Told of what happens to any path, after it happened, synchronously and in order. A throw is
 * logged and stops nobody else. Work that may take time belongs into a later turn.
 */
export interface PathObserver {
  onPathTransition?(path: Path, transition: PathTransition): void;
  onPathOpened?(path: Path): void;
  /** The path is gone; its source may still be ending. */
  onPathClosed?(path: Path): void;
  onPathReader?(path: Path, reader: PathReader, change: PathReaderChange): void;
  /** Told again and again while nothing changes. */
  onPathDemand?(path: Path, demand: PathDemand): void;
  /** Entries of `paths`, or of those added at run time, came, went or got other values. */
  onPathsConfigured?(changes: PathsDiff): void;
}

/** All paths of the server. */
export class PathManager {
  readonly #components: PathManagerComponents;
  readonly #paths = new Map<string, Path>();
  readonly #observers = new Set<PathObserver>();
  readonly #table: PathTable;
  #isStarted = false;
  #isClosed = false;

  constructor(components: PathManagerComponents, config: Config) {
    this.#components = components;
    this.#table = new PathTable(components, config);
  }

  /** Opens every path that the configuration names and starts its source. */
  start(): void {
    this.#isStarted = true;
    for (const name of this.#table.exactNames) this.#open(name);
  }

  /**
   * Puts another configuration in place and does the least for it: paths whose entry is the same
   * notice nothing; removed ones close; of changed ones the source connects anew when it must, and
   * readers stay. Never throws: a path that can't be opened is logged.
   */
  reconfigure(config: Config): void {
    this.#change(() => this.#table.replaceConfig(config));
  }

  /**
   * Adds a path that the configuration doesn't name, or gives other values to one added before.
   * It stays through reloads of the file, which may come to hide it.
   * @throws MediaError `already-exists` when the configuration names the path, `invalid-argument`
   * for a name or values that the loader would refuse.
   */
  registerPath(name: string, values: RegisteredPathValues): void {
    this.#change(() => this.#table.register(name, values));
  }

  /** Takes back registerPath(); a regular expression may take the path over. False when it wasn't added. */
  unregisterPath(name: string): boolean {
    if (!this.#table.isRegistered(name)) return this.#table.unregister(name);
    this.#change(() => this.#table.unregister(name));
    return true;
  }

  /**
   * Makes sure that a path pulls this source; does nothing when it does already.
   * @throws MediaError `invalid-argument` for a name or URL that can't be a path's, and for a
   * path of the configuration with another source.
   */
  ensure(pathName: string, sourceUrl: string): void {
    const found = this.#table.find(pathName);
    const isSame = found && sourcesOf(found.config).join() === sourceUrl;
    if (found?.confName === pathName && isSame) return;
    if (found?.confName === pathName && !this.#table.isRegistered(pathName)) {
      throw new MediaError(
        'invalid-argument',
        'path-has-other-source',
        `path '${pathName}' is configured with another source`,
      );
    }
    this.registerPath(pathName, { source: sourceUrl });
  }

  /**
   * Checks credentials first, then whether the path is configured.
   * @throws MediaError `unauthenticated`, `permission-denied`, or `invalid-argument` for a path that isn't configured.
   */
  async authorize(access: AccessRequest, signal?: AbortSignal): Promise<PathGrant> {
    const principal = await this.#components.authorizer.authorize(access, signal);
    return this.grant(access.path, principal, access.query);
  }

  /**
   * The grant of somebody whose credentials were checked elsewhere.
   * @throws MediaError `invalid-argument` for a path that isn't configured.
   */
  grant(pathName: string, principal: Principal, query = ''): PathGrant {
    const found = this.#table.find(pathName);
    if (!found) throw notConfigured(pathName);
    return { pathName, principal, query, config: found.config };
  }

  /** Groups of the regular expression that takes a name; the first is the whole name. */
  groupsOf(pathName: string): readonly string[] {
    return this.#table.find(pathName)?.groups ?? [];
  }

  /** @throws MediaError as Path.publish. */
  publish(grant: PathGrant, options: PublishOptions): PublishLease {
    return this.#getOrCreate(grant.pathName).publish(options);
  }

  /**
   * Where the readers of a path are to go (`source: redirect`); undefined when they are served here.
   * @throws MediaError `failed-precondition` when it leads in a circle or to what is no path name.
   */
  redirectOf({ pathName }: Pick<PathGrant, 'pathName'>): RedirectTarget | undefined {
    return resolveRedirect((name) => this.#table.find(name), pathName);
  }

  /**
   * Waits for the stream of a path.
   * @throws MediaError as Path.waitForStream, `failed-precondition` when the path is a redirect.
   */
  async waitForStream(grant: PathGrant, signal?: AbortSignal): Promise<Stream> {
    this.#refuseRedirect(grant);
    return await this.#getOrCreate(grant.pathName).waitForStream(signal, grant.query);
  }

  /** @throws MediaError as Path.read, `failed-precondition` when the path is a redirect. */
  read(grant: PathGrant, reader: PathReader): ReadLease {
    this.#refuseRedirect(grant);
    return this.#getOrCreate(grant.pathName).read(reader);
  }

  /** Returns what ends the observation. */
  observe(observer: PathObserver): () => void {
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  }

  /** Open paths by name: those configured with a name, and those somebody uses. */
  list(): readonly Path[] {
    return [...this.#paths.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(name: string): Path | undefined {
    return this.#paths.get(name);
  }

  /** Closes every path and waits for their sources. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const reason = new MediaError('unavailable', 'server-stopping', 'the server is stopping');
    const paths = [...this.#paths.values()];
    this.#paths.clear();
    await Promise.all(paths.map((path) => this.#close(path, reason)));
  }

  #refuseRedirect(grant: PathGrant): void {
    const target = this.redirectOf(grant);
    if (target) throw pathRedirects(grant.pathName, target);
  }

  /** Changes the table and brings every open path in line with it. */
  #change(action: () => void): void {
    const before = this.#table.paths;
    action();
    const changes = diffPaths(before, this.#table.paths);
    if (!this.#isStarted || this.#isClosed) return;
    for (const path of [...this.#paths.values()]) this.#align(path);
    for (const name of this.#table.exactNames) if (!this.#paths.has(name)) this.#open(name);
    const { addedPaths, removedPaths, changedPaths } = changes;
    if (addedPaths.length + removedPaths.length + changedPaths.size === 0) return;
    this.#notify('paths configured', (observer) => observer.onPathsConfigured?.(changes));
  }

  /** Gives an open path the entry that its name belongs to now. */
  #align(path: Path): void {
    const found = this.#table.find(path.name);
    if (!found) {
      this.#end(path, pathRemoved(path.name));
      return;
    }
    const { confName, config } = found;
    const keys = changedPathKeys(path.config, config);
    const urls = sourceUrls(found);
    const isSourceNew =
      urls.length === 0 || path.sourceUrls.length === 0
        ? urls.length !== path.sourceUrls.length
        : needsNewSource(keys) || !path.canKeepSource(urls);
    const isListNew = urls.join(' ') !== path.sourceUrls.join(' ');
    if (confName === path.confName && keys.size === 0 && !isSourceNew && !isListNew) return;
    try {
      const sources = this.#sourceEntries(found);
      const createSource = isSourceNew ? this.#sourceCreator(path.name, found) : undefined;
      if (needsNewPublisher(keys)) path.dropPublisher(pathChanged(path.name, 'publish again'));
      path.reconfigure({ confName, config, createSource, sources });
    } catch (thrown) {
      this.#end(path, toMediaError(thrown));
      this.#logNotOpen(path.name, thrown);
    }
  }

  #end(path: Path, reason: MediaError): void {
    if (this.#paths.get(path.name) === path) this.#paths.delete(path.name);
    this.#components.logger.info(`path '${path.name}' is closed: ${reason.message}`);
    this.#close(path, reason).catch((thrown: unknown) => {
      this.#components.logger.error(`path '${path.name}': ${toMediaError(thrown).message}`);
    });
  }

  /** Opens a configured path; one that can't be opened is told and left out, the others still work. */
  #open(name: string): void {
    try {
      this.#getOrCreate(name);
    } catch (thrown) {
      this.#logNotOpen(name, thrown);
    }
  }

  #logNotOpen(name: string, thrown: unknown): void {
    this.#components.logger.error(`path '${name}' is not open: ${toMediaError(thrown).message}`);
  }

  #getOrCreate(name: string): Path {
    if (this.#isClosed) {
      throw new MediaError('unavailable', 'server-stopping', 'the server is stopping');
    }
    const known = this.#paths.get(name);
    if (known) return known;
    const found = this.#table.find(name);
    if (!found) throw notConfigured(name);
    const logger = this.#components.logger.scope(`path ${name}`);
    const { clock } = this.#components;
    const source = this.#sourceCreator(name, found)(undefined);
    const { config, confName } = found;
    const path = new Path(
      { clock, logger, config, ...(source ? { source } : {}) },
      {
        ...{ name, confName, createSlate: this.#components.createSlate },
        onTransition: (transition) => this.#tell(path, transition),
        onReader: (reader, change) =>
          this.#notify(`path '${name}'`, (each) => each.onPathReader?.(path, reader, change)),
        onDemand: (demand) =>
          this.#notify(`path '${name}'`, (each) => each.onPathDemand?.(path, demand)),
        // Later: a stream that gives way to one with other tracks leaves the path idle for a moment.
        onIdle: () => {
          if (path.confName !== name) queueMicrotask(() => this.#forget(name));
        },
      },
    );
    this.#paths.set(name, path);
    this.#notify(`path '${name}'`, (each) => each.onPathOpened?.(path));
    path.start();
    return path;
  }

  /** @throws MediaError as sourceEntries. */
  #sourceCreator(name: string, found: PathMatch): CreateSource {
    const entries = this.#sourceEntries(found);
    if (entries.length === 0) return () => undefined;
    const { config } = found;
    const { clock, random } = this.#components;
    const logger = this.#components.logger.scope(`path ${name}`);
    return (after) => new PathSource({ clock, logger, random }, { config, entries, after });
  }

  /**
   * The sources of an entry that somebody here can pull; empty when it waits for publishers.
   * @throws MediaError `unsupported` when it has sources, and none can be pulled.
   */
  #sourceEntries(found: PathMatch): readonly SourceEntry[] {
    return sourceEntries(sourceUrls(found), this.#components.sourceFactories);
  }

  #close(path: Path, reason: MediaError): Promise<void> {
    const closed = path.close(reason);
    this.#notify(`path '${path.name}'`, (each) => each.onPathClosed?.(path));
    return closed;
  }

  #tell(path: Path, transition: PathTransition): void {
    this.#notify(`path '${path.name}', ${transition}`, (observer) =>
      observer.onPathTransition?.(path, transition),
    );
  }

  #notify(what: string, tell: (observer: PathObserver) => void): void {
    for (const observer of [...this.#observers]) {
      try {
        tell(observer);
      } catch (thrown) {
        this.#components.logger.error(`${what}: ${toMediaError(thrown).message}`);
      }
    }
  }

  /** A dynamic path that nobody uses any more disappears. */
  #forget(name: string): void {
    const path = this.#paths.get(name);
    if (!path?.isIdle) return;
    this.#paths.delete(name);
    void this.#close(path, new MediaError('unavailable', 'path-idle', `path '${name}' is idle`));
  }
}

/**
 * URLs of the sources that an entry asks for, groups filled in; empty when it waits for publishers.
 * Groups can make one URL of two.
 */
function sourceUrls({ config, groups }: PathMatch): readonly string[] {
  if (config.source === PUBLISHER) return [];
  return [...new Set(sourcesOf(config).map((source) => fillGroups(source, groups)))];
}

function notConfigured(name: string): MediaError {
  return new MediaError(
    'invalid-argument',
    'path-not-configured',
    `path '${name}' is not configured`,
  );
}
