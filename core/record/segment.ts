// One recording file: samples of several tracks in, parts of a second out, closed so that it can be scrubbed.
import type { Clock } from '../base/clock.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { Codec } from '../codec/codec.ts';
import { describeCodec } from '../codec/describe-codec.ts';
import type { ContainerWriter } from '../mux/container-writer.ts';
import type { RecordingFormat } from './recording-format.ts';
import type { RecordEndReason, RecordingsIndex, SegmentOpened } from './recordings-index.ts';
import type { SegmentDisk } from './segment-disk.ts';
import { SegmentFile } from './segment-file.ts';
import type { TimedSample } from './track-input.ts';

/** What a segment works with. */
export interface SegmentComponents {
  readonly clock: Clock;
  readonly disk: SegmentDisk;
  readonly listener: RecordingsIndex;
}

/** One track of the file. */
export interface SegmentTrackPlan {
  readonly codec: Codec;
  readonly kind: 'video' | 'audio' | 'application';
  /** Ticks of the track's own timeline at which the file begins. */
  readonly zeroTicks: number;
}

/** What the file is to be. */
export interface SegmentOptions {
  readonly pathName: string;
  readonly format: RecordingFormat;
  readonly nameFor: (attempt: number) => string;
  /** Date ms of time 0 of the file. */
  readonly startAt: number;
  readonly expectedDurationMs: number | undefined;
  readonly tracks: readonly SegmentTrackPlan[];
  readonly partDurationMs: number;
  /** A part that grew to this size ends early. */
  readonly maxPartBytes: number;
  readonly syncIntervalMs: number;
  /** The first samples are on the disk. */
  readonly onContent: (segment: Segment) => void;
  /** The disk failed; `closed` was told already. */
  readonly onFailed: (segment: Segment, failure: MediaError) => void;
}

interface OpenTrack extends SegmentTrackPlan {
  /** Decoding time of the sample before, in ticks of the file. */
  lastTicks: number;
  /** Distance of the last two samples. */
  stepTicks: number;
  hasKeyFrame: boolean;
}

/** A file being written. `add` never waits. */
export class Segment {
  /** Samples left out: before the file's time 0, before a track's first key frame, or going back in time. */
  dropped = 0;

  readonly #listener: RecordingsIndex;
  readonly #options: SegmentOptions;
  readonly #container: ContainerWriter;
  readonly #file: SegmentFile;
  readonly #tracks: readonly OpenTrack[];
  #partBytes = 0;
  #partStartMs = 0;
  #endMs = 0;
  #reason: RecordEndReason | undefined;
  #closing: Promise<void> | undefined;
  #opened: SegmentOpened | undefined;
  #isFinished = false;

  /** @throws MediaError when the container can't hold the tracks. */
  constructor(components: SegmentComponents, options: SegmentOptions) {
    const { clock, disk, listener } = components;
    this.#listener = listener;
    this.#options = options;
    this.#tracks = options.tracks.map((track) => ({
      ...track,
      lastTicks: Number.NEGATIVE_INFINITY,
      stepTicks: 0,
      hasKeyFrame: false,
    }));
    const { pathName, startAt, expectedDurationMs } = options;
    this.#container = options.format.createWriter(
      options.tracks.map(({ codec }) => ({ codec })),
      { pathName, startAt, ...(expectedDurationMs === undefined ? {} : { expectedDurationMs }) },
    );
    this.#file = new SegmentFile(
      { clock, disk },
      {
        nameFor: options.nameFor,
        syncIntervalMs: options.syncIntervalMs,
        onOpened: (file) => this.#onOpened(file),
        onContent: () => options.onContent(this),
        onFailed: (failure) => this.#onFailed(failure),
      },
    );
    this.#file.appendHead(this.#container.begin());
  }

  get startAt(): number {
    return this.#options.startAt;
  }

  /** How much of it there is, in media time. */
  get durationMs(): number {
    return this.#endMs;
  }

  /** Bytes held in memory: the part that is being collected, and what the disk has not taken yet. */
  get queueBytes(): number {
    return this.#partBytes + this.#file.queueBytes;
  }

  /** Bytes on the disk and on their way. */
  get sizeBytes(): number {
    return this.#file.sizeBytes + this.queueBytes;
  }

  /** Absolute name; undefined until the disk has made the file. */
  get file(): string | undefined {
    return this.#file.name;
  }

  /**
   * Adds a sample; `shiftTicks` moves its track to the time of the others. Returns whether it was taken.
   * @throws MediaError of the container for samples that it can't hold.
   */
  add(trackIndex: number, sample: TimedSample, shiftTicks: number): boolean {
    const track = this.#tracks[trackIndex];
    if (track === undefined || this.#reason !== undefined) return false;
    const origin = track.zeroTicks + shiftTicks;
    const dtsTicks = sample.dtsTicks - origin;
    const isStart = track.hasKeyFrame || sample.isKeyFrame;
    if (dtsTicks < 0 || dtsTicks <= track.lastTicks || !isStart) {
      this.dropped++;
      return false;
    }
    const atMs = (dtsTicks * 1000) / track.codec.clockRateHz;
    this.#endPartWhenDue(atMs);
    this.#container.add({
      trackIndex,
      units: sample.units,
      dtsTicks,
      ptsTicks: Math.max(dtsTicks, sample.ptsTicks - origin),
      isKeyFrame: sample.isKeyFrame,
    });
    track.hasKeyFrame = true;
    if (track.lastTicks >= 0) track.stepTicks = dtsTicks - track.lastTicks;
    track.lastTicks = dtsTicks;
    this.#partBytes += sample.sizeBytes;
    const endMs = ((dtsTicks + track.stepTicks) * 1000) / track.codec.clockRateHz;
    this.#endMs = Math.max(this.#endMs, endMs);
    return true;
  }

  /** Writes what was collected, though the part is not complete. */
  flush(): void {
    this.#file.append(this.#container.endPart(), this.#endMs);
    this.#partBytes = 0;
    this.#partStartMs = this.#endMs;
  }

  /**
   * Ends the file. `durationMs` is the exact length when the next file goes on from there. Resolves
   * when the file is complete and closed, or has failed; idempotent.
   */
  close(reason: RecordEndReason, durationMs = this.#endMs): Promise<void> {
    this.#closing ??= this.#close(reason, durationMs);
    return this.#closing;
  }

  async #close(reason: RecordEndReason, durationMs: number): Promise<void> {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#endMs = durationMs;
    this.#finish();
    this.#partBytes = 0;
    await this.#file.close();
    if (this.#file.failure === undefined) this.#tellClosed(reason);
  }

  #finish(): void {
    try {
      this.#file.append(this.#container.endPart(), this.#endMs);
      this.#file.appendClosing(this.#container.finish());
      this.#isFinished = true;
    } catch (thrown) {
      this.#options.onFailed(this, toMediaError(thrown));
    }
  }

  #endPartWhenDue(atMs: number): void {
    if (this.#partBytes === 0) this.#partStartMs = atMs;
    const isLong = atMs - this.#partStartMs >= this.#options.partDurationMs;
    if (!isLong && this.#partBytes < this.#options.maxPartBytes) return;
    this.#file.append(this.#container.endPart(), this.#endMs);
    this.#partBytes = 0;
    this.#partStartMs = atMs;
  }

  #onOpened(file: string): void {
    const { pathName, startAt, tracks } = this.#options;
    this.#opened = {
      pathName,
      file,
      startAt,
      tracks: tracks.map(({ codec, kind }) => ({ kind, codec: describeCodec(codec).label })),
    };
    this.#listener.opened(this.#opened);
  }

  #onFailed(failure: MediaError): void {
    this.#isFinished = false;
    this.#endMs = this.#file.endMs;
    this.#reason = failure.code === 'disk-full' ? 'diskFull' : 'failed';
    this.#partBytes = 0;
    this.#tellClosed(this.#reason);
    this.#options.onFailed(this, failure);
  }

  #tellClosed(reason: RecordEndReason): void {
    if (this.#opened === undefined) return;
    this.#listener.closed({
      ...this.#opened,
      durationMs: Math.round(this.#endMs),
      sizeBytes: this.#file.sizeBytes,
      reason,
      isFinished: this.#isFinished,
    });
  }
}
