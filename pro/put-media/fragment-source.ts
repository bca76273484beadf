// A reader of a stream that makes fragments for Kinesis Video Streams: the media side of a forward.
import { systemClock, type Clock, type Timer } from '../../core/base/clock.ts';
import { silentLogger, type Logger } from '../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import { buildMatroskaTags } from '../../core/mux/matroska-tags.ts';
import { SampleMerger } from '../../core/record/sample-merger.ts';
import { seekInputs } from '../../core/record/seek-inputs.ts';
import { TrackAligner } from '../../core/record/track-aligner.ts';
import type { TrackInput } from '../../core/record/track-input.ts';
import type { Stream } from '../../core/stream/stream.ts';
import type { StreamReader } from '../../core/stream/stream-reader.ts';
import type { Track } from '../../core/stream/track.ts';
import type { FfmpegProvider } from '../ffmpeg/ffmpeg-program.ts';
import { AacInput, type AudioInput } from './audio-input.ts';
import { FragmentCutter, type FragmentCutterStats } from './fragment-cutter.ts';
import { chooseMedia, type ChosenAudio } from './fragment-tracks.ts';
import type { FragmentListener } from './media-fragment.ts';
import { TranscodedInput } from './transcoded-input.ts';

/** What a source works with. */
export interface FragmentSourceComponents {
  /** That of a read lease, which stays the caller's. */
  readonly stream: Stream;
  readonly listener: FragmentListener;
  readonly ffmpeg: FfmpegProvider;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** What is forwarded, and the bounds. */
export interface FragmentSourceOptions {
  readonly pathName: string;
  /** `aac`: sound that is no AAC is made into it by one ffmpeg. `none`: video alone. */
  readonly audio: 'aac' | 'none';
  /** Values by name that go with each fragment; at most 10. */
  readonly tags?: Readonly<Record<string, string>>;
  /** A source that can be asked is asked for a key frame when none came for so long. */
  readonly keyFrameIntervalMs?: number;
  /** How long the first header waits for the first sound. */
  readonly audioWaitMs?: number;
  /** Shortest fragment that the service takes. */
  readonly minFragmentMs?: number;
  /** Longest fragment; the service refuses more than 20 s. */
  readonly maxFragmentMs?: number;
  /** Largest fragment; the service refuses more than 50 MB. */
  readonly maxFragmentBytes?: number;
  /** A longer hole ends a fragment. */
  readonly maxGapMs?: number;
  /** How long to wait for the first key frame of a stream that is online. */
  readonly keyFrameTimeoutMs?: number;
}

/** What a source did; only `queueBytes` goes down. */
export interface FragmentSourceStats extends Readonly<FragmentCutterStats> {
  /** Pictures and sounds of which packets were missing or broken. */
  readonly damagedFrames: number;
  /** Bytes held: fragments that were handed out are the listener's. */
  readonly queueBytes: number;
}

const defaults = {
  keyFrameIntervalMs: 2000,
  audioWaitMs: 3000,
  minFragmentMs: 1000,
  maxFragmentMs: 19_500,
  maxFragmentBytes: 48_000_000,
  maxGapMs: 10_000,
  keyFrameTimeoutMs: 60_000,
};

const TICK_MS = 500;
/** Pictures that come no further are handed on without waiting for sound. */
const STALL_MS = 2000;
/** Sound that an encoder is still working on may lag by so much. */
const MAX_CATCH_UP_MS = 10_000;
/** Pictures that wait for sound in memory; beyond it they wait no longer. */
const MAX_QUEUE_BYTES = 16 << 20;

type State = 'new' | 'waiting' | 'running' | 'closed';

/**
 * - Fragments begin at key frames and last as long as the distance of key frames, at least 1 s.
 * - Another decoder configuration, and sound that begins or fails for good, make another header at
 *   the next key frame. Sound that stops or has holes is replaced by silence; so under a header with
 *   two tracks each fragment has both.
 * - Without pictures there are no fragments.
 */
export class FragmentSource implements StreamReader, AsyncDisposable {
  readonly #stream: Stream;
  readonly #listener: FragmentListener;
  readonly #clock: Clock;
  readonly #options: FragmentSourceOptions & typeof defaults;
  readonly #video: TrackInput;
  readonly #audio: AudioInput | undefined;
  readonly #aligner: TrackAligner;
  readonly #merger: SampleMerger;
  readonly #cutter: FragmentCutter;
  readonly #skipped: readonly { readonly kind: 'video' | 'audio'; readonly message: string }[];
  #state: State = 'new';
  #timer: Timer | undefined;
  /** Since when a first key frame is waited for. */
  #waitingMs = 0;
  #newestKeyFrame = -1;
  /** When the newest key frame came, or was asked for. */
  #keyFrameMs = 0;
  #closing: Promise<void> | undefined;

  /** @throws MediaError `unsupported` without H264 or H265, `invalid-argument` for tags out of bounds. */
  constructor(components: FragmentSourceComponents, options: FragmentSourceOptions) {
    const { stream, listener } = components;
    this.#stream = stream;
    this.#listener = listener;
    this.#clock = components.clock ?? systemClock;
    const logger = components.logger ?? silentLogger;
    this.#options = { ...defaults, ...options };
    const tags = buildMatroskaTags(options.tags ?? {});
    const { video, audio, skipped } = chooseMedia(stream.tracks, this.#options);
    this.#skipped = skipped;
    this.#video = video;
    this.#audio = audio && this.#audioInput({ ...components, clock: this.#clock, logger }, audio);
    this.#aligner = new TrackAligner(stream.clock, this.#sources, video);
    this.#cutter = new FragmentCutter(
      {
        clock: this.#clock,
        logger,
        aligner: this.#aligner,
        video,
        audio: this.#audio,
        onFragment: (fragment) => listener.fragment(fragment),
      },
      { ...this.#options, tags },
    );
    const inputs = this.#audio ? [video, this.#audio] : [video];
    this.#merger = new SampleMerger(
      { aligner: this.#aligner, handler: this.#cutter },
      { inputs, lead: video },
      { maxFirstWaitMs: this.#options.audioWaitMs, maxCatchUpMs: MAX_CATCH_UP_MS },
    );
  }

  get stats(): FragmentSourceStats {
    let damagedFrames = 0;
    let { queueBytes } = this.#cutter;
    for (const source of this.#sources) {
      damagedFrames += source.stats.damaged;
      queueBytes += source.queueBytes;
    }
    return { ...this.#cutter.stats, damagedFrames, queueBytes };
  }

  /** Begins to read, at a key frame of the past when the stream remembers one. Call it once. */
  start(): void {
    this.#stream.addReader(this);
    this.#state = 'waiting';
    this.#timer = this.#clock.every(TICK_MS, () => this.#guard(() => this.#onTick()));
    this.#waitingMs = this.#clock.monotonicMs();
    for (const { kind, message } of this.#skipped) this.#listener.skipped(kind, message);
    this.#audio?.start();
    this.#guard(() => this.#begin());
  }

  onPublish(track: Track): void {
    this.#guard(() => this.#take(track));
  }

  onStreamClosed(): void {
    if (this.#state === 'closed') return;
    this.#guard(() => this.#drainAll());
    this.#end(undefined);
  }

  /** Nothing is handed out any more; resolves when the encoder is gone. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #sources(): readonly TrackInput[] {
    return this.#audio ? [this.#video, this.#audio.source] : [this.#video];
  }

  #audioInput(
    components: { readonly clock: Clock; readonly logger: Logger; readonly ffmpeg: FfmpegProvider },
    chosen: ChosenAudio,
  ): AudioInput {
    if ('codec' in chosen) return new AacInput(chosen.input, chosen.codec);
    return new TranscodedInput(components, {
      source: chosen.input,
      feed: chosen.feed,
      onFrame: () => this.#guard(() => this.#drain()),
      onFailed: (reason) => this.#onAudioFailed(reason),
    });
  }

  #take(track: Track): void {
    if (track === this.#video.track) this.#noteKeyFrame();
    if (this.#state === 'waiting') {
      if (track === this.#video.track) this.#begin();
      return;
    }
    if (this.#state !== 'running') return;
    if (track === this.#video.track) this.#video.pull();
    else if (track === this.#audio?.source.track) this.#audio.pull();
    else return;
    this.#drain();
  }

  #drain(): void {
    if (this.#state !== 'running') return;
    const isTooMuch = this.#video.queueBytes > MAX_QUEUE_BYTES;
    this.#merger.drain(this.#clock.monotonicMs(), isTooMuch);
  }

  #begin(): void {
    const nowMs = this.#clock.monotonicMs();
    const tracks = { inputs: this.#sources, lead: this.#video };
    if (!seekInputs(tracks, { nowMs, untilMs: nowMs, from: 0 })) {
      if (this.#stream.isOnline) this.#stream.requestKeyFrame(this.#video.track);
      return;
    }
    this.#state = 'running';
    this.#cutter.takenMs = nowMs;
    this.#keyFrameMs = nowMs;
    this.#video.pull();
    this.#audio?.pull();
    this.#drain();
  }

  #noteKeyFrame(): void {
    const { newestKeyFrame } = this.#video.track.ring;
    if (newestKeyFrame === this.#newestKeyFrame) return;
    this.#newestKeyFrame = newestKeyFrame;
    this.#keyFrameMs = this.#clock.monotonicMs();
  }

  #onTick(): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#state === 'waiting') {
      this.#begin();
      this.#checkWaiting(nowMs);
      return;
    }
    const { keyFrameIntervalMs, maxGapMs } = this.#options;
    if (this.#stream.isOnline && nowMs - this.#keyFrameMs >= keyFrameIntervalMs) {
      this.#stream.requestKeyFrame(this.#video.track);
    }
    const silentMs = nowMs - this.#cutter.takenMs;
    this.#merger.drain(nowMs, silentMs >= Math.max(STALL_MS, this.#options.audioWaitMs));
    if (silentMs > maxGapMs) this.#cutter.close();
  }

  #checkWaiting(nowMs: number): void {
    if (this.#state !== 'waiting') return;
    if (!this.#stream.isOnline) this.#waitingMs = nowMs;
    const { keyFrameTimeoutMs, pathName } = this.#options;
    if (nowMs - this.#waitingMs < keyFrameTimeoutMs) return;
    const seconds = Math.round(keyFrameTimeoutMs / 1000);
    const message = `no key frame came within ${seconds} s; path '${pathName}'`;
    this.#end(new MediaError('deadline-exceeded', 'no-key-frame', message));
  }

  #onAudioFailed(reason: string): void {
    if (this.#state === 'closed') return;
    this.#listener.skipped('audio', `it can't be made into AAC: ${reason}`);
    this.#guard(() => {
      this.#merger.stopWaiting();
      this.#audio?.pull();
      this.#drain();
    });
  }

  #drainAll(): void {
    if (this.#state !== 'running') return;
    this.#video.pull();
    this.#audio?.pull();
    this.#merger.drain(this.#clock.monotonicMs(), true);
    this.#cutter.close();
  }

  /** What goes wrong here ends this source, not the stream's other readers. */
  #guard(action: () => void): void {
    if (this.#state === 'closed') return;
    try {
      action();
    } catch (thrown) {
      this.#end(toMediaError(thrown));
    }
  }

  #end(failure: MediaError | undefined): void {
    if (this.#state === 'closed') return;
    void this.close();
    this.#listener.ended(failure);
  }

  async #close(): Promise<void> {
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#stream.removeReader(this);
    await this.#audio?.[Symbol.asyncDispose]();
  }
}
