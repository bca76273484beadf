// A fragment source on a real stream that a test feeds packet by packet, with a clock it turns.
import { setImmediate as turn } from 'node:timers/promises';
import type { MediaError } from '../../../core/base/media-error.ts';
import { MediaError as MediaFailure } from '../../../core/base/media-error.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { Stream } from '../../../core/stream/stream.ts';
import type { StreamWriter } from '../../../core/stream/stream-writer.ts';
import type { FfmpegProvider } from '../../../pro/ffmpeg/ffmpeg-program.ts';
import {
  FragmentSource,
  type FragmentSourceOptions,
} from '../../../pro/put-media/fragment-source.ts';
import type { MediaFragment } from '../../../pro/put-media/media-fragment.ts';
import { clusterOf, ebmlElements, type FoundBlock } from '../../core/mux/ebml-elements.ts';
import { AAC as AAC_CODEC } from '../../core/mux/mux-media.ts';
import { CameraFeed, H264, type PictureOptions } from '../../core/record/camera-feed.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

export { H264, OPUS } from '../../core/record/camera-feed.ts';

/** AAC-LC, 48 kHz, stereo. */
export const AAC: TrackDescription = { kind: 'audio', codec: AAC_CODEC, payloadType: 97 };
export const VIDEO_TRACK = 1;
export const AUDIO_TRACK = 2;
/** Data of the frames that the feed sends. */
export const SOUND = 'aabbccdd';

const AAC_FRAME_TICKS = 1024;
/** One access unit of 4 bytes, RFC 3640 section 3.3.6. */
const AAC_PAYLOAD = `00100020${SOUND}`;
const MISSING: FfmpegProvider = {
  get: () => Promise.reject(new MediaFailure('unavailable', 'ffmpeg-missing', 'no ffmpeg')),
};

/** What is fed in 40 ms. */
export interface RigFrame extends PictureOptions {
  readonly hasSound?: boolean;
  readonly hasPicture?: boolean;
  /** Distance of key frames. */
  readonly gopMs?: number;
}

/** 25 pictures per second, a key frame each second, AAC on track 1 if there is one. */
export class FragmentRig {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly fragments: MediaFragment[] = [];
  readonly skipped: string[] = [];
  readonly ends: (MediaError | undefined)[] = [];
  readonly keyFrameRequestsMs: number[] = [];
  readonly stream: Stream;
  readonly feed: CameraFeed;
  readonly writer: StreamWriter;
  #soundTicks = 0;

  constructor(descriptions: readonly TrackDescription[] = [H264, AAC]) {
    this.stream = new Stream(descriptions, { clock: this.clock });
    this.writer = this.stream.attach(descriptions, {
      onKeyFrameRequest: () => this.keyFrameRequestsMs.push(this.clock.monotonicMs()),
    });
    this.feed = new CameraFeed(this.writer, descriptions);
  }

  open(options: Partial<FragmentSourceOptions> = {}, ffmpeg = MISSING): FragmentSource {
    const { stream, clock, logger } = this;
    const source = new FragmentSource(
      {
        ...{ stream, clock, logger, ffmpeg },
        listener: {
          fragment: (fragment) => void this.fragments.push(fragment),
          skipped: (kind, message) => void this.skipped.push(`${kind}: ${message}`),
          ended: (failure) => void this.ends.push(failure),
        },
      },
      { pathName: 'cam', audio: 'aac', ...options },
    );
    source.start();
    return source;
  }

  /** Media from `fromMs` on for `durationMs`; the clock goes along. */
  play(fromMs: number, durationMs: number, frame: RigFrame = {}): void {
    const { hasSound = true, hasPicture = true, gopMs = 1000, ...picture } = frame;
    for (let atMs = fromMs; atMs < fromMs + durationMs; atMs += 40) {
      if (hasPicture) this.feed.picture(atMs * 90, { isKey: atMs % gopMs === 0, ...picture });
      if (hasSound) this.#sound(atMs);
      this.clock.advance(40);
    }
  }

  /** Lets everything that is not in step with the clock go on. */
  async settle(): Promise<void> {
    await turn();
    await turn();
  }

  /** Frames that are complete at `atMs`. */
  #sound(atMs: number): void {
    if (this.stream.tracks.length < 2) return;
    const fromTicks = Math.floor(((atMs - 40) * 48) / AAC_FRAME_TICKS + 1) * AAC_FRAME_TICKS;
    this.#soundTicks = Math.max(this.#soundTicks, fromTicks);
    for (; this.#soundTicks <= atMs * 48; this.#soundTicks += AAC_FRAME_TICKS) {
      this.feed.send(1, this.#soundTicks, AAC_PAYLOAD, true);
      this.writer.publish();
    }
  }
}

/** Blocks of a fragment, of one track if given. */
export function blocksOf(fragment: MediaFragment | undefined, track?: number): FoundBlock[] {
  const elements = ebmlElements(Buffer.concat(fragment?.cluster(0) ?? []));
  const cluster = elements.at(-1);
  if (cluster === undefined) return [];
  const { blocks } = clusterOf(cluster);
  return blocks.filter((block) => track === undefined || block.track === track);
}

/** Hexadecimal payloads. */
export function payloads(blocks: readonly FoundBlock[]): string[] {
  return blocks.map(({ payload }) => Buffer.from(payload).toString('hex'));
}
