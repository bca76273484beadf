// One long-lived ffmpeg that is given key frames one by one and answers each with a picture.
import type { Clock, Timer } from '../../core/base/clock.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import { FfmpegProcess } from '../ffmpeg/ffmpeg-process.ts';
import { decoderArguments, type DecoderOutput } from './decoder-arguments.ts';
import { FENCE_KEY_FRAMES } from './fence-key-frames.ts';
import type { KeyFrame, PictureSize } from './key-frame.ts';
import {
  matroskaFrameHead,
  matroskaStreamHead,
  type WrappedCodecName,
} from './matroska-frame-writer.ts';
import { NutFrameReader, type NutFrame } from './nut-frame-reader.ts';

/** A decoded picture. */
export interface Picture extends PictureSize {
  /** Red, green, blue, a byte each, row by row without gaps. */
  readonly rgb: Buffer;
}

/** What a decoder makes, and how. */
export interface KeyFrameDecoderOptions {
  readonly codecName: WrappedCodecName;
  readonly output: DecoderOutput;
  /** Absolute path of ffmpeg. */
  readonly program: string;
  readonly niceness: number;
  /** Pictures larger than this, in pixels, are not decoded. */
  readonly maxPixels: number;
  /** The process is given up when it says nothing for this time. */
  readonly timeoutMs: number;
}

/** A key frame, and whose it is. */
export interface DecodeJob {
  readonly keyFrame: KeyFrame;
  /** The decoder's memory is washed between pictures of different owners. */
  readonly owner: string;
}

interface Waiting {
  readonly number: number;
  readonly resolve: (rgb: Buffer) => void;
  readonly reject: (failure: MediaError) => void;
}

/** A picture that takes longer is asked about with a fence. */
const FENCE_AFTER_MS = 250;
const BYTES_PER_PIXEL = 3;
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;

/**
 * Frames go in with a number each and pictures come out with the number of their frame, so that
 * an answer never belongs to another request, whatever a hostile frame makes of the decoder. A
 * fence is a good frame of our own: when its picture comes and the one before did not, there is
 * none. As frames of another size they also make the decoder take fresh memory.
 */
export class KeyFrameDecoder implements AsyncDisposable {
  readonly codecName: WrappedCodecName;
  readonly output: DecoderOutput;
  /** Pictures asked for so far. */
  jobs = 0;
  readonly #clock: Clock;
  readonly #options: KeyFrameDecoderOptions;
  readonly #process: FfmpegProcess;
  #number = 0;
  #owner: string | undefined;
  #waiting: Waiting | undefined;
  #fenceTimer: Timer | undefined;
  #deadline: Timer | undefined;
  #failure: MediaError | undefined;

  constructor(clock: Clock, options: KeyFrameDecoderOptions) {
    this.codecName = options.codecName;
    this.output = options.output;
    this.#clock = clock;
    this.#options = options;
    const frameBytes = options.output.widthPixels * options.output.heightPixels * BYTES_PER_PIXEL;
    const reader = new NutFrameReader(frameBytes, (frame) => this.#onFrame(frame, frameBytes));
    this.#process = new FfmpegProcess(clock, {
      program: options.program,
      args: decoderArguments(options.codecName, options.output, options.maxPixels),
      hasInput: true,
      maxQueuedInputBytes: MAX_QUEUED_BYTES,
      niceness: options.niceness,
      onOutput: (chunk) => this.#read(reader, chunk),
    });
    void this.#process.exited.then(({ failure }) => this.#fail(failure ?? decoderEnded()));
    this.#process.write(matroskaStreamHead(options.codecName));
    // The probing at the start sees a good frame, whatever comes next.
    this.#writeFence();
  }

  get isBusy(): boolean {
    return this.#waiting !== undefined;
  }

  /** Whether it can take no more. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * One at a time.
   * @throws MediaError `deadline-exceeded` `key-frame-undecodable` when no picture comes out of
   * it; the decoder may go on. Other failures are the decoder's: see `hasFailed`.
   */
  async decode({ keyFrame, owner }: DecodeJob): Promise<Picture> {
    if (this.#failure) throw this.#failure;
    if (this.#waiting) throw new MediaError('internal', 'internal', 'the decoder is busy');
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.jobs++;
    if (this.#owner !== undefined && this.#owner !== owner) this.#writeFence();
    this.#owner = owner;
    this.#waiting = { number: this.#nextNumber(), resolve, reject };
    this.#write(this.#waiting.number, keyFrame.bytes);
    this.#fenceTimer = this.#clock.after(FENCE_AFTER_MS, () => this.#writeFence());
    this.#deadline = this.#clock.after(this.#options.timeoutMs, () => this.#giveUp());
    const { widthPixels, heightPixels } = this.output;
    return { widthPixels, heightPixels, rgb: await promise };
  }

  /** Ends the process. Idempotent. */
  async close(): Promise<void> {
    this.#fail(new MediaError('canceled', 'decoder-closed', 'the decoder was closed'));
    await this.#process.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #nextNumber(): number {
    return this.#number++;
  }

  #writeFence(): void {
    this.#write(this.#nextNumber(), FENCE_KEY_FRAMES[this.codecName]);
  }

  #write(number: number, bytes: Uint8Array): void {
    const isTaken =
      this.#process.write(matroskaFrameHead(number, bytes.length)) && this.#process.write(bytes);
    // Half a frame would put the next one out of step.
    if (!isTaken) this.#fail(decoderEnded());
  }

  #read(reader: NutFrameReader, chunk: Buffer): void {
    if (this.#failure) return;
    try {
      reader.push(chunk);
    } catch (thrown) {
      this.#fail(toMediaError(thrown));
    }
  }

  #onFrame({ timeMs, data }: NutFrame, frameBytes: number): void {
    const waiting = this.#waiting;
    // A fence, or a second picture of a frame that had its answer.
    if (!waiting || timeMs < waiting.number) return;
    this.#settle();
    if (timeMs === waiting.number && data.length === frameBytes) waiting.resolve(data);
    else waiting.reject(undecodable());
  }

  /** It does not even answer a fence. */
  #giveUp(): void {
    this.#fail(undecodable());
    void this.#process.close();
  }

  #fail(failure: MediaError): void {
    this.#failure ??= failure;
    const waiting = this.#waiting;
    this.#settle();
    waiting?.reject(failure);
    if (!this.#process.isRunning) return;
    void this.#process.close();
  }

  #settle(): void {
    this.#waiting = undefined;
    this.#fenceTimer?.cancel();
    this.#deadline?.cancel();
  }
}

function undecodable(): MediaError {
  return new MediaError(
    'deadline-exceeded',
    'key-frame-undecodable',
    'no picture came out of the key frame',
  );
}

function decoderEnded(): MediaError {
  return new MediaError('unavailable', 'decoder-ended', 'the decoder ended');
}
