// Streams that a client asked to be sent to another server: POST /api/streams?src=<stream>&dst=<URL>.
import type { Clock } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import type { PathManager } from '../../../core/path/path-manager.ts';
import { Preloads } from './preloads.ts';
import type { StreamTarget } from './stream-directory.ts';

/** Sends paths to other servers, again whenever that ends. */
export interface StreamForwards {
  /** The same again changes nothing. @throws MediaError when `dest` can't be served. */
  add(pathName: string, dest: string): void;
  /** Nothing happens when it is not there. */
  remove(pathName: string, dest: string): void;
}

/** What publications work with. */
export interface PublicationsComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly paths: Pick<PathManager, 'grant' | 'waitForStream' | 'read'>;
  /** Absent where nothing can be sent elsewhere. */
  readonly forwards?: StreamForwards | undefined;
}

interface Publication {
  readonly pathName: string;
  readonly dests: Set<string>;
}

const MAX_PUBLICATIONS = 100;
const MAX_CHARS = 2048;
// Passwords hold characters that no URL parser takes.
const DESTINATION =
  /^(?:rtsps?|whips?):\/\/(?:[^/\s]*@)?(?:\[[0-9a-f:.]{2,45}\]|[\w.-]{1,253})(?::\d{1,5})?(?:[/?]\S*)?$/iu;

/** By stream name; a stream is kept running while it is sent somewhere. */
export class Publications {
  readonly #forwards: StreamForwards | undefined;
  readonly #kept: Preloads;
  readonly #publications = new Map<string, Publication>();

  constructor(components: PublicationsComponents) {
    this.#forwards = components.forwards;
    this.#kept = new Preloads(components);
  }

  /**
   * Resolves when the stream is there; the other server may take it later.
   * @throws MediaError invalid-argument `go2rtc-destination-refused`, resource-exhausted
   * `go2rtc-publications-full`, or as Preloads.add().
   */
  async add(target: StreamTarget, dest: string, signal: AbortSignal): Promise<void> {
    const forwards = this.#forwards;
    if (!forwards || dest.length > MAX_CHARS || !DESTINATION.test(dest)) throw refused();
    const known = this.#publications.get(target.name);
    if (known?.dests.has(dest)) return;
    if (this.#count >= MAX_PUBLICATIONS) {
      const message = `streams: ${MAX_PUBLICATIONS} are sent elsewhere already`;
      throw new MediaError('resource-exhausted', 'go2rtc-publications-full', message);
    }
    if (!known) await this.#kept.add(target, '', signal);
    const { pathName } = target;
    forwards.add(pathName, dest);
    const publication = this.#publications.get(target.name) ?? { pathName, dests: new Set() };
    publication.dests.add(dest);
    this.#publications.set(target.name, publication);
  }

  /** Ends what a stream is sent to, or one of it; nothing happens when there is none. */
  remove(name: string, dest?: string): void {
    const publication = this.#publications.get(name);
    if (!publication) return;
    const { pathName, dests } = publication;
    for (const each of dest === undefined ? [...dests] : [dest]) {
      if (dests.delete(each)) this.#forwards?.remove(pathName, each);
    }
    if (dests.size > 0) return;
    this.#publications.delete(name);
    this.#kept.forget(name);
  }

  /** Idempotent. */
  close(): void {
    for (const name of [...this.#publications.keys()]) this.remove(name);
    this.#kept.close();
  }

  get #count(): number {
    return [...this.#publications.values()].reduce((sum, { dests }) => sum + dests.size, 0);
  }
}

function refused(): MediaError {
  const message =
    'streams: dst is no stream to send to: a stream (src) can be sent to an rtsp://, rtsps://, ' +
    'whip:// or whips:// URL';
  return new MediaError('invalid-argument', 'go2rtc-destination-refused', message);
}
