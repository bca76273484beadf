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
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { lineFormat, linesOf, type RecordedLine } from './line-format.ts';
import { MemoryDisk } from './memory-disk.ts';

export const H264: TrackDescription = {
  kind: 'video',
  codec: { name: 'H264', clockRateHz: 90000, packetizationMode: 1 },
  payloadType: 96,
};
export const OPUS: TrackDescription = {
  kind: 'audio',
  codec: { name: 'Opus', clockRateHz: 48000, channelCount: 2 },
  payloadType: 111,
};

/** Baseline: the parameter set promises that no picture is reordered. */
export const BASELINE_SPS = '6742c01edd8088fee0';
/** Main profile that promises nothing. */
export const MAIN_SPS = '674d0029966403c0113f2cd404040500000003e80000ea6004';
const PPS = '68ce3c80';

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
  readonly #descriptions: readonly TrackDescription[];
  readonly #sequences: number[];
  #ssrc = 7;

  constructor(descriptions: readonly TrackDescription[] = [H264, OPUS]) {
    this.#descriptions = descriptions;
    this.#sequences = descriptions.map(() => 100);
    this.stream = new Stream(descriptions, { clock: this.clock });
    this.writer = this.#attach();
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
    this.#ssrc++;
    this.writer = this.#attach();
  }

  endStream(): void {
    this.stream.close(new MediaFailure('unavailable', 'stream-ended', 'gone'));
  }

  /** One picture on track 0; `ticks` is when it is shown, `data` goes into its last NAL unit. */
  picture(
    ticks: number,
    options: {
      readonly isKey?: boolean;
      readonly isB?: boolean;
      readonly sps?: string;
      readonly data?: string;
    } = {},
  ): void {
    const data = options.data ?? '00';
    if (options.isKey === true) {
      this.send(0, ticks, options.sps ?? BASELINE_SPS, false);
      this.send(0, ticks, PPS, false);
    }
    const slice = options.isKey === true ? '658884' : options.isB === true ? '019e' : '419a';
    this.send(0, ticks, `${slice}${data}`, true);
    this.writer.publish();
  }

  /** One Opus packet of 20 ms. */
  sound(ticks: number, track = 1): void {
    this.send(track, ticks, 'fc0102', false);
    this.writer.publish();
  }

  /** Pictures and sounds from `fromMs` on, 25 per second, a key frame each second; turns the clock. */
  async play(
    durationMs: number,
    fromMs: number,
    options: { readonly hasSound?: boolean } = {},
  ): Promise<void> {
    for (let atMs = fromMs; atMs < fromMs + durationMs; atMs += 40) {
      this.picture(atMs * 90, { isKey: atMs % 1000 === 0 });
      if (options.hasSound !== false) {
        this.sound((atMs - 20) * 48);
        this.sound(atMs * 48);
      }
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

  /** Drops one sequence number. */
  lose(track: number): void {
    this.#sequences[track] = (this.#sequences[track] ?? 0) + 1;
  }

  send(track: number, ticks: number, payload: string, isMarked: boolean): void {
    const sequence = this.#sequences[track] ?? 0;
    this.#sequences[track] = sequence + 1;
    const header = Buffer.alloc(12);
    const payloadType = this.#descriptions[track]?.payloadType ?? 0;
    header[0] = 0x80;
    header[1] = payloadType | (isMarked ? 0x80 : 0);
    header.writeUInt16BE(sequence & 0xffff, 2);
    header.writeUInt32BE(ticks >>> 0, 4);
    header.writeUInt32BE(this.#ssrc * 16 + track, 8);
    this.writer.writeRtp(track, Buffer.concat([header, Buffer.from(payload, 'hex')]));
  }

  #attach(): StreamWriter {
    return this.stream.attach(this.#descriptions, {
      onKeyFrameRequest: (track) => this.keyFrameRequests.push(track),
    });
  }
}
