// A camera whose picture is the clock: raw frames into ffmpeg, ffmpeg to the server.
import type { Writable } from 'node:stream';
import type { FrameSize } from './barcode-frame.ts';
import { frameBytes, paintBarcode } from './barcode-frame.ts';
import type { ChildProgram } from './child-program.ts';
import { startFfmpegPublisher, waitUntilPublishing } from './ffmpeg-publisher.ts';

/** Where and how the clock is published. */
export interface BarcodeCameraOptions {
  readonly url: string;
  readonly transport?: 'tcp' | 'udp';
  readonly framesPerSecond?: number;
  /** Distance of key frames in frames; one second by default. */
  readonly gopFrames?: number;
  readonly bitrateKbps?: number;
  readonly hasAudio?: boolean;
}

const SIZE: FrameSize = { width: 640, height: 360 };

/** Publishes 640x360 H264. Whoever starts it stops it. */
export class BarcodeCamera implements AsyncDisposable {
  /** Frames that ffmpeg was too slow to take. */
  skippedFrames = 0;
  readonly #publisher: ChildProgram;
  readonly #framesPerSecond: number;
  readonly #frame = new Uint8Array(frameBytes(SIZE));
  readonly #startedAt = performance.now();
  #frameNumber = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(publisher: ChildProgram, framesPerSecond: number) {
    this.#publisher = publisher;
    this.#framesPerSecond = framesPerSecond;
  }

  static async start(options: BarcodeCameraOptions): Promise<BarcodeCamera> {
    const framesPerSecond = options.framesPerSecond ?? 30;
    const bitrateKbps = options.bitrateKbps ?? 1500;
    const publisher = startFfmpegPublisher({
      url: options.url,
      transport: options.transport ?? 'tcp',
      audio: options.hasAudio === true ? 'opus' : 'none',
      size: `${SIZE.width}x${SIZE.height}`,
      framesPerSecond,
      gopFrames: options.gopFrames ?? framesPerSecond,
      bitrateKbps,
      isFedByTest: true,
      outputArgs: [
        ...['-fps_mode', 'passthrough', '-maxrate', `${bitrateKbps}k`],
        ...['-bufsize', `${bitrateKbps / 2}k`],
      ],
    });
    const camera = new BarcodeCamera(publisher, framesPerSecond);
    // A publisher that dies says so in waitUntilPublishing() and in its exit, not through its input.
    publisher.stdin.on('error', () => undefined);
    camera.#paintNext();
    try {
      await waitUntilPublishing(publisher);
    } catch (error) {
      await camera.stop();
      throw error;
    }
    return camera;
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#publisher.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #paintNext(): void {
    const input: Writable = this.#publisher.stdin;
    if (this.#publisher.exit !== undefined) return;
    if (input.writableNeedDrain) {
      this.skippedFrames += 1;
    } else {
      const stamp = { stampMs: Date.now(), frameNumber: this.#frameNumber };
      paintBarcode(this.#frame, SIZE, stamp);
      // The stream may keep what it was given until it is flushed.
      input.write(this.#frame.slice());
    }
    this.#frameNumber += 1;
    const dueAt = this.#startedAt + (this.#frameNumber * 1000) / this.#framesPerSecond;
    this.#timer = setTimeout(() => this.#paintNext(), Math.max(0, dueAt - performance.now()));
  }
}
