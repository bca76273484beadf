// Pulls a path from an RTSP camera or server; chooses between UDP and TCP and remembers what worked.
import type { Clock } from '../base/clock.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { settleRun } from '../path/settle-run.ts';
import type { Source, SourceContext, SourceFactory } from '../path/source.ts';
import { ClientSession, type ClientLimits } from './client-session.ts';
import type { LowerTransport } from './client-setup.ts';
import { ClientTransportMemory } from './client-transport-memory.ts';
import { parseSourceUrl, placeOf, type SourceUrl } from './client-url.ts';

/** Limits and chance, with defaults. */
export interface RtspSourceOptions {
  /** Longest wait for an answer and longest silence of the camera; default 10 s. */
  readonly readTimeoutMs?: number;
  /** Receive buffer of each UDP socket; 0 leaves it to the system; default 4 MiB. */
  readonly udpReadBufferBytes?: number;
  /** 0..1; default Math.random. */
  readonly random?: () => number;
}

interface RtspSourceComponents {
  readonly clock: Clock;
  readonly random: () => number;
  readonly limits: ClientLimits;
  readonly memory: ClientTransportMemory;
}

const DEFAULT_READ_TIMEOUT_MS = 10_000;
const DEFAULT_UDP_BUFFER_BYTES = 4 * 1024 * 1024;
/** Failures of UDP that TCP may cure. */
const UDP_FAILURES: ReadonlySet<string> = new Set([
  'rtsp-transport-refused',
  'rtsp-udp-silent',
  'rtsp-udp-ports-taken',
]);
/** Failures after which TCP is no longer preferred; a camera that is away says nothing about it. */
const TCP_FAILURES: ReadonlySet<string> = new Set(['rtsp-transport-refused', 'rtsp-source-silent']);

/** Makes sources for rtsp:// and rtsps:// URLs. */
export class RtspSourceFactory implements SourceFactory {
  readonly schemes = ['rtsp', 'rtsps'] as const;
  readonly type = 'rtspSource';
  readonly #components: RtspSourceComponents;

  constructor(clock: Clock, options: RtspSourceOptions = {}) {
    this.#components = {
      clock,
      random: options.random ?? Math.random,
      // Read at every connection, so that whoever made the options may change them.
      limits: {
        get readTimeoutMs() {
          return options.readTimeoutMs ?? DEFAULT_READ_TIMEOUT_MS;
        },
        get udpReadBufferBytes() {
          return options.udpReadBufferBytes ?? DEFAULT_UDP_BUFFER_BYTES;
        },
      },
      memory: new ClientTransportMemory(),
    };
  }

  create(): Source {
    return new RtspSource(this.#components);
  }
}

/** A pulled RTSP stream. */
class RtspSource implements Source {
  readonly #components: RtspSourceComponents;

  constructor(components: RtspSourceComponents) {
    this.#components = components;
  }

  run(context: SourceContext): Promise<void> {
    return settleRun(this.#pull(context), context.signal);
  }

  async #pull(context: SourceContext): Promise<void> {
    const url = parseSourceUrl(context.url);
    const { rtspTransport } = context.config;
    if (rtspTransport === 'multicast') {
      throw new MediaError(
        'unsupported',
        'rtsp-multicast-unsupported',
        `${placeOf(url)}: rtspTransport multicast is not supported; use automatic, udp or tcp`,
      );
    }
    if (rtspTransport !== 'automatic') {
      await this.#runSession(context, { url, transport: rtspTransport, isAutomatic: false });
      return;
    }
    await this.#pullAutomatically(context, url);
  }

  async #pullAutomatically(context: SourceContext, url: SourceUrl): Promise<void> {
    const { memory } = this.#components;
    const first = url.scheme === 'rtsps' ? 'tcp' : (memory.get(url.requestUrl) ?? 'udp');
    try {
      await this.#runSession(context, { url, transport: first, isAutomatic: true });
    } catch (thrown) {
      const failure = toMediaError(thrown);
      if (first === 'tcp' || !UDP_FAILURES.has(failure.code) || context.signal.aborted)
        throw failure;
      context.logger.debug(`trying TCP: ${failure.message}`);
      await this.#runSession(context, { url, transport: 'tcp', isAutomatic: true });
    }
  }

  async #runSession(
    context: SourceContext,
    options: {
      readonly url: SourceUrl;
      readonly transport: LowerTransport;
      readonly isAutomatic: boolean;
    },
  ): Promise<void> {
    const { clock, random, limits, memory } = this.#components;
    const { requestUrl } = options.url;
    const session = new ClientSession({ clock, random, context }, { ...options, limits });
    try {
      await session.run();
    } catch (thrown) {
      const failure = toMediaError(thrown);
      if (session.hasMedia) memory.remember(requestUrl, session.transport);
      else if (TCP_FAILURES.has(failure.code)) memory.forget(requestUrl);
      throw failure;
    }
  }
}
