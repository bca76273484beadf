// ICE-lite for one session (RFC 8445 §2.5): which address media goes to, and which credentials count.
import { createIceCredentials, type IceCredentials } from './ice-credentials.ts';
import type { PeerAddress } from './peer-address.ts';

/** One remote address that showed a valid check. */
export interface IcePath {
  readonly address: PeerAddress;
  /** Monotonic time of the last packet of any kind. */
  lastReceivedMs: number;
  /** The last check carried USE-CANDIDATE. */
  isNominated: boolean;
}

/** Our credentials of one ICE generation with the peer's user name fragment that goes with them. */
export interface IceGeneration {
  readonly local: IceCredentials;
  /** Undefined accepts every fragment: the offer gave none. */
  readonly remoteUfrag: string | undefined;
}

/** What an agent knows from the offer, and its limits. */
export interface IceLiteAgentOptions {
  readonly remoteUfrag: string | undefined;
  /** The selected path counts as gone when nothing came over it for so long. */
  readonly pathSilenceMs: number;
  readonly maxPaths: number;
}

/** Holds no socket and no timer; every method gets the time. */
export class IceLiteAgent<Path extends IcePath = IcePath> {
  readonly #pathSilenceMs: number;
  readonly #maxPaths: number;
  readonly #paths: Path[] = [];
  #generation: IceGeneration;
  /** Stays valid after a restart until the first check on the new credentials. */
  #previous: IceGeneration | undefined;
  #selected: Path | undefined;

  constructor(options: IceLiteAgentOptions) {
    this.#pathSilenceMs = options.pathSilenceMs;
    this.#maxPaths = options.maxPaths;
    this.#generation = { local: createIceCredentials(), remoteUfrag: options.remoteUfrag };
  }

  get localCredentials(): IceCredentials {
    return this.#generation.local;
  }

  /** Where to send; undefined before the first valid check. */
  get selected(): Path | undefined {
    return this.#selected;
  }

  get paths(): readonly Path[] {
    return this.#paths;
  }

  /** User name fragments under which checks are accepted now. */
  get ufrags(): readonly string[] {
    const current = this.#generation.local.ufrag;
    return this.#previous === undefined ? [current] : [current, this.#previous.local.ufrag];
  }

  /** The generation that `localUfrag` belongs to. */
  generationOf(localUfrag: string): IceGeneration | undefined {
    if (localUfrag === this.#generation.local.ufrag) return this.#generation;
    return localUfrag === this.#previous?.local.ufrag ? this.#previous : undefined;
  }

  /**
   * ICE restart (RFC 8445 §9): new credentials. Of two restarts without a check in between, the
   * first one's credentials are dropped and those in use stay.
   */
  restart(remoteUfrag: string | undefined): IceCredentials {
    this.#previous ??= this.#generation;
    this.#generation = { local: createIceCredentials(), remoteUfrag };
    return this.#generation.local;
  }

  /** Adds a path; returns the one that had to go when there are too many. */
  addPath(path: Path): Path | undefined {
    const evicted = this.#paths.length >= this.#maxPaths ? this.#oldestIdlePath() : undefined;
    if (evicted !== undefined) this.removePath(evicted);
    this.#paths.push(path);
    return evicted;
  }

  /**
   * Forgets a path, e.g. when its TCP connection closed. If it was the selected one, the path heard
   * of last takes its place, and true is returned.
   */
  removePath(path: Path): boolean {
    const index = this.#paths.indexOf(path);
    if (index >= 0) this.#paths.splice(index, 1);
    if (this.#selected !== path) return false;
    this.#selected = this.#paths.reduce(laterOf, this.#paths[0]);
    return true;
  }

  /**
   * Takes a valid check on `path` and returns true when the selected path changed. A fresh
   * nomination wins at once; a path whose nomination is merely repeated does not take over from one
   * that is nominated and alive, so a peer that nominates aggressively does not make us flap. A
   * selected path that fell silent gives way to any valid check: the viewer moved.
   */
  acceptCheck(path: Path, check: IceCheck): boolean {
    if (check.generation === this.#generation) this.#confirmGeneration();
    const isFreshNomination = check.isNominating && !path.isNominated;
    path.isNominated = check.isNominating;
    path.lastReceivedMs = check.nowMs;
    const current = this.#selected;
    if (current === path) return false;
    const isBetter =
      current === undefined ||
      isFreshNomination ||
      (check.isNominating && !current.isNominated) ||
      this.#isGone(current, check.nowMs);
    if (isBetter) this.#selected = path;
    return isBetter;
  }

  #confirmGeneration(): void {
    if (this.#previous === undefined) return;
    this.#previous = undefined;
    // Nominations of the old generation say nothing about the new one.
    for (const path of this.#paths) path.isNominated = false;
  }

  #isGone(path: Path, nowMs: number): boolean {
    const isClosed = path.address.connection?.isClosed ?? false;
    return isClosed || nowMs - path.lastReceivedMs > this.#pathSilenceMs;
  }

  #oldestIdlePath(): Path | undefined {
    let oldest: Path | undefined;
    for (const path of this.#paths) {
      if (path === this.#selected) continue;
      if (oldest === undefined || path.lastReceivedMs < oldest.lastReceivedMs) oldest = path;
    }
    return oldest;
  }
}

function laterOf<Path extends IcePath>(one: Path | undefined, other: Path): Path {
  return one !== undefined && one.lastReceivedMs >= other.lastReceivedMs ? one : other;
}

/** An authenticated connectivity check. */
export interface IceCheck {
  readonly generation: IceGeneration;
  /** USE-CANDIDATE was present. */
  readonly isNominating: boolean;
  readonly nowMs: number;
}
