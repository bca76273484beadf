// Watches a master of a Kinesis Video Streams signalling channel: kvs:// sources.
import type { Clock } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { settleRun } from '../../../core/path/settle-run.ts';
import type { Source, SourceContext, SourceFactory } from '../../../core/path/source.ts';
import { receivePulledStream } from '../../../core/webrtc/client/pulled-stream.ts';
import type { WebRtcClients } from '../../../core/webrtc/client/webrtc-clients.ts';
import type { KinesisChannels } from '../../aws/kinesis-channels.ts';
import { parseKvsUrl, type KvsSourceUrl } from './kvs-url.ts';
import { KvsViewer } from './kvs-viewer.ts';

/** What kvs:// sources work with. */
export interface KvsSourceComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Asked for each run: the server makes them later than its factories. */
  readonly clients: () => WebRtcClients;
  /** The control plane of a region, at its own address or another one. */
  readonly channels: (region: string, endpoint: string | undefined) => KinesisChannels;
  /** 0..1; default Math.random. */
  readonly random?: () => number;
}

/** Settings of kvs:// sources. */
export interface KvsSourceOptions {
  /** STUN URL; empty for none. Default: AWS's own, where the control plane is AWS's own. */
  readonly stun?: string;
  /** A run that waited so long for a master ends; the path begins another, or takes its next source. */
  readonly giveUpAfterMs?: number;
}

const SILENCE_TIMEOUT_MS = 10_000;
const GIVE_UP_AFTER_MS = 60_000;

/** Makes sources for kvs:// URLs. */
export class KvsSourceFactory implements SourceFactory {
  readonly schemes = ['kvs'] as const;
  readonly type = 'kvsSource';
  readonly #components: KvsSourceComponents;
  readonly #options: KvsSourceOptions;
  #newestId = 0;

  constructor(components: KvsSourceComponents, options: KvsSourceOptions = {}) {
    this.#components = components;
    this.#options = options;
  }

  create(): Source {
    return new KvsSource(this.#components, this.#options, () => this.#nextClientId());
  }

  /** `viewer-<unix time>`, but never twice: the service throws out whoever has the same. */
  #nextClientId(): string {
    const nowSeconds = Math.floor(this.#components.clock.nowMs() / 1000);
    this.#newestId = Math.max(nowSeconds, this.#newestId + 1);
    return `viewer-${this.#newestId}`;
  }
}

/** One path's view of a channel. */
class KvsSource implements Source {
  readonly #components: KvsSourceComponents;
  readonly #options: KvsSourceOptions;
  readonly #nextClientId: () => string;

  constructor(
    components: KvsSourceComponents,
    options: KvsSourceOptions,
    nextClientId: () => string,
  ) {
    this.#components = components;
    this.#options = options;
    this.#nextClientId = nextClientId;
  }

  run(context: SourceContext): Promise<void> {
    return settleRun(this.#watch(context), context.signal);
  }

  async #watch(context: SourceContext): Promise<void> {
    const url = parseKvsUrl(context.url);
    const clients = this.#components.clients();
    const viewer = this.#createViewer(context, url, clients);
    try {
      const { peer, answer } = await viewer.negotiate(context.signal);
      const place = `master of channel '${url.channel}' in ${url.region}`;
      const running = receivePulledStream({ clients, context }, { peer, answer, place });
      viewer.flushCandidates();
      await running;
    } finally {
      viewer.close();
    }
  }

  #createViewer(context: SourceContext, url: KvsSourceUrl, clients: WebRtcClients): KvsViewer {
    const { clock, random = Math.random } = this.#components;
    const { config, logger } = context;
    const channels = this.#components.channels(url.region, url.endpoint);
    return new KvsViewer(
      { clock, logger, random, clients, channels },
      {
        channel: url.channel,
        clientId: url.clientId ?? this.#nextClientId(),
        stun: this.#options.stun ?? channels.stunUrl,
        peer: {
          connectTimeoutMs: config.whepHandshakeTimeout,
          stunTimeoutMs: config.whepSTUNGatherTimeout,
          silenceTimeoutMs: SILENCE_TIMEOUT_MS,
        },
        giveUpAfterMs: this.#options.giveUpAfterMs ?? GIVE_UP_AFTER_MS,
        onWaiting: context.onWaiting,
      },
    );
  }
}
