// A few long-lived decoders that make pictures of the key frames of any camera.
import type { Clock, Timer } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import type { FfmpegProvider } from '../ffmpeg/ffmpeg-program.ts';
import type { DecoderOutput } from './decoder-arguments.ts';
import {
  KeyFrameDecoder,
  type DecodeJob,
  type KeyFrameDecoderOptions,
  type Picture,
} from './key-frame-decoder.ts';
import type { KeyFrame, PictureSize } from './key-frame.ts';

/** What one decoder does for the pool; KeyFrameDecoder is one. */
export interface PooledDecoder {
  readonly codecName: KeyFrame['codecName'];
  readonly output: DecoderOutput;
  readonly isBusy: boolean;
  readonly hasFailed: boolean;
  readonly jobs: number;
  decode(job: DecodeJob): Promise<Picture>;
  close(): Promise<void>;
}

/** What the pool works with. */
export interface KeyFrameDecoderPoolComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ffmpeg: FfmpegProvider;
  /** KeyFrameDecoder unless a test gives its own. */
  readonly createDecoder?: (options: KeyFrameDecoderOptions) => PooledDecoder;
}

/** Bounds; every one has a default. */
export interface KeyFrameDecoderPoolOptions {
  /** Decoders at work at the same time, each on one core; 2 by default. */
  readonly maxBusy?: number;
  /** Processes alive, about 60 MB each; 4 by default. */
  readonly maxProcesses?: number;
  /** A decoder without work ends after this time; 30 s by default. */
  readonly idleMs?: number;
  /** A key frame that keeps a decoder longer ends it; 3 s by default. */
  readonly timeoutMs?: number;
  /** Requests that may wait; 256 by default. */
  readonly maxWaiting?: number;
  /** Pictures with more pixels are refused; 8192x4320 by default. */
  readonly maxPixels?: number;
  /** -20..19 as in nice(1); 5 by default: media goes first. */
  readonly niceness?: number;
}

/** What to decode. */
export interface DecodeRequest {
  readonly keyFrame: KeyFrame;
  /** Whose picture it is: no remainder of another owner's shows in it. */
  readonly owner: string;
  /** The picture is scaled to this size, each pixel an average; its own size when absent. */
  readonly scaledTo?: PictureSize;
  readonly signal?: AbortSignal;
}

interface Waiting {
  readonly request: DecodeRequest;
  readonly output: DecoderOutput;
  readonly resolve: (picture: Picture) => void;
  readonly reject: (failure: unknown) => void;
  readonly onAbort: () => void;
}

/** Restarted now and then, so that nothing a library loses adds up. */
const MAX_JOBS_PER_PROCESS = 50_000;
const DEFAULT_MAX_PIXELS = 8192 * 4320;

/** Decoders are kept by codec and size of their pictures, the longest unused one makes room. */
export class KeyFrameDecoderPool implements AsyncDisposable {
  readonly #components: KeyFrameDecoderPoolComponents;
  readonly #options: Required<KeyFrameDecoderPoolOptions>;
  readonly #queue: Waiting[] = [];
  /** Longest unused first. */
  #decoders: PooledDecoder[] = [];
  readonly #idleTimers = new Map<PooledDecoder, Timer>();
  readonly #closing = new Set<Promise<void>>();
  #busy = 0;
  #isClosed = false;

  constructor(components: KeyFrameDecoderPoolComponents, options: KeyFrameDecoderPoolOptions = {}) {
    this.#components = components;
    this.#options = {
      maxBusy: options.maxBusy ?? 2,
      maxProcesses: Math.max(options.maxProcesses ?? 4, options.maxBusy ?? 2),
      idleMs: options.idleMs ?? 30_000,
      timeoutMs: options.timeoutMs ?? 3000,
      maxWaiting: options.maxWaiting ?? 256,
      maxPixels: options.maxPixels ?? DEFAULT_MAX_PIXELS,
      niceness: options.niceness ?? 5,
    };
  }

  /** Processes alive now. */
  get processCount(): number {
    return this.#decoders.length;
  }

  /**
   * @throws MediaError `unavailable` `ffmpeg-missing`, `deadline-exceeded`
   * `key-frame-undecodable`, `resource-exhausted` `decoder-queue-full` or `picture-too-large`.
   */
  async decode(request: DecodeRequest): Promise<Picture> {
    if (this.#isClosed) throw poolClosed();
    const { keyFrame, scaledTo, signal } = request;
    const { maxPixels, maxWaiting } = this.#options;
    const { widthPixels, heightPixels } = keyFrame;
    if (widthPixels * heightPixels > maxPixels) {
      const text = `a picture of ${widthPixels}x${heightPixels} is too large to be decoded`;
      throw new MediaError('resource-exhausted', 'picture-too-large', text);
    }
    if (this.#queue.length >= maxWaiting) {
      const text = `${maxWaiting} pictures are waiting to be decoded`;
      throw new MediaError('resource-exhausted', 'decoder-queue-full', text);
    }
    if (signal?.aborted) throw canceled();
    const { promise, resolve, reject } = Promise.withResolvers<Picture>();
    const output = { ...(scaledTo ?? { widthPixels, heightPixels }), isSmall: Boolean(scaledTo) };
    const waiting: Waiting = {
      request,
      output,
      resolve,
      reject,
      onAbort: () => {
        const index = this.#queue.indexOf(waiting);
        if (index >= 0) this.#queue.splice(index, 1);
        reject(canceled());
      },
    };
    signal?.addEventListener('abort', waiting.onAbort, { once: true });
    this.#queue.push(waiting);
    this.#next();
    return promise;
  }

  /** Ends every process. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#queue.splice(0)) reject(poolClosed());
    for (const decoder of [...this.#decoders]) this.#discard(decoder);
    await Promise.all(this.#closing);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #next(): void {
    while (this.#busy < this.#options.maxBusy) {
      const waiting = this.#queue.shift();
      if (!waiting) return;
      this.#busy++;
      void this.#work(waiting).finally(() => {
        this.#busy--;
        waiting.request.signal?.removeEventListener('abort', waiting.onAbort);
        this.#next();
      });
    }
  }

  /** An abandoned request still finishes: the decoder is good for the next one then. */
  async #work({ request, output, resolve, reject }: Waiting): Promise<void> {
    try {
      const decoder = await this.#take(request.keyFrame, output);
      try {
        resolve(await decoder.decode({ keyFrame: request.keyFrame, owner: request.owner }));
      } finally {
        this.#release(decoder);
      }
    } catch (thrown) {
      reject(toMediaError(thrown));
    }
  }

  async #take({ codecName }: KeyFrame, output: DecoderOutput): Promise<PooledDecoder> {
    const { path } = await this.#components.ffmpeg.get();
    if (this.#isClosed) throw poolClosed();
    const fits = (decoder: PooledDecoder): boolean =>
      this.#isIdle(decoder) &&
      decoder.codecName === codecName &&
      decoder.output.isSmall === output.isSmall &&
      decoder.output.widthPixels === output.widthPixels &&
      decoder.output.heightPixels === output.heightPixels;
    const decoder = this.#decoders.findLast(fits) ?? this.#start(codecName, output, path);
    this.#idleTimers.get(decoder)?.cancel();
    this.#idleTimers.delete(decoder);
    return decoder;
  }

  #isIdle(decoder: PooledDecoder): boolean {
    return this.#idleTimers.has(decoder) && !decoder.isBusy && !decoder.hasFailed;
  }

  #start(codecName: KeyFrame['codecName'], output: DecoderOutput, program: string): PooledDecoder {
    const { clock, createDecoder } = this.#components;
    const { niceness, maxPixels, timeoutMs, maxProcesses } = this.#options;
    if (this.#decoders.length >= maxProcesses) {
      const oldest = this.#decoders.find((decoder) => this.#idleTimers.has(decoder));
      if (oldest) this.#discard(oldest);
    }
    const options = { codecName, output, program, niceness, maxPixels, timeoutMs };
    const decoder = createDecoder?.(options) ?? new KeyFrameDecoder(clock, options);
    this.#decoders.push(decoder);
    return decoder;
  }

  #release(decoder: PooledDecoder): void {
    if (decoder.hasFailed || this.#isClosed || decoder.jobs >= MAX_JOBS_PER_PROCESS) {
      this.#discard(decoder);
      return;
    }
    // The most recently used one stands last.
    this.#decoders = [...this.#decoders.filter((other) => other !== decoder), decoder];
    const timer = this.#components.clock.after(this.#options.idleMs, () => this.#discard(decoder));
    this.#idleTimers.set(decoder, timer);
  }

  #discard(decoder: PooledDecoder): void {
    this.#decoders = this.#decoders.filter((other) => other !== decoder);
    this.#idleTimers.get(decoder)?.cancel();
    this.#idleTimers.delete(decoder);
    const closed = decoder
      .close()
      .catch((thrown: unknown) => {
        this.#components.logger.warn(`a decoder did not close: ${toMediaError(thrown).message}`);
      })
      .finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }
}

function poolClosed(): MediaError {
  return new MediaError('unavailable', 'decoder-pool-closed', 'pictures are no longer decoded');
}

function canceled(): MediaError {
  return new MediaError('canceled', 'decode-canceled', 'nobody waits for the picture any more');
}
