// A stream as MP4 that is read while it is written: a recorder whose disk is a pipe.
import { Readable } from 'node:stream';
import type { Clock, Timer } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import { mediaKindOf, type Codec } from '../codec/codec.ts';
import { canMux } from '../mux/can-mux.ts';
import { LiveMp4Writer } from '../mux/live-mp4-writer.ts';
import type { Stream } from '../stream/stream.ts';
import { Recorder } from './recorder.ts';
import type { RecordingFormat } from './recording-format.ts';
import type { SegmentDisk, SegmentHandle } from './segment-disk.ts';

/** What is wanted of the stream. */
export interface LiveMp4Options {
  readonly pathName: string;
  /** Kinds of tracks to take. */
  readonly kinds: readonly ('video' | 'audio')[];
  /** Ends after this time; by default when the stream ends or its decoder has to begin anew. */
  readonly durationMs?: number | undefined;
  /** Ends the wait for the first key frame. */
  readonly signal: AbortSignal;
}

const PART_MS = 200;
/** What a slow reader may cost; beyond it pictures up to the next key frame are left out. */
const MAX_QUEUE_BYTES = 4 << 20;
const PIPE_BYTES = 256 * 1024;
const KEY_FRAME_TIMEOUT_MS = 10_000;
const SECOND_FILE = 'live-mp4-ended';

/**
 * Resolves when the first key frame is there. The recording ends when the readable is destroyed.
 * @throws MediaError `no-recordable-track`, `no-key-frame`, or why the stream ended.
 */
export async function openLiveMp4(
  { stream, clock }: { readonly stream: Stream; readonly clock: Clock },
  options: LiveMp4Options,
): Promise<Readable> {
  const pipe = new PipeDisk();
  const begun = Promise.withResolvers<undefined>();
  let limit: Timer | undefined;
  const recorder = new Recorder(
    {
      ...{ stream, clock, disk: pipe, logger: silentLogger },
      listener: {
        opened: () => begun.resolve(undefined),
        // Another file would need another header, which no player expects in the middle.
        closed: () => void recorder.close(),
        failed: (failure) => {
          if (failure.code === SECOND_FILE) void recorder.close();
          else pipe.readable.destroy(failure);
        },
        ended: (reason, failure) => {
          begun.reject(failure ?? notBegun(reason));
          pipe.end();
        },
        gap: ignore,
        skipped: ignore,
      },
    },
    {
      pathName: options.pathName,
      format: liveFormat(options.kinds),
      naming: { fileFor: () => '/live.mp4' },
      partDurationMs: PART_MS,
      maxQueueBytes: MAX_QUEUE_BYTES,
      keyFrameTimeoutMs: KEY_FRAME_TIMEOUT_MS,
    },
  );
  const abandon = (): void => begun.reject(notBegun('nobody waits for it'));
  options.signal.addEventListener('abort', abandon, { once: true });
  pipe.readable.once('close', () => {
    limit?.cancel();
    void recorder.close();
  });
  try {
    recorder.start();
    if (options.signal.aborted) abandon();
    await begun.promise;
  } catch (failure) {
    pipe.readable.destroy();
    throw failure;
  } finally {
    options.signal.removeEventListener('abort', abandon);
  }
  const { durationMs } = options;
  if (durationMs !== undefined) limit = clock.after(durationMs, () => void recorder.close());
  return pipe.readable;
}

function liveFormat(kinds: readonly string[]): RecordingFormat {
  return {
    extension: '.mp4',
    canMux: (codec: Codec) =>
      canMux('mp4', codec) && codec.name !== 'Generic' && kinds.includes(mediaKindOf(codec)),
    createWriter: (tracks) => new LiveMp4Writer(tracks),
  };
}

/** Holds one file, which somebody reads while it grows; writes wait for the reader. */
class PipeDisk implements SegmentDisk, SegmentHandle {
  readonly readable: Readable;
  #wake: (() => void) | undefined;
  #isTaken = false;
  #isEnded = false;

  constructor() {
    this.readable = new Readable({
      highWaterMark: PIPE_BYTES,
      read: () => this.#wake?.(),
      destroy: (failure, done) => {
        this.#wake?.();
        done(failure);
      },
    });
    // Who reads it learns of a failure by its end; without a listener it would end the process.
    this.readable.on('error', ignore);
  }

  async makeFolder(): Promise<void> {
    // There is no folder.
  }

  async remove(): Promise<void> {
    // Nothing stays.
  }

  create(): Promise<SegmentHandle> {
    if (this.#isTaken || this.#isGone) return Promise.reject(ended());
    this.#isTaken = true;
    return Promise.resolve(this);
  }

  async writev(chunks: readonly Uint8Array[]): Promise<{ readonly bytesWritten: number }> {
    if (this.#isGone) throw ended();
    let bytesWritten = 0;
    let hasRoom = true;
    for (const chunk of chunks) {
      bytesWritten += chunk.length;
      hasRoom = this.readable.push(chunk);
    }
    if (!hasRoom) await this.#room();
    return { bytesWritten };
  }

  async datasync(): Promise<void> {
    // Nothing to keep.
  }

  async truncate(): Promise<void> {
    // What was read was read.
  }

  stat(): Promise<{ readonly nlink: number }> {
    return Promise.resolve({ nlink: 1 });
  }

  async close(): Promise<void> {
    this.end();
    return Promise.resolve();
  }

  /** The reader gets what is in the pipe, then the end. Idempotent. */
  end(): void {
    if (this.#isGone) return;
    this.#isEnded = true;
    this.readable.push(null);
  }

  get #isGone(): boolean {
    return this.#isEnded || this.readable.destroyed;
  }

  async #room(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}

function ended(): MediaError {
  return new MediaError('canceled', 'live-mp4-ended', 'nobody reads the live MP4 any more');
}

function notBegun(why: string): MediaError {
  return new MediaError('unavailable', 'live-mp4-not-begun', `live MP4 did not begin: ${why}`);
}

function ignore(): void {
  // Of no interest to whoever watches.
}
