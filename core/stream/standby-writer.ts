// What a source writes into while another one still feeds the path: keeps what a takeover must begin with.
import type { Clock } from '../base/clock.ts';
import { MediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import { RtpPacket } from '../rtp/rtp-packet.ts';
import type { SourceWriter } from './source-writer.ts';
import { Stream } from './stream.ts';
import type { StreamWriter, StreamWriterOptions, WritableStream } from './stream-writer.ts';

/** What a standby writer works with. */
export interface StandbyWriterComponents {
  readonly clock: Clock;
  /** Media is there and begins with a key frame; take over or close. Called once for each read until then. */
  readonly onReady: () => void;
}

interface KeptPacket {
  readonly trackIndex: number;
  readonly bytes: Uint8Array;
}

interface KeptReport {
  readonly trackIndex: number;
  readonly ntpMs: number;
  readonly timestampTicks: number;
  /** Monotonic time at which it came. */
  readonly arrivalMs: number;
}

/** A key frame is smaller; above it, the next one is waited for. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;

/**
 * Keeps the packets since the newest key frame began. `takeOver` writes them into the real stream,
 * and what the source writes later goes there directly: one sequence number is left out, as at every
 * restart of a track, and readers get a whole picture at once.
 */
export class StandbyWriter implements SourceWriter {
  readonly #clock: Clock;
  readonly #onReady: () => void;
  readonly #trial: Stream;
  readonly #trialWriter: StreamWriter;
  readonly #packet = new RtpPacket();
  /** The track whose key frames decide; -1 without video. */
  readonly #videoIndex: number;
  readonly #reports = new Map<number, KeptReport>();
  #kept: KeptPacket[] = [];
  #keptBytes = 0;
  #accessUnitTicks = -1;
  #hasUnitEnded = true;
  #isKeyFrame = false;
  #isReady = false;
  #target: StreamWriter | undefined;
  #isClosed = false;

  constructor(
    { clock, onReady }: StandbyWriterComponents,
    tracks: readonly TrackDescription[],
    options: StreamWriterOptions | undefined,
  ) {
    this.#clock = clock;
    this.#onReady = onReady;
    this.#trial = new Stream(tracks, { clock, minHistoryMs: 0, maxRingBytes: MAX_KEPT_BYTES });
    this.#trialWriter = this.#trial.attach(tracks, options);
    this.#videoIndex = tracks.findIndex(({ kind }) => kind === 'video');
    this.#askForKeyFrame();
  }

  get stream(): WritableStream {
    return (this.#target ?? this.#trialWriter).stream;
  }

  get isClosed(): boolean {
    return this.#target ? this.#target.isClosed : this.#isClosed;
  }

  writeRtp(trackIndex: number, bytes: Uint8Array): boolean {
    if (this.#target) return this.#target.writeRtp(trackIndex, bytes);
    if (this.#isClosed) return false;
    return this.#keep(trackIndex, bytes);
  }

  writeSenderReport(trackIndex: number, ntpMs: number, timestampTicks: number): void {
    if (this.#target) this.#target.writeSenderReport(trackIndex, ntpMs, timestampTicks);
    else {
      const arrivalMs = this.#clock.monotonicMs();
      this.#reports.set(trackIndex, { trackIndex, ntpMs, timestampTicks, arrivalMs });
    }
  }

  publish(): void {
    if (this.#target) this.#target.publish();
    else if (this.#isClosed) return;
    else if (this.#isReady) this.#onReady();
    else if (!this.#isKeyFrame) this.#askForKeyFrame();
  }

  /** Writes what was kept into `target`, and everything that comes from now on. */
  takeOver(target: StreamWriter): void {
    const kept = this.#kept;
    this.#target = target;
    this.#forget();
    for (const { trackIndex, bytes } of kept) target.writeRtp(trackIndex, bytes);
    for (const report of this.#reports.values()) this.#passOn(report, target);
    target.publish();
    this.#endTrial();
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#target?.close();
    this.#forget();
    this.#endTrial();
  }

  /** At most once in a second; the wish may get lost on its way. */
  #askForKeyFrame(): void {
    const video = this.#trial.tracks[this.#videoIndex];
    if (video) this.#trial.requestKeyFrame(video);
  }

  #keep(trackIndex: number, bytes: Uint8Array): boolean {
    const isVideo = trackIndex === this.#videoIndex;
    if (isVideo && this.#packet.parse(bytes)) this.#beginUnit();
    const ring = this.#trial.tracks[this.#videoIndex]?.ring;
    const before = ring?.newestKeyFrame;
    const isUsed = this.#trialWriter.writeRtp(trackIndex, bytes);
    this.#kept.push({ trackIndex, bytes: bytes.slice() });
    this.#keptBytes += bytes.length;
    if (this.#videoIndex < 0) this.#isReady = true;
    else if (isVideo) {
      if (ring && ring.newestKeyFrame >= 0 && ring.newestKeyFrame !== before) {
        this.#isKeyFrame = true;
      }
      this.#hasUnitEnded = this.#packet.isMarked;
      if (this.#isKeyFrame && this.#hasUnitEnded) this.#isReady = true;
    }
    if (this.#keptBytes > MAX_KEPT_BYTES) this.#forget();
    return isUsed;
  }

  /** A new access unit: without a key frame before it, what was kept is of no use. */
  #beginUnit(): void {
    const ticks = this.#packet.timestampTicks;
    const isSame = ticks === this.#accessUnitTicks && !this.#hasUnitEnded;
    this.#accessUnitTicks = ticks;
    if (isSame) return;
    if (this.#isKeyFrame) this.#isReady = true;
    else this.#forget();
  }

  /** As if it came now: the wait for a key frame was no delay of the network. */
  #passOn(
    { trackIndex, ntpMs, timestampTicks, arrivalMs }: KeptReport,
    target: StreamWriter,
  ): void {
    const waitedMs = this.#clock.monotonicMs() - arrivalMs;
    const rate = this.#trial.tracks[trackIndex]?.clockRateHz ?? 0;
    const waitedTicks = Math.round((waitedMs * rate) / 1000);
    target.writeSenderReport(trackIndex, ntpMs + waitedMs, (timestampTicks + waitedTicks) >>> 0);
  }

  #forget(): void {
    this.#kept = [];
    this.#keptBytes = 0;
    this.#isKeyFrame = false;
    this.#isReady = false;
  }

  #endTrial(): void {
    this.#trial.close(new MediaError('canceled', 'trial-ended', 'the trial of a source ended'));
  }
}
