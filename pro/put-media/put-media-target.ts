// Forwards the stream of a path into a Kinesis video stream: kvs:// targets.
import type { Clock } from '../../core/base/clock.ts';
import type { Closable } from '../../core/base/lifetime.ts';
import type {
  ForwardContext,
  ForwardTarget,
  ForwardTargetFactory,
} from '../../core/path/forward-target.ts';
import { parseKvsForwardUrl, type KvsForwardUrl } from './kvs-forward-url.ts';
import type { OpenFragmentSource } from './open-fragment-source.ts';
import { Pace } from './pace.ts';
import type { PutMediaServices } from './put-media-service.ts';
import { PutMediaUploader } from './put-media-uploader.ts';
import type { UploadStats } from './upload-counters.ts';
import { DEFAULT_UPLOAD_LIMITS, type UploadLimits } from './upload-limits.ts';

/** What targets work with. */
export interface PutMediaForwardComponents {
  readonly clock: Clock;
  readonly services: PutMediaServices;
  /** Normally a FragmentSource that was started. */
  readonly openSource: OpenFragmentSource;
  /** 0..1; spreads retries. */
  readonly random: () => number;
}

/** An upload under way. */
export interface PutMediaItem {
  readonly pathName: string;
  readonly region: string;
  readonly stream: string;
  readonly stats: UploadStats;
}

interface RunningUpload {
  readonly pathName: string;
  readonly destination: KvsForwardUrl;
  readonly uploader: PutMediaUploader;
}

/** Of the service: 5 for each stream; one less for its own counting. */
const CONNECTS_PER_SECOND = 4;
const MAX_STREAMS = 1000;

/** Makes targets for kvs:// URLs, and knows those that run. */
export class PutMediaForwardFactory implements ForwardTargetFactory {
  readonly schemes = ['kvs'] as const;
  readonly #components: PutMediaForwardComponents;
  readonly #limits: UploadLimits;
  readonly #running = new Set<RunningUpload>();
  /** By region and name of the stream, in the order of use. */
  readonly #connects = new Map<string, Pace>();

  constructor(components: PutMediaForwardComponents, limits: Partial<UploadLimits> = {}) {
    this.#components = components;
    this.#limits = { ...DEFAULT_UPLOAD_LIMITS, ...limits };
  }

  create(): ForwardTarget {
    return { run: (context) => this.#run(context) };
  }

  /** Uploads that run now, in the order they began. */
  list(): readonly PutMediaItem[] {
    return [...this.#running].map(({ pathName, destination, uploader }) => ({
      ...{ pathName, region: destination.region, stream: destination.stream },
      stats: uploader.stats,
    }));
  }

  async #run(context: ForwardContext): Promise<void> {
    const { clock, services, random, openSource } = this.#components;
    const { logger, pathName, lease, signal } = context;
    const destination = parseKvsForwardUrl(context.url);
    const uploader = new PutMediaUploader(
      {
        ...{ clock, logger, random, connects: this.#connectsTo(destination) },
        service: services(destination.region, destination.endpoint),
      },
      {
        ...{ destination, limits: this.#limits },
        onForwarding: () => context.onForwarding(() => uploader.stats.sentBytes),
        onTrouble: (failure) => context.onTrouble?.(failure),
      },
    );
    const running = { pathName, destination, uploader };
    this.#running.add(running);
    const { audio } = destination;
    let source: Closable | undefined;
    try {
      source = openSource({
        ...{ pathName, stream: lease.stream, audio, listener: uploader, logger },
      });
      await uploader.run(signal);
    } finally {
      this.#running.delete(running);
      await source?.close();
    }
  }

  #connectsTo({ region, stream }: KvsForwardUrl): Pace {
    const key = `${region}/${stream}`;
    const pace = this.#connects.get(key) ?? new Pace(CONNECTS_PER_SECOND);
    this.#connects.delete(key);
    const [eldest] = this.#connects.keys();
    if (this.#connects.size >= MAX_STREAMS && eldest !== undefined) this.#connects.delete(eldest);
    this.#connects.set(key, pace);
    return pace;
  }
}
