// Decides where fragments begin and end, and which of them need another header.
import type { Clock } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { toMediaError } from '../../core/base/media-error.ts';
import {
  decoderSetupOf,
  isSameDecoder,
  type DecoderSetup,
} from '../../core/record/decoder-setup.ts';
import type { MergedSampleHandler } from '../../core/record/sample-merger.ts';
import type { TrackAligner } from '../../core/record/track-aligner.ts';
import type { TimedSample, TrackInput } from '../../core/record/track-input.ts';
import type { AudioInput } from './audio-input.ts';
import { createFragmentFormat, type FragmentFormat } from './fragment-format.ts';
import type { MediaFragment } from './media-fragment.ts';
import { OpenFragment } from './open-fragment.ts';
import { WallTimeline } from './wall-timeline.ts';

/** What a cutter works with. */
export interface FragmentCutterComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly aligner: TrackAligner;
  readonly video: TrackInput;
  readonly audio: AudioInput | undefined;
  readonly onFragment: (fragment: MediaFragment) => void;
}

/** Bounds of Kinesis Video Streams and of memory. */
export interface FragmentCutterOptions {
  readonly pathName: string;
  /** Shorter fragments are refused by the service: key frames in between begin none. */
  readonly minFragmentMs: number;
  /** Pictures after it are dropped until the next key frame. */
  readonly maxFragmentMs: number;
  /** As `maxFragmentMs`, by size. */
  readonly maxFragmentBytes: number;
  /** Stands before each Cluster; may be empty. */
  readonly tags: Uint8Array;
}

/** What was handed out and what was not; only grows. */
export interface FragmentCutterStats {
  fragments: number;
  bytes: number;
  /** Pictures without a place: before the first key frame, behind a bound, in fragments too short to be sent. */
  droppedPictures: number;
  /** Frames of sound that came when silence stood in their place already. */
  lateAudioFrames: number;
}

const VIDEO_INDEX = 0;
/** The last picture of a fragment that nothing continues is shown no longer. */
const MAX_STEP_MS = 1000;
/** The step of the last picture is a guess, which jitter makes too short. */
const COVER_SLACK_MS = 40;

/** Takes merged samples; index 0 is the video. */
export class FragmentCutter implements MergedSampleHandler {
  readonly stats: FragmentCutterStats = {
    fragments: 0,
    bytes: 0,
    droppedPictures: 0,
    lateAudioFrames: 0,
  };
  /** Monotonic time at which the newest picture was taken. */
  takenMs = 0;

  readonly #components: FragmentCutterComponents;
  readonly #options: FragmentCutterOptions;
  readonly #wall: WallTimeline;
  #format: FragmentFormat | undefined;
  #headers = 0;
  #open: OpenFragment | undefined;
  /** Decoding time of the newest picture, and its distance from the one before. */
  #lastMs = 0;
  #stepMs = 0;
  /** How much later than they are decoded key frames are shown. */
  #leadDelayMs = 0;
  /** Pictures shown earlier refer to what was in no fragment of this connection. */
  #shownFromMs = Number.NEGATIVE_INFINITY;
  #hasWarnedOfLimit = false;
  #hasWarnedOfSets = false;

  constructor(components: FragmentCutterComponents, options: FragmentCutterOptions) {
    this.#components = components;
    this.#options = options;
    this.#wall = new WallTimeline(components.clock);
  }

  /** Bytes of the fragment that is being collected. */
  get queueBytes(): number {
    return this.#open?.sizeBytes ?? 0;
  }

  onMerged(index: number, sample: TimedSample): void {
    if (index === VIDEO_INDEX) this.#takeVideo(sample);
    else this.#takeAudio(index, sample);
  }

  /** Ends the fragment behind its newest picture: nothing follows, or not without a hole. */
  close(): void {
    if (this.#open === undefined) return;
    this.#finish(this.#lastMs + this.#leadDelayMs + this.#stepMs);
    this.#wall.cut();
  }

  #takeVideo(sample: TimedSample): void {
    const { clock, video } = this.#components;
    const ticksPerMs = video.clockRateHz / 1000;
    const dtsMs = sample.dtsTicks / ticksPerMs;
    // Matroska has no decoding times, so showing times need not be after them.
    const ptsMs = sample.ptsTicks / ticksPerMs;
    this.takenMs = clock.monotonicMs();
    if (sample.isAfterJump) this.#cutAtJump();
    if (this.#isTooMuch(sample, ptsMs)) this.#cutAtLimit(sample.isKeyFrame);
    if (sample.isKeyFrame) this.#cutAtKeyFrame(sample, { dtsMs, ptsMs });
    const open = this.#open;
    const picture = { units: sample.units, ptsMs, isKeyFrame: sample.isKeyFrame };
    if (open === undefined || ptsMs < this.#shownFromMs || !open.addVideo(picture)) {
      this.stats.droppedPictures++;
      return;
    }
    if (dtsMs > this.#lastMs) this.#stepMs = Math.min(MAX_STEP_MS, dtsMs - this.#lastMs);
    this.#lastMs = dtsMs;
    // Everything that was said before this picture is here.
    open.fillAudio(dtsMs + this.#leadDelayMs);
  }

  #takeAudio(index: number, sample: TimedSample): void {
    const { aligner, audio, clock } = this.#components;
    if (audio === undefined) return;
    if (sample.isAfterJump) aligner.realign(index, clock.monotonicMs());
    const ticks = sample.ptsTicks - (aligner.offsetOf(index) ?? 0);
    const atMs = (ticks * 1000) / audio.clockRateHz;
    const [frame] = sample.units;
    if (this.#open === undefined || frame === undefined || !this.#format?.silence) return;
    if (!this.#canTakeAudio(atMs) || !this.#open.addAudio(frame, atMs)) {
      this.stats.lateAudioFrames++;
    }
  }

  /** While pictures are missing, sound must not make the fragment too long or too large. */
  #canTakeAudio(atMs: number): boolean {
    const { maxFragmentMs, maxFragmentBytes } = this.#options;
    const open = this.#open;
    if (open === undefined || open.sizeBytes > maxFragmentBytes) return false;
    return atMs - open.startMs < maxFragmentMs;
  }

  /** Timestamps stepped: no place in this fragment is right for what comes. */
  #cutAtJump(): void {
    const { aligner, audio, clock } = this.#components;
    this.close();
    this.#wall.cut();
    if (audio) aligner.realign(VIDEO_INDEX + 1, clock.monotonicMs());
  }

  #isTooMuch(sample: TimedSample, ptsMs: number): boolean {
    const open = this.#open;
    if (open === undefined) return false;
    const { maxFragmentMs, maxFragmentBytes } = this.#options;
    const isLong = ptsMs - open.startMs > maxFragmentMs;
    // A key frame ends the fragment by itself, unless it is too short yet.
    if (sample.isKeyFrame && !isLong && this.#isLongEnough(ptsMs)) return false;
    return isLong || open.sizeBytes + sample.sizeBytes > maxFragmentBytes;
  }

  #cutAtLimit(isKeyFrame: boolean): void {
    this.close();
    if (isKeyFrame || this.#hasWarnedOfLimit) return;
    this.#hasWarnedOfLimit = true;
    const { pathName, maxFragmentMs } = this.#options;
    this.#components.logger.warn(
      `no key frame came in time: Kinesis takes at most ${Math.round(maxFragmentMs / 1000)} s or 50 MB in a row, ` +
        `so pictures are left out; let the camera of path '${pathName}' send one each 1 to 4 s`,
    );
  }

  #cutAtKeyFrame(
    sample: TimedSample,
    { dtsMs, ptsMs }: { readonly dtsMs: number; readonly ptsMs: number },
  ): void {
    const { aligner, clock, video } = this.#components;
    const setup = decoderSetupOf(video.codec, sample.units);
    const isContinuing = this.#open !== undefined;
    const isDecodable = this.#format !== undefined && isSameDecoder(this.#format.setup, setup);
    if (isDecodable && isContinuing && !this.#isLongEnough(ptsMs)) return;
    const format = this.#formatFor(setup, isDecodable);
    const isSame = format !== undefined && format === this.#format;
    const audioEndMs = Math.max(ptsMs, isSame ? (this.#open?.audioEndMs ?? ptsMs) : ptsMs);
    if (isContinuing) this.#finish(ptsMs);
    this.#format = format;
    if (format === undefined) return;
    const { offsetMs } = video.arrivals;
    // The line through the earliest arrivals knows better than one large picture's last packet.
    const arrivalMs = Math.min(sample.arrivalMs, (offsetMs ?? Infinity) + dtsMs);
    const timecodeMs = this.#wall.begin(ptsMs, arrivalMs - dtsMs);
    const { tags } = this.#options;
    this.#open = new OpenFragment({ format, startMs: ptsMs, timecodeMs, audioEndMs, tags });
    this.#leadDelayMs = ptsMs - dtsMs;
    if (!isContinuing) this.#lastMs = dtsMs;
    this.#shownFromMs = isSame && isContinuing ? Number.NEGATIVE_INFINITY : ptsMs;
    aligner.follow(clock.monotonicMs());
  }

  /** Where pictures stopped for a while, the service counts as far as they go. */
  #isLongEnough(endMs: number): boolean {
    const open = this.#open;
    if (open === undefined) return false;
    const lastShownMs = this.#lastMs + this.#leadDelayMs + this.#stepMs;
    const { minFragmentMs } = this.#options;
    const isCovered = lastShownMs - open.startMs >= minFragmentMs - COVER_SLACK_MS;
    return isCovered && Math.round(endMs - open.startMs) >= minFragmentMs;
  }

  /** The one in use when the decoder can go on with it; undefined when no header can be made. */
  #formatFor(setup: DecoderSetup, isDecodable: boolean): FragmentFormat | undefined {
    const { audio } = this.#components;
    const hasAudio = audio !== undefined && audio.isKnown && !audio.hasFailed;
    if (isDecodable && this.#format?.header.hasAudio === hasAudio) return this.#format;
    try {
      const format = createFragmentFormat(
        this.#headers + 1,
        setup,
        hasAudio ? audio.codec : undefined,
      );
      this.#headers++;
      return format;
    } catch (thrown) {
      if (!this.#hasWarnedOfSets) {
        this.#hasWarnedOfSets = true;
        this.#components.logger.warn(`a key frame is left out: ${toMediaError(thrown).message}`);
      }
      return undefined;
    }
  }

  #finish(endMs: number): void {
    const open = this.#open;
    if (open === undefined) return;
    const isLongEnough = this.#isLongEnough(endMs);
    this.#open = undefined;
    if (!isLongEnough) {
      this.stats.droppedPictures += open.pictures;
      return;
    }
    const fragment = open.finish(endMs);
    this.#wall.end(fragment);
    this.stats.fragments++;
    this.stats.bytes += fragment.sizeBytes;
    this.#components.onFragment(fragment);
  }
}
