// Forwards every path to the servers that its configuration names; follows reloads.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { ForwardTargetFactory } from '../path/forward-target.ts';
import type { PathManager, PathObserver } from '../path/path-manager.ts';
import type { Path } from '../path/path.ts';
import {
  Forwarder,
  schemeUnsupported,
  type ForwardDestination,
  type ForwardItem,
} from './forwarder.ts';

/** What the manager works with. */
export interface ForwardManagerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pathManager: Pick<PathManager, 'get' | 'list' | 'observe'>;
  readonly factories: readonly ForwardTargetFactory[];
  /** 0..1; spreads retries. */
  readonly random: () => number;
}

/** One forwarder for each target of each open path. */
export class ForwardManager implements PathObserver {
  readonly #components: ForwardManagerComponents;
  readonly #forwarders = new Map<string, readonly Forwarder[]>();
  /** Targets beside the configuration, by path. */
  readonly #added = new Map<string, readonly ForwardDestination[]>();
  readonly #stopping = new Set<Promise<void>>();
  #unobserve: (() => void) | undefined;
  #isClosed = false;

  constructor(components: ForwardManagerComponents) {
    this.#components = components;
  }

  /** Begins with the paths that are open; call it once. */
  start(): void {
    this.#unobserve = this.#components.pathManager.observe(this);
    for (const path of this.#components.pathManager.list()) this.#align(path);
  }

  /** Targets of a path in the order of its configuration. */
  list(pathName: string): readonly ForwardItem[] {
    return (this.#forwarders.get(pathName) ?? []).map((forwarder, pos) => forwarder.describe(pos));
  }

  /**
   * Sends a path to `dest` too, whatever its configuration says, until remove(). The same again
   * changes nothing.
   * @throws MediaError unsupported `forward-scheme-unsupported`.
   */
  add(pathName: string, dest: string): void {
    const protocol = protocolOf(dest);
    if (!this.#components.factories.some(({ schemes }) => schemes.includes(protocol))) {
      throw schemeUnsupported(protocol);
    }
    const added = this.#added.get(pathName) ?? [];
    if (added.some((each) => each.dest === dest)) return;
    const destination = { dest, destFingerprint: '', whipBearerToken: '' };
    this.#added.set(pathName, [...added, destination]);
    this.#alignNamed(pathName);
  }

  /** Ends what add() began; nothing happens when it did not. */
  remove(pathName: string, dest: string): void {
    const left = (this.#added.get(pathName) ?? []).filter((each) => each.dest !== dest);
    if (left.length === 0) this.#added.delete(pathName);
    else this.#added.set(pathName, left);
    this.#alignNamed(pathName);
  }

  onPathTransition(path: Path): void {
    this.#align(path);
    for (const forwarder of this.#forwarders.get(path.name) ?? []) forwarder.wake();
    // A path that nobody needs any more is forgotten soon after it told of its end.
    setImmediate(() => this.#dropClosed());
  }

  onPathsConfigured(): void {
    for (const path of this.#components.pathManager.list()) this.#align(path);
    this.#dropClosed();
  }

  /** Ends every run and waits for it. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unobserve?.();
    for (const name of [...this.#forwarders.keys()]) this.#drop(name);
    await Promise.all(this.#stopping);
  }

  #alignNamed(pathName: string): void {
    const path = this.#components.pathManager.get(pathName);
    if (path) this.#align(path);
  }

  /** Targets that stay the same go on, wherever they stand now. */
  #align(path: Path): void {
    if (this.#isClosed) return;
    const running = [...(this.#forwarders.get(path.name) ?? [])];
    const wanted = [...path.config.forward, ...(this.#added.get(path.name) ?? [])];
    const next = wanted.map((destination) => {
      const index = running.findIndex((each) => isSame(each.destination, destination));
      const [kept] = index < 0 ? [] : running.splice(index, 1);
      return kept ?? this.#create(path.name, destination);
    });
    for (const forwarder of running) this.#stop(forwarder);
    if (next.length === 0) this.#forwarders.delete(path.name);
    else this.#forwarders.set(path.name, next);
    for (const forwarder of next) forwarder.start();
  }

  #create(pathName: string, destination: ForwardDestination): Forwarder {
    const { clock, logger, random, factories, pathManager } = this.#components;
    const protocol = protocolOf(destination.dest);
    return new Forwarder(
      {
        ...{ clock, random, logger: logger.scope(`path ${pathName}`) },
        path: () => pathManager.get(pathName),
        factory: factories.find(({ schemes }) => schemes.includes(protocol)),
      },
      { pathName, destination, protocol },
    );
  }

  #dropClosed(): void {
    const { pathManager } = this.#components;
    for (const name of [...this.#forwarders.keys()]) if (!pathManager.get(name)) this.#drop(name);
  }

  #drop(name: string): void {
    const forwarders = this.#forwarders.get(name) ?? [];
    this.#forwarders.delete(name);
    for (const forwarder of forwarders) this.#stop(forwarder);
  }

  #stop(forwarder: Forwarder): void {
    const stopped = forwarder.stop().finally(() => this.#stopping.delete(stopped));
    this.#stopping.add(stopped);
  }
}

function isSame(a: ForwardDestination, b: ForwardDestination): boolean {
  return (
    a.dest === b.dest &&
    a.destFingerprint === b.destFingerprint &&
    a.whipBearerToken === b.whipBearerToken
  );
}

/** Its scheme, which the configuration was checked for. */
function protocolOf(dest: string): string {
  return dest.split(':', 1)[0]?.toLowerCase() ?? '';
}
