// Gets the newest key frame of a stream: what its ring holds, or the next one, asked for.
import type { Clock, Timer } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';
import type { Codec } from '../../core/codec/codec.ts';
import type { Stream } from '../../core/stream/stream.ts';
import type { StreamReader } from '../../core/stream/stream-reader.ts';
import type { Track } from '../../core/stream/track.ts';
import { findNewestKeyFrame, type FoundKeyFrame } from './key-frame-scan.ts';
import { makeKeyFrame, type KeyFrame } from './key-frame.ts';

/** A whole key frame, ready to be decoded. */
export interface GrabbedFrame {
  /** Tells this key frame from any other one of any stream. */
  readonly id: string;
  /** Time since its first packet arrived, in ms. */
  readonly ageMs: number;
  readonly content:
    | { readonly type: 'keyFrame'; readonly keyFrame: KeyFrame }
    /** A frame of a Motion JPEG track, as a file. */
    | { readonly type: 'jpeg'; readonly jpeg: Uint8Array };
}

/** How long to wait for what. */
export interface GrabOptions {
  /** A key frame that is older is taken only when no newer one comes; 5 s by default. */
  readonly maxAgeMs?: number;
  /** Whether one older than `maxAgeMs` is better than none; true by default. */
  readonly acceptsOld?: boolean;
  /** Longest wait; 5 s by default. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

const DEFAULT_MAX_AGE_MS = 5000;
const DEFAULT_WAIT_MS = 5000;
/** The stream sends at most one request per second to its source anyway. */
const ASK_AGAIN_MS = 1000;
const PICTURE_CODECS: readonly Codec['name'][] = ['H264', 'H265', 'VP8', 'VP9', 'AV1', 'M-JPEG'];

/** Reads streams without being counted as their viewer. */
export class KeyFrameGrabber {
  readonly #clock: Clock;
  readonly #streamNumbers = new WeakMap<Stream, number>();
  #lastStreamNumber = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @throws MediaError `deadline-exceeded` `no-key-frame`; `unsupported`
   * `codec-without-pictures` for streams without video that can be decoded;
   * `failed-precondition` `key-frame-broken`; what the stream was closed with.
   */
  async grab(stream: Stream, options: GrabOptions = {}): Promise<GrabbedFrame> {
    const track = stream.tracks.find(({ codec }) => PICTURE_CODECS.includes(codec.name));
    if (!track) {
      throw new MediaError('unsupported', 'codec-without-pictures', 'the stream has no pictures');
    }
    const held = findNewestKeyFrame(track);
    const isFresh = held && this.#ageOf(held) <= (options.maxAgeMs ?? DEFAULT_MAX_AGE_MS);
    const found = isFresh ? held : await this.#waitForNext(stream, track, { ...options, held });
    return {
      id: `${this.#numberOf(stream)}/${track.index}/${found.sequence}`,
      ageMs: this.#ageOf(found),
      content: makeContent(track.codec, found),
    };
  }

  #ageOf(found: FoundKeyFrame): number {
    return this.#clock.monotonicMs() - found.arrivedMs;
  }

  #numberOf(stream: Stream): number {
    const known = this.#streamNumbers.get(stream);
    if (known !== undefined) return known;
    this.#streamNumbers.set(stream, ++this.#lastStreamNumber);
    return this.#lastStreamNumber;
  }

  async #waitForNext(
    stream: Stream,
    track: Track,
    options: GrabOptions & { readonly held: FoundKeyFrame | undefined },
  ): Promise<FoundKeyFrame> {
    const { held, signal } = options;
    if (signal?.aborted) throw canceled();
    const { promise, resolve, reject } = Promise.withResolvers<FoundKeyFrame>();
    const reader = new KeyFrameWait(track, held?.sequence ?? -1, { resolve, reject });
    stream.addReader(reader);
    const onAbort = (): void => reject(canceled());
    const timers: Timer[] = [
      this.#clock.every(ASK_AGAIN_MS, () => stream.requestKeyFrame(track)),
      this.#clock.after(options.waitMs ?? DEFAULT_WAIT_MS, () =>
        held && options.acceptsOld !== false ? resolve(held) : reject(noKeyFrame()),
      ),
    ];
    signal?.addEventListener('abort', onAbort, { once: true });
    stream.requestKeyFrame(track);
    try {
      return await promise;
    } finally {
      stream.removeReader(reader);
      signal?.removeEventListener('abort', onAbort);
      for (const timer of timers) timer.cancel();
    }
  }
}

interface Answer {
  readonly resolve: (found: FoundKeyFrame) => void;
  readonly reject: (failure: MediaError) => void;
}

/** Looks again whenever packets came, from the first one of a new key frame on. */
class KeyFrameWait implements StreamReader {
  readonly #track: Track;
  readonly #after: number;
  readonly #answer: Answer;
  #isDone = false;

  constructor(track: Track, after: number, answer: Answer) {
    this.#track = track;
    this.#after = after;
    this.#answer = answer;
  }

  onPublish(track: Track): void {
    if (this.#isDone || track !== this.#track || track.ring.newestKeyFrame <= this.#after) return;
    const found = findNewestKeyFrame(track);
    if (!found || found.sequence <= this.#after) return;
    this.#isDone = true;
    this.#answer.resolve(found);
  }

  onStreamClosed(reason: MediaError): void {
    this.#answer.reject(reason);
  }
}

function makeContent(codec: Codec, { units }: FoundKeyFrame): GrabbedFrame['content'] {
  const [jpeg] = units;
  if (codec.name === 'M-JPEG' && jpeg) return { type: 'jpeg', jpeg };
  return { type: 'keyFrame', keyFrame: makeKeyFrame(codec, units) };
}

function noKeyFrame(): MediaError {
  return new MediaError('deadline-exceeded', 'no-key-frame', 'no key frame');
}

function canceled(): MediaError {
  return new MediaError('canceled', 'grab-canceled', 'nobody waits for the key frame any more');
}
