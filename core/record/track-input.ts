// One recorded track on its way from the ring to a file: packets to samples, wraps undone, in a queue.
import type { Codec } from '../codec/codec.ts';
import { RtpPacket } from '../rtp/rtp-packet.ts';
import type { Track } from '../stream/track.ts';
import { ArrivalClock } from './arrival-clock.ts';
import { DecodeTimes } from './decode-times.ts';
import { reorderOf } from './reorder-depth.ts';
import { createSampler, recordedCodecOf, type SampleHandler, type Sampler } from './sampler.ts';

/** A sample with the times of its track's timeline: clock ticks, wraps undone, origin arbitrary. */
export interface TimedSample {
  readonly units: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** Showing time as it came; may be before `dtsTicks` where the source's timestamps jitter. */
  readonly ptsTicks: number;
  readonly dtsTicks: number;
  readonly isKeyFrame: boolean;
  /** Whether the timeline of the track was cut in front of it. */
  readonly isAfterJump: boolean;
  /** Monotonic time of its last packet. */
  readonly arrivalMs: number;
}

/** What was taken and lost; only grows. */
export interface TrackInputStats {
  samples: number;
  /** Access units and frames of which packets were missing or broken. */
  damaged: number;
}

/** Steps back that are jitter of the source's clock; larger ones are a new timeline. */
const MAX_JITTER_MS = 200;
/** The same where pictures are not sent in the order they are shown in. */
const MAX_REORDER_MS = 3000;
/** A key frame shown so much later than all pictures before it comes after a hole. */
const MIN_HOLE_MS = 500;
/** Samples taken out of the queue are moved out of its memory in groups. */
const QUEUE_SLACK = 64;

/**
 * Reads a ring with its own cursor. `pull` takes everything up to the head; samples wait in the
 * queue until `shift`. Bytes are copied out of the ring, which will be overwritten.
 */
export class TrackInput implements SampleHandler {
  readonly track: Track;
  readonly isVideo: boolean;
  readonly stats: TrackInputStats = { samples: 0, damaged: 0 };
  readonly arrivals = new ArrivalClock();
  /** Bytes of the samples in the queue. */
  queueBytes = 0;

  readonly #sampler: Sampler;
  readonly #maxGapTicks: number;
  readonly #packet = new RtpPacket();
  readonly #queue: TimedSample[] = [];
  #taken = 0;
  #next: number;
  #decodeTimes: DecodeTimes | undefined;
  #arrivalMs = 0;
  /** Showing time of the newest sample; undefined after a move. */
  #ticks: number | undefined;

  private constructor(
    track: Track,
    maxGapMs: number,
    createFor: (handler: SampleHandler) => Sampler,
  ) {
    this.track = track;
    this.isVideo = track.kind === 'video';
    this.#maxGapTicks = (maxGapMs * track.clockRateHz) / 1000;
    this.#next = track.ring.head;
    this.#sampler = createFor(this);
  }

  /**
   * Undefined when nobody knows how to take the track's packets apart. Timestamps that step over
   * more than `maxGapMs` cut the timeline.
   */
  static create(track: Track, maxGapMs: number): TrackInput | undefined {
    const probe = createSampler(track.codec, { onSample: ignore, onDamaged: ignore });
    if (probe === undefined) return undefined;
    return new TrackInput(
      track,
      maxGapMs,
      (handler) => createSampler(track.codec, handler) ?? probe,
    );
  }

  /** As files hold it, with the newest parameters that the stream has shown. */
  get codec(): Codec {
    return recordedCodecOf(this.track.codec);
  }

  get clockRateHz(): number {
    return this.track.clockRateHz;
  }

  /** Sequence number of the next packet. */
  get next(): number {
    return this.#next;
  }

  /** The oldest sample in the queue. */
  get first(): TimedSample | undefined {
    return this.#queue[this.#taken];
  }

  /** The newest sample in the queue. */
  get newest(): TimedSample | undefined {
    return this.#queue.at(-1);
  }

  /** Forgets samples and timeline, and goes on with packet `sequence`. */
  moveTo(sequence: number): void {
    this.#queue.length = 0;
    this.#taken = 0;
    this.queueBytes = 0;
    this.#next = sequence;
    this.#ticks = undefined;
    this.arrivals.reset();
    this.#sampler.restart();
    if (!this.isVideo) return;
    this.#decodeTimes = new DecodeTimes(reorderOf(this.track.codec, this.track.ring, sequence));
  }

  /** As `moveTo`, to the first packet that came at `arrivalMs` or later. */
  moveToTime(arrivalMs: number): void {
    const { ring } = this.track;
    let sequence = ring.head;
    while (sequence > ring.tail && (ring.arrivalsMs[ring.slotOf(sequence - 1)] ?? 0) >= arrivalMs) {
      sequence--;
    }
    this.moveTo(sequence);
  }

  /** Takes every packet below the head of the ring. */
  pull(): void {
    const { ring } = this.track;
    if (this.#next < ring.tail) {
      this.#next = ring.tail;
      this.#sampler.noteLoss();
    }
    for (; this.#next < ring.head; this.#next++) {
      const slot = ring.slotOf(this.#next);
      const length = ring.lengths[slot] ?? 0;
      const offset = ring.offsets[slot] ?? 0;
      this.#arrivalMs = ring.arrivalsMs[slot] ?? 0;
      if (length === 0) this.#sampler.noteLoss();
      else if (this.#packet.parse(ring.bytes.subarray(offset, offset + length))) {
        this.#sampler.push(this.#packet);
      }
    }
  }

  /** Takes the oldest sample out of the queue. */
  shift(): TimedSample | undefined {
    const sample = this.#queue[this.#taken];
    if (sample === undefined) return undefined;
    this.queueBytes -= sample.sizeBytes;
    this.#taken++;
    if (this.#taken === this.#queue.length || this.#taken >= QUEUE_SLACK) {
      this.#queue.splice(0, this.#taken);
      this.#taken = 0;
    }
    return sample;
  }

  /** A 32-bit timestamp near the newest sample, with wraps undone; undefined before the first one. */
  unwrap(timestampTicks: number): number | undefined {
    const newest = this.#ticks;
    return newest === undefined ? undefined : newest + ((timestampTicks - newest) | 0);
  }

  onSample(units: readonly Uint8Array[], timestampTicks: number, isKeyFrame: boolean): void {
    this.stats.samples++;
    const ticks = this.unwrap(timestampTicks) ?? timestampTicks;
    const isAfterJump = this.#hasJumped(ticks);
    if (isAfterJump) {
      this.#decodeTimes?.reset();
      this.arrivals.reset();
    } else if (isKeyFrame && this.#isAfterHole(ticks)) {
      this.#decodeTimes?.skipHole(reorderOf(this.track.codec, this.track.ring, this.#next));
    }
    this.#ticks = ticks;
    const arrivalMs = this.#arrivalMs;
    const dtsTicks = this.#decodeTimes?.next(ticks) ?? ticks;
    // Pictures are sent when they can be decoded; those sent ahead of others are shown later.
    this.arrivals.note((dtsTicks * 1000) / this.clockRateHz, arrivalMs);
    let sizeBytes = 0;
    for (const unit of units) sizeBytes += unit.length;
    this.queueBytes += sizeBytes;
    this.#queue.push({
      units,
      sizeBytes,
      ptsTicks: ticks,
      dtsTicks,
      isKeyFrame,
      isAfterJump,
      arrivalMs,
    });
  }

  onDamaged(): void {
    this.stats.damaged++;
  }

  #isAfterHole(ticks: number): boolean {
    const newest = this.#ticks;
    return newest !== undefined && ((ticks - newest) * 1000) / this.clockRateHz > MIN_HOLE_MS;
  }

  #hasJumped(ticks: number): boolean {
    const newest = this.#ticks;
    if (newest === undefined) return false;
    const step = ticks - newest;
    if (step > this.#maxGapTicks) return true;
    const isReordered = this.track.normalizer.hasReorderedFrames;
    const maxBackMs = isReordered ? MAX_REORDER_MS : MAX_JITTER_MS;
    return -step > (maxBackMs * this.clockRateHz) / 1000;
  }
}

function ignore(): void {
  // Nobody is interested.
}
