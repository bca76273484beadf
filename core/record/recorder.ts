// A reader of a stream that writes files: from the last key frame on, in parts of a second, until it is told to stop.
import { delay, systemClock, type Clock, type Timer } from '../base/clock.ts';
import { silentLogger, type Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import type { StreamReader } from '../stream/stream-reader.ts';
import type { Stream } from '../stream/stream.ts';
import type { Track } from '../stream/track.ts';
import { chooseTracks, type SkippedTrack } from './recorded-tracks.ts';
import {
  recorderDefaults,
  type CompleteRecorderOptions,
  type RecorderOptions,
} from './recorder-options.ts';
import type { RecordEndReason, RecordingsIndex } from './recordings-index.ts';
import { SampleMerger } from './sample-merger.ts';
import { seekInputs } from './seek-inputs.ts';
import { SegmentCutter } from './segment-cutter.ts';
import { systemDisk, type SegmentDisk } from './segment-disk.ts';
import { SegmentSequence } from './segment-sequence.ts';
import { TrackAligner } from './track-aligner.ts';
import type { TrackInput } from './track-input.ts';

/** Told of everything a recorder does. Must not throw or take long. */
export interface RecorderListener extends RecordingsIndex {
  /** A track that is not recorded, and why. */
  skipped(track: SkippedTrack): void;
  /** The disk failed; the recorder tries again by itself. */
  failed(failure: MediaError): void;
  /** Nothing more will come: the stream ended, or no key frame came. Every file is closed. */
  ended(reason: RecordEndReason, failure?: MediaError): void;
}

/** What a recorder works with. */
export interface RecorderComponents {
  readonly stream: Stream;
  readonly listener: RecorderListener;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly disk?: SegmentDisk;
}

/** What a recorder did; only `queueBytes` goes down. */
export interface RecorderStats {
  readonly frames: number;
  readonly bytes: number;
  /** Pictures and sounds left out: the disk was too slow, or no file could begin yet. */
  readonly droppedFrames: number;
  /** Pictures and sounds of which packets were missing or broken. */
  readonly damagedFrames: number;
  readonly queueBytes: number;
  readonly files: number;
}

type State = 'waiting' | 'running' | 'suspended' | 'closed';

const TICK_MS = 1000;

/**
 * Rules for what a stream may do:
 * - A hole of up to `maxGapMs` stays in the file as time that passes; a longer one, or timestamps
 *   that step back, end the file, and the next key frame begins another.
 * - Damaged access units are left out and counted; those that follow are kept, as viewers see them.
 * - Another decoder configuration, and a set clock of the machine, begin another file without loss.
 *
 * `onPublish` copies samples out of the ring and never waits; the disk is written to in the background.
 */
export class Recorder implements StreamReader, AsyncDisposable {
  readonly #stream: Stream;
  readonly #listener: RecorderListener;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #options: CompleteRecorderOptions;
  readonly #inputs: readonly TrackInput[];
  readonly #lead: TrackInput;
  readonly #aligner: TrackAligner;
  readonly #merger: SampleMerger;
  readonly #cutter: SegmentCutter;
  readonly #segments: SegmentSequence;
  #state: State = 'waiting';
  #timer: Timer | undefined;
  /** Since when a key frame is waited for. */
  #waitingMs = 0;
  #retryAtMs = 0;
  /** Packets of the leading track before it were recorded already. */
  #resumeFrom = 0;
  #closing: Promise<void> | undefined;

  /** @throws MediaError `unsupported` when the format can hold none of the tracks. */
  constructor(components: RecorderComponents, options: RecorderOptions) {
    const { stream, listener } = components;
    const clock = components.clock ?? systemClock;
    const logger = components.logger ?? silentLogger;
    this.#stream = stream;
    this.#listener = listener;
    this.#clock = clock;
    this.#logger = logger;
    this.#options = { ...recorderDefaults, ...options };
    const { inputs, lead, skipped } = chooseTracks(stream.tracks, options.format, this.#options);
    for (const track of skipped) this.#tellSkipped(track);
    this.#inputs = inputs;
    this.#lead = lead;
    const aligner = new TrackAligner(stream.clock, inputs, lead);
    this.#aligner = aligner;
    const disk = components.disk ?? systemDisk;
    const onFailed = (failure: MediaError): void => this.#suspend(failure);
    const segments = new SegmentSequence(
      { clock, logger, disk, listener },
      { ...this.#options, expectedDurationMs: expectedDurationOf(options), onFailed },
    );
    this.#segments = segments;
    this.#cutter = new SegmentCutter(
      { clock, aligner, segments, inputs, lead, onRefused: onFailed },
      this.#options,
    );
    this.#merger = new SampleMerger({ aligner, handler: this.#cutter }, { inputs, lead });
  }

  get stats(): RecorderStats {
    let damagedFrames = 0;
    for (const input of this.#inputs) damagedFrames += input.stats.damaged;
    const { frames, bytes, dropped } = this.#cutter.stats;
    const { queueBytes } = this.#cutter;
    const files = this.#segments.count;
    return { frames, bytes, droppedFrames: dropped, damagedFrames, queueBytes, files };
  }

  /** Begins to read, at a key frame of the past when the stream remembers one. Call it once. */
  start(): void {
    this.#stream.addReader(this);
    this.#timer = this.#clock.every(TICK_MS, () => this.#onTick());
    this.#waitingMs = this.#clock.monotonicMs();
    this.#begin();
  }

  onPublish(track: Track): void {
    if (this.#state === 'running') this.#take(track);
    else if (this.#state === 'waiting' && track === this.#lead.track) this.#begin();
  }

  onStreamClosed(reason: MediaError): void {
    const isStopping = reason.code === 'server-stopping';
    this.#end(isStopping ? 'serverStopped' : 'streamLost');
  }

  /**
   * Writes what there is and closes the file. Resolves when it is complete, at the latest after
   * `closeTimeoutMs`; idempotent.
   */
  close(reason: RecordEndReason = 'stopped'): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(track: Track): void {
    for (const input of this.#inputs) {
      if (input.track !== track) continue;
      input.pull();
      this.#merger.drain(this.#clock.monotonicMs(), false);
      return;
    }
  }

  /** Puts every track where the recording begins, if there is such a place. */
  #begin(): void {
    const nowMs = this.#clock.monotonicMs();
    const { preRollMs } = this.#options;
    const inputs = { inputs: this.#inputs, lead: this.#lead };
    if (!seekInputs(inputs, { nowMs, untilMs: nowMs - preRollMs, from: this.#resumeFrom })) {
      if (this.#stream.isOnline) this.#stream.requestKeyFrame(this.#lead.track);
      return;
    }
    this.#aligner.reset();
    this.#merger.reset();
    this.#cutter.takenMs = nowMs;
    this.#state = 'running';
    for (const input of this.#inputs) input.pull();
    this.#merger.drain(nowMs, false);
  }

  #onTick(): void {
    const nowMs = this.#clock.monotonicMs();
    switch (this.#state) {
      case 'waiting':
        this.#begin();
        this.#checkWaiting(nowMs);
        return;
      case 'suspended':
        if (nowMs < this.#retryAtMs) return;
        this.#state = 'waiting';
        this.#waitingMs = nowMs;
        this.#begin();
        return;
      case 'running':
        this.#checkSilence(nowMs);
        return;
      case 'closed':
        return;
    }
  }

  #checkWaiting(nowMs: number): void {
    if (this.#state !== 'waiting') return;
    if (!this.#stream.isOnline) this.#waitingMs = nowMs;
    const { keyFrameTimeoutMs, pathName } = this.#options;
    if (nowMs - this.#waitingMs < keyFrameTimeoutMs) return;
    const seconds = Math.round(keyFrameTimeoutMs / 1000);
    const message = `no key frame came within ${seconds} s; path '${pathName}'`;
    this.#end('failed', new MediaError('deadline-exceeded', 'no-key-frame', message));
  }

  /** What is in memory goes to the disk when nothing follows; after a long silence the file ends. */
  #checkSilence(nowMs: number): void {
    const isBetweenFiles = this.#segments.current === undefined && this.#lead.isVideo;
    if (isBetweenFiles && this.#stream.isOnline) this.#stream.requestKeyFrame(this.#lead.track);
    const silentMs = nowMs - this.#cutter.takenMs;
    if (silentMs < this.#options.partDurationMs) return;
    this.#merger.drain(nowMs, true);
    if (silentMs > this.#options.maxGapMs) this.#segments.close('streamLost');
    else this.#segments.current?.flush();
  }

  #suspend(failure: MediaError): void {
    this.#logger.error(`recording: ${failure.message}`);
    if (this.#state === 'closed') return;
    this.#state = 'suspended';
    this.#retryAtMs = this.#clock.monotonicMs() + this.#options.retryMs;
    this.#resumeFrom = this.#lead.next;
    this.#listener.failed(failure);
  }

  #end(reason: RecordEndReason, failure?: MediaError): void {
    if (this.#state === 'closed') return;
    void this.close(reason).then(() => this.#listener.ended(reason, failure));
  }

  async #close(reason: RecordEndReason): Promise<void> {
    if (this.#state === 'running') {
      for (const input of this.#inputs) input.pull();
      this.#merger.drain(this.#clock.monotonicMs(), true);
    }
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#stream.removeReader(this);
    this.#segments.close(reason);
    const timeout = new AbortController();
    const { closeTimeoutMs, pathName } = this.#options;
    const late = delay(this.#clock, closeTimeoutMs, timeout.signal).then(
      () =>
        this.#logger.error(
          `the disk takes longer than ${closeTimeoutMs} ms to close a recording of path '${pathName}'`,
        ),
      () => undefined,
    );
    await Promise.race([this.#segments.settle(), late]);
    timeout.abort();
  }

  #tellSkipped(track: SkippedTrack): void {
    const { index, codec, reason } = track;
    this.#logger.warn(`recording: track ${index + 1} (${codec}) is left out: ${reason}`);
    this.#listener.skipped(track);
  }
}

function expectedDurationOf(options: RecorderOptions): number | undefined {
  const { expectedDurationMs, maxDurationMs } = options;
  if (expectedDurationMs !== undefined) return expectedDurationMs;
  return maxDurationMs !== undefined && Number.isFinite(maxDurationMs) ? maxDurationMs : undefined;
}
