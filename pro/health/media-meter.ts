// Whether media still arrives on a path, seen from the counters of its stream.

/** What a check needs of an open path; Path of core/path has it. */
export interface MonitoredPath {
  readonly config: { readonly sourceOnDemand: boolean };
  readonly readers: { readonly size: number };
  /** Undefined while nobody but a slate writes the stream. */
  readonly onlineAt: number | undefined;
  readonly stream:
    | {
        readonly isOnline: boolean;
        readonly tracks: readonly { readonly stats: { readonly packetsReceived: number } }[];
      }
    | undefined;
}

/** Finds open paths; PathManager of core/path is one. */
export interface MonitoredPaths {
  get(name: string): MonitoredPath | undefined;
}

/** Compares a path with itself at the last call. */
export class MediaMeter {
  readonly #paths: MonitoredPaths;
  readonly #name: string;
  #lastPackets = 0;

  constructor(paths: MonitoredPaths, name: string) {
    this.#paths = paths;
    this.#name = name;
  }

  /** What is wrong with the media since the last call; undefined when nothing is. */
  problem(): string | undefined {
    const path = this.#paths.get(this.#name);
    // A source on demand sleeps while nobody watches.
    if (path?.config.sourceOnDemand && path.readers.size === 0) return undefined;
    if (!path?.stream?.isOnline || path.onlineAt === undefined) return 'no stream';
    let packets = 0;
    for (const track of path.stream.tracks) packets += track.stats.packetsReceived;
    // A new stream counts from zero, so any difference is life.
    const hasMoved = packets !== this.#lastPackets;
    this.#lastPackets = packets;
    return hasMoved ? undefined : 'no media since the last check';
  }
}
