// A recorder on a real stream that a test feeds packet by packet, with a clock it turns and a disk in memory.
import type { MediaError } from '../../../core/base/media-error.ts';
import { MediaError as MediaFailure } from '../../../core/base/media-error.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { Recorder, type RecorderListener } from '../../../core/record/recorder.ts';
import type { RecorderOptions } from '../../../core/record/recorder-options.ts';
import type {
  RecordEndReason,
  SegmentClosed,
  SegmentGap,
  SegmentOpened,
} from '../../../core/record/recordings-index.ts';
import { Stream } from '../../../core/stream/stream.ts';
import type { StreamWriter } from '../../../core/stream/stream-writer.ts';
import { CameraFeed, H264, OPUS } from './camera-feed.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { lineFormat, linesOf, type RecordedLine } from './line-format.ts';
import { MemoryDisk } from './memory-disk.ts';

/** Keeps everything it is told. */
export class RecordingEvents implements RecorderListener {
  readonly openedSegments: SegmentOpened[] = [];
  readonly closedSegments: SegmentClosed[] = [];
  readonly gaps: SegmentGap[] = [];
  readonly skippedCodecs: string[] = [];
  readonly failures: MediaError[] = [];
  readonly ends: { readonly reason: RecordEndReason; readonly code: string | undefined }[] = [];

  opened(segment: SegmentOpened): void {
    this.openedSegments.push(segment);
  }

  closed(segment: SegmentClosed): void {
    this.closedSegments.push(segment);
  }

  gap(gap: SegmentGap): void {
    this.gaps.push(gap);
  }

  skipped(track: { readonly codec: string }): void {
    this.skippedCodecs.push(track.codec);
  }

  failed(failure: MediaError): void {
    this.failures.push(failure);
  }

  ended(reason: RecordEndReason, failure?: MediaError): void {
    this.ends.push({ reason, code: failure?.code });
  }
}

/** Files are `/rec/0.txt`, `/rec/1.txt`... */
export class RecorderRig {
  readonly clock = new FakeClock();
  readonly disk = new MemoryDisk();
  readonly events = new RecordingEvents();
  readonly logger = new RecordingLogger();
  readonly stream: Stream;
  readonly keyFrameRequests: number[] = [];
  writer: StreamWriter;
  feed: CameraFeed;
  readonly #descriptions: readonly TrackDescription[];
  #ssrc = 7;

  constructor(descriptions: readonly TrackDescription[] = [H264, OPUS]) {
    this.#descriptions = descriptions;
    this.stream = new Stream(descriptions, { clock: this.clock });
    this.writer = this.#attach();
    this.feed = new CameraFeed(this.writer, descriptions);
  }

  record(options: Partial<RecorderOptions> = {}): Recorder {
    const { stream, clock, disk, logger, events } = this;
    const recorder = new Recorder(
      { stream, clock, disk, logger, listener: events },
      {
        pathName: 'cam',
        format: lineFormat,
        naming: {
          fileFor: ({ sequence }, attempt) =>
            `/rec/${sequence}${attempt === 0 ? '' : `-${attempt}`}.txt`,
        },
        ...options,
      },
    );
    recorder.start();
    return recorder;
  }

  /** Samples of the file with this number. */
  lines(sequence = 0, track?: number): RecordedLine[] {
    const lines = linesOf(this.disk.text(`/rec/${sequence}.txt`));
    return track === undefined ? lines : lines.filter((line) => line.track === track);
  }

  /** A source that comes back with other numbers. */
  restartSource(): void {
    this.writer.close();
    this.writer = this.#attach();
    this.feed = new CameraFeed(this.writer, this.#descriptions, ++this.#ssrc);
  }

  endStream(): void {
    this.stream.close(new MediaFailure('unavailable', 'stream-ended', 'gone'));
  }

  /** Pictures and sounds from `fromMs` on, 25 per second, a key frame each second; turns the clock. */
  async play(
    durationMs: number,
    fromMs: number,
    options: { readonly hasSound?: boolean } = {},
  ): Promise<void> {
    for (let atMs = fromMs; atMs < fromMs + durationMs; atMs += 40) {
      this.feed.frame(atMs, options.hasSound);
      this.clock.advance(40);
      await Promise.resolve();
    }
    await this.settle();
  }

  /** Time passes and nothing comes. */
  async pause(durationMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < durationMs; passedMs += 1000) {
      this.clock.advance(Math.min(1000, durationMs - passedMs));
      await this.settle();
    }
  }

  /** Lets everything that waits for the disk go on. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }

  #attach(): StreamWriter {
    return this.stream.attach(this.#descriptions, {
      onKeyFrameRequest: (track) => this.keyFrameRequests.push(track),
    });
  }
}
