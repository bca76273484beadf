// At most one AAC-to-Opus transcoder per stream, shared by all viewers that need it.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import type { Mpeg4AudioCodec } from '../codec/codec.ts';
import type { PathConfig } from '../config/config.ts';
import type { Stream } from '../stream/stream.ts';
import type { Track } from '../stream/track.ts';
import { canTranscode, OpusTranscoder } from './opus-transcoder.ts';

/** What the transcoders work with. */
export interface OpusTranscodersComponents {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Limits, and where ffmpeg is looked for. */
export interface OpusTranscodersOptions {
  /** Transcoders that may run at once; each costs a process. */
  readonly maxTranscoders?: number;
  /** Folders to look for ffmpeg in, separated as in PATH. */
  readonly searchPath: string;
}

interface Shared {
  readonly transcoder: OpusTranscoder;
  shares: number;
}

/** A share in a transcoder. */
interface Share {
  readonly stream: Stream;
  close(): void;
}

const DEFAULT_MAX_TRANSCODERS = 64;

/** Fits the `AudioTranscoders` of core/webrtc by its shape. */
export class OpusTranscoders {
  readonly #components: OpusTranscodersComponents;
  readonly #maxTranscoders: number;
  readonly #program: string | undefined;
  readonly #running = new Map<Stream, Shared>();
  /** Streams whose audio ffmpeg could not take: their video plays alone. */
  readonly #unplayable = new WeakSet<Stream>();
  #hasSaidMissing = false;

  constructor(components: OpusTranscodersComponents, options: OpusTranscodersOptions) {
    this.#components = components;
    this.#maxTranscoders = options.maxTranscoders ?? DEFAULT_MAX_TRANSCODERS;
    this.#program = findProgram('ffmpeg', options.searchPath);
  }

  /** Streams that are transcoded now. */
  get count(): number {
    return this.#running.size;
  }

  /** Whether the stream has AAC as its only audio and the path allows to transcode it. */
  wanted(stream: Stream, config: PathConfig): boolean {
    const audio = stream.tracks.filter((track) => track.kind === 'audio');
    const hasOther = audio.some((track) => track.codec.name !== 'MPEG-4 Audio');
    const found = aacTrackOf(stream);
    if (!config.webrtcAudioTranscode || hasOther || !found || !canTranscode(found.codec)) {
      return false;
    }
    if (this.#unplayable.has(stream)) return false;
    if (this.#program === undefined) {
      this.#sayMissing();
      return false;
    }
    return this.#running.has(stream) || this.#running.size < this.#maxTranscoders;
  }

  /** Takes a share; starts the transcoder for the first one. @throws MediaError `failed-precondition`. */
  acquire(stream: Stream): Share {
    const shared = this.#running.get(stream) ?? this.#start(stream);
    shared.shares++;
    let isOpen = true;
    return {
      stream: shared.transcoder.stream,
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        shared.shares--;
        if (shared.shares === 0) this.#stop(stream, shared);
      },
    };
  }

  /** Ends every transcoder. */
  close(): void {
    for (const [stream, shared] of [...this.#running]) this.#stop(stream, shared);
  }

  #start(stream: Stream): Shared {
    const found = aacTrackOf(stream);
    if (!found || this.#program === undefined) {
      throw new MediaError('failed-precondition', 'not-transcodable', 'nothing to transcode');
    }
    const logger = this.#components.logger.scope('transcoder');
    const shared: Shared = {
      shares: 0,
      transcoder: new OpusTranscoder(
        { clock: this.#components.clock, logger },
        {
          source: stream,
          ...found,
          program: this.#program,
          onFailed: (reason) => {
            this.#running.delete(stream);
            this.#unplayable.add(stream);
            logger.error(
              `AAC to Opus by ffmpeg ${reason}; this stream stays without sound in browsers`,
            );
          },
        },
      ),
    };
    this.#running.set(stream, shared);
    return shared;
  }

  #stop(stream: Stream, shared: Shared): void {
    if (this.#running.get(stream) === shared) this.#running.delete(stream);
    shared.transcoder.close();
  }

  #sayMissing(): void {
    if (this.#hasSaidMissing) return;
    this.#hasSaidMissing = true;
    this.#components.logger.warn(
      'ffmpeg was not found: AAC audio stays silent in browsers; ' +
        'install ffmpeg, or let the camera send Opus or G711',
    );
  }
}

function aacTrackOf(
  stream: Stream,
): { readonly track: Track; readonly codec: Mpeg4AudioCodec } | undefined {
  for (const track of stream.tracks) {
    const { codec } = track;
    if (codec.name === 'MPEG-4 Audio') return { track, codec };
  }
  return undefined;
}

/** The first executable file called `name` in the folders of `searchPath`. */
function findProgram(name: string, searchPath: string): string | undefined {
  for (const folder of searchPath.split(delimiter)) {
    if (folder === '') continue;
    const candidate = join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      if (statSync(candidate).isFile()) return candidate;
    } catch {
      // Not in this folder: the next one may have it.
    }
  }
  return undefined;
}
