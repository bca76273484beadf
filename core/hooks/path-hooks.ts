// The hooks of paths: what the observers of the path manager tell becomes commands.
import type { Clock, Timer } from '../base/clock.ts';
import type { PathConfig } from '../config/config.ts';
import type { PathManager, PathObserver } from '../path/path-manager.ts';
import type {
  PathDemand,
  PathReader,
  PathReaderChange,
  PathTransition,
} from '../path/path-options.ts';
import type { Path } from '../path/path.ts';
import type { HookVariables } from './expand-arguments.ts';
import { encodeQuery, pathVariables } from './hook-environment.ts';
import type { HookLauncher } from './hook-launcher.ts';
import { StateHook, type StateCommands } from './state-hook.ts';

/** What path hooks work with. */
export interface PathHooksComponents {
  readonly clock: Clock;
  readonly launcher: HookLauncher;
  readonly pathManager: Pick<PathManager, 'groupsOf'>;
  /** Query of a session; empty when unknown. */
  readonly queryOf: (sessionId: string) => string;
  /** Port of RTSP as commands reach it; empty when it is off. */
  readonly rtspPort: () => string;
}

interface PathStates {
  readonly init: StateHook;
  readonly demand: StateHook;
  readonly available: StateHook;
  readonly online: StateHook;
  readonly readers: Map<PathReader, StateHook>;
  linger: Timer | undefined;
  /** Monotonic ms: when runOnDemand began, and when the stream went offline last. */
  demandedMs: number;
  offlineMs: number;
}

/** Readers of the server itself. */
const INTERNAL_READERS: ReadonlySet<string> = new Set(['recorder', 'snapshot', 'forward']);

/** Observe the path manager with it. */
export class PathHooks implements PathObserver {
  readonly #components: PathHooksComponents;
  readonly #paths = new Map<Path, PathStates>();

  constructor(components: PathHooksComponents) {
    this.#components = components;
  }

  onPathOpened(path: Path): void {
    const { launcher } = this.#components;
    const hook = (begin: string, end: string): StateHook => new StateHook(launcher, { begin, end });
    const states: PathStates = {
      init: hook('runOnInit', ''),
      demand: hook('runOnDemand', 'runOnUnDemand'),
      available: hook('runOnAvailable', 'runOnUnavailable'),
      online: hook('runOnOnline', 'runOnOffline'),
      readers: new Map(),
      linger: undefined,
      demandedMs: -Infinity,
      offlineMs: -Infinity,
    };
    this.#paths.set(path, states);
    states.init.begin(initOf(path.config), () => this.#variables(path));
  }

  onPathClosed(path: Path): void {
    const states = this.#paths.get(path);
    if (!states) return;
    this.#paths.delete(path);
    states.linger?.cancel();
    for (const hook of states.readers.values()) hook.end();
    for (const hook of [states.online, states.available, states.demand, states.init]) hook.end();
  }

  onPathTransition(path: Path, transition: PathTransition): void {
    const states = this.#paths.get(path);
    if (!states) return;
    if (transition === 'available') {
      states.available.begin(availableOf(path.config), () => this.#sourceVariables(path));
    } else if (transition === 'online') {
      states.online.begin(onlineOf(path.config), () => this.#sourceVariables(path));
    } else if (transition === 'offline') {
      states.offlineMs = this.#components.clock.monotonicMs();
      states.online.end();
    } else states.available.end();
  }

  onPathReader(path: Path, reader: PathReader, change: PathReaderChange): void {
    const states = this.#paths.get(path);
    if (!states || INTERNAL_READERS.has(reader.type)) return;
    if (change === 'removed') {
      states.readers.get(reader)?.end();
      states.readers.delete(reader);
      return;
    }
    const { config } = path;
    const hook = new StateHook(this.#components.launcher, {
      begin: 'runOnRead',
      end: 'runOnUnread',
    });
    states.readers.set(reader, hook);
    hook.begin(readOf(config), () => ({
      ...this.#variables(path),
      ...{ MTX_READER_TYPE: reader.type, MTX_READER_ID: reader.id },
      MTX_QUERY: encodeQuery(this.#components.queryOf(reader.id)),
    }));
  }

  onPathDemand(path: Path, { isWanted, query }: PathDemand): void {
    const states = this.#paths.get(path);
    if (!states) return;
    if (isWanted) {
      states.linger?.cancel();
      states.linger = undefined;
      if (path.config.source !== 'publisher' || path.config.runOnDemand === '') return;
      if (states.demand.isActive && !this.#isInVain(path, states)) return;
      states.demand.end();
      states.demandedMs = this.#components.clock.monotonicMs();
      states.demand.begin(demandOf(path.config), () => ({
        ...this.#variables(path),
        MTX_QUERY: encodeQuery(query),
      }));
    } else if (states.demand.isActive && !states.linger) {
      this.#release(path, states);
    }
  }

  /** Paths of the configuration changed: commands that are other ones now are replaced. */
  onPathsConfigured(): void {
    for (const [path, states] of this.#paths) {
      const { config } = path;
      states.init.reconfigure(initOf(config));
      states.available.reconfigure(availableOf(config));
      states.online.reconfigure(onlineOf(config));
      if (config.source === 'publisher' && config.runOnDemand !== '') {
        states.demand.reconfigure(demandOf(config));
      } else states.demand.end();
      for (const hook of states.readers.values()) hook.reconfigure(readOf(config));
    }
  }

  /**
   * The command had its time and brings no stream, or none any more. While viewers keep on coming
   * nobody would end it, so the next one begins it anew.
   */
  #isInVain(path: Path, { demand, demandedMs, offlineMs }: PathStates): boolean {
    if (path.stream?.isOnline === true) return false;
    const sinceMs = demand.isOver ? demandedMs : Math.max(demandedMs, offlineMs);
    const { runOnDemandStartTimeout } = path.config;
    return this.#components.clock.monotonicMs() - sinceMs >= runOnDemandStartTimeout;
  }

  /** A command that brought no stream ends at once, the others after their linger time. */
  #release(path: Path, states: PathStates): void {
    if (path.stream?.isOnline !== true) {
      states.demand.end();
      return;
    }
    const { runOnDemandCloseAfter } = path.config;
    states.linger = this.#components.clock.after(runOnDemandCloseAfter, () => {
      states.linger = undefined;
      states.demand.end();
    });
  }

  #variables({ name }: Path): HookVariables {
    const { pathManager, rtspPort } = this.#components;
    return pathVariables({ name, groups: pathManager.groupsOf(name), rtspPort: rtspPort() });
  }

  #sourceVariables(path: Path): HookVariables {
    const { type = '', id = '' } = path.origin ?? {};
    return {
      ...this.#variables(path),
      ...{ MTX_SOURCE_TYPE: type, MTX_SOURCE_ID: id },
      MTX_QUERY: encodeQuery(this.#components.queryOf(id)),
    };
  }
}

function initOf({ runOnInit, runOnInitRestart }: PathConfig): StateCommands {
  return { begin: runOnInit, isRestarted: runOnInitRestart, end: '' };
}

function demandOf(config: PathConfig): StateCommands {
  const { runOnDemand, runOnDemandRestart, runOnUnDemand } = config;
  return { begin: runOnDemand, isRestarted: runOnDemandRestart, end: runOnUnDemand };
}

function availableOf(config: PathConfig): StateCommands {
  const { runOnAvailable, runOnAvailableRestart, runOnUnavailable } = config;
  return { begin: runOnAvailable, isRestarted: runOnAvailableRestart, end: runOnUnavailable };
}

function onlineOf({ runOnOnline, runOnOnlineRestart, runOnOffline }: PathConfig): StateCommands {
  return { begin: runOnOnline, isRestarted: runOnOnlineRestart, end: runOnOffline };
}

function readOf({ runOnRead, runOnReadRestart, runOnUnread }: PathConfig): StateCommands {
  return { begin: runOnRead, isRestarted: runOnReadRestart, end: runOnUnread };
}
