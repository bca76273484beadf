// Pushes the stream of a path to an RTSP server: rtsp:// and rtsps:// targets.
import type { Clock } from '../base/clock.ts';
import { toMediaError } from '../base/media-error.ts';
import type {
  ForwardContext,
  ForwardTarget,
  ForwardTargetFactory,
} from '../path/forward-target.ts';
import { ClientPublish } from './client-publish.ts';
import { parseSourceUrl, type SourceUrl } from './client-url.ts';

/** Limits, asked for each run. */
export interface RtspForwardOptions {
  /** Longest wait for an answer, in ms. */
  readonly readTimeoutMs: () => number;
  /** Longest age of what is queued for the server, in ms. */
  readonly writeTimeoutMs: () => number;
  /** 0..1; default Math.random. */
  readonly random?: () => number;
}

const PARAMETER_SET_TIMEOUT_MS = 3000;

/** Makes targets for rtsp:// and rtsps:// URLs. */
export class RtspForwardFactory implements ForwardTargetFactory {
  readonly schemes = ['rtsp', 'rtsps'] as const;
  readonly #clock: Clock;
  readonly #options: RtspForwardOptions;

  constructor(clock: Clock, options: RtspForwardOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  create(): ForwardTarget {
    return new RtspForward(this.#clock, this.#options);
  }
}

/** One target. TCP unless `rtspTransport` says UDP; the other one when the server refuses. */
class RtspForward implements ForwardTarget {
  readonly #clock: Clock;
  readonly #options: RtspForwardOptions;

  constructor(clock: Clock, options: RtspForwardOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  async run(context: ForwardContext): Promise<void> {
    const { stream } = context.lease;
    try {
      await stream.waitForParameterSets(PARAMETER_SET_TIMEOUT_MS, context.signal);
      await this.#push(context, parseSourceUrl(context.url));
    } catch (thrown) {
      if (!context.signal.aborted && !stream.closedReason) throw toMediaError(thrown);
    }
  }

  async #push(context: ForwardContext, url: SourceUrl): Promise<never> {
    const { rtspTransport } = context.config;
    const first = rtspTransport === 'udp' && url.scheme === 'rtsp' ? 'udp' : 'tcp';
    try {
      return await this.#publish(context, url, first);
    } catch (thrown) {
      const failure = toMediaError(thrown);
      const isRefused = failure.code === 'rtsp-transport-refused' && url.scheme === 'rtsp';
      if (!isRefused || context.signal.aborted) throw failure;
      context.logger.debug(`trying the other transport: ${failure.message}`);
      return this.#publish(context, url, first === 'tcp' ? 'udp' : 'tcp');
    }
  }

  #publish(context: ForwardContext, url: SourceUrl, transport: 'tcp' | 'udp'): Promise<never> {
    const { readTimeoutMs, writeTimeoutMs, random = Math.random } = this.#options;
    const session = new ClientPublish(
      { clock: this.#clock, context, random },
      { url, transport, readTimeoutMs: readTimeoutMs(), writeTimeoutMs: writeTimeoutMs() },
    );
    return session.run();
  }
}
