// What pushes the stream of a path to another server, and how the composition root registers such pushers.
import type { Logger } from '../base/logger.ts';
import type { MediaError } from '../base/media-error.ts';
import type { PathConfig } from '../config/config.ts';
import type { ReadLease } from './path.ts';

/** What a target gets for one run. */
export interface ForwardContext {
  readonly pathName: string;
  readonly config: PathConfig;
  /** The `dest` value with variables filled in; may hold credentials: never log it. */
  readonly url: string;
  /** SHA-256 of the certificate in hex; empty trusts the certificate authorities. */
  readonly fingerprint: string;
  /** For WHIP; empty for none. */
  readonly bearerToken: string;
  readonly logger: Logger;
  /** What is read. The caller closes it after the run. */
  readonly lease: ReadLease;
  /** Aborted when the path is forwarded no longer. */
  readonly signal: AbortSignal;
  /** The other server takes the stream; `sentBytes` counts what it was sent in this run. */
  readonly onForwarding: (sentBytes: () => number) => void;
  /** Something went wrong that the run mends by itself; onForwarding() tells that it is over. */
  readonly onTrouble?: (failure: MediaError) => void;
}

/** A way to one server. One run is one connection; the forwarder repeats runs with back-off. */
export interface ForwardTarget {
  /**
   * Connects and sends until the signal aborts or the stream ends (resolves), or the connection
   * ends (rejects with a MediaError that names the reason).
   */
  run(context: ForwardContext): Promise<void>;
}

/** Makes targets for some URL schemes. */
export interface ForwardTargetFactory {
  /** URL schemes without colon, e.g. `whip`. */
  readonly schemes: readonly string[];
  create(): ForwardTarget;
}
