// The rules that a fragment has to keep (K-18 to K-22 of the facts), told as ErrorIds.
import { checkFrame } from './frame-check.ts';
import type { KvsFrame } from './kvs-stream-store.ts';
import type { MkvTag } from './mkv-header.ts';
import type { MkvBlock, MkvHeader } from './mkv-reader.ts';
import { invalidMkv, PutMediaFault } from './put-media-fault.ts';

export interface FragmentLimits {
  readonly minDurationMs: number;
  readonly maxDurationMs: number;
  readonly maxTags: number;
}

/** Rounding to whole ms, and a camera's jitter, may make a fragment look this much shorter. */
const SLACK_MS = 50;

/** A fragment that grows. */
export class FragmentDraft {
  readonly timecodeMs: number;
  readonly frames: KvsFrame[] = [];
  readonly #header: MkvHeader;
  readonly #limits: FragmentLimits;

  /** @throws PutMediaFault 4009 for too many tags. */
  constructor(
    header: MkvHeader,
    start: { readonly timecodeMs: number; readonly tags: readonly MkvTag[] },
    limits: FragmentLimits,
  ) {
    const { timecodeMs, tags } = start;
    if (tags.length > limits.maxTags) throw new PutMediaFault(4009, `${tags.length} tags`);
    this.timecodeMs = timecodeMs;
    this.#header = header;
    this.#limits = limits;
  }

  /** Estimate: from the first frame to the end of the last, by the mean step of the main track. */
  get durationMs(): number {
    const main = this.#mainTrack();
    const times = this.frames
      .filter((frame) => frame.trackNumber === main)
      .map(({ timecodeMs }) => timecodeMs);
    const spanMs = times.length === 0 ? 0 : Math.max(...times) - Math.min(...times);
    return times.length < 2 ? spanMs : (spanMs * times.length) / (times.length - 1);
  }

  get isTooShort(): boolean {
    return this.durationMs < this.#limits.minDurationMs - SLACK_MS;
  }

  /** @throws PutMediaFault */
  add(block: MkvBlock): void {
    const { trackNumber, relativeMs, isKey, data } = block;
    const track = this.#header.tracks.find(({ number }) => number === trackNumber);
    if (track === undefined) {
      throw new PutMediaFault(4010, `a block of track ${trackNumber}, which Tracks does not name`);
    }
    if (this.frames.length === 0 && trackNumber !== this.#mainTrack()) {
      throw invalidMkv(`the Cluster begins with track ${trackNumber}, which is not the video`);
    }
    if (this.frames.length === 0 && !isKey) {
      throw invalidMkv('the Cluster begins with a frame that is no key frame');
    }
    if (relativeMs >= this.#limits.maxDurationMs) {
      throw new PutMediaFault(4002, `a frame ${relativeMs} ms into the fragment`);
    }
    checkFrame(track, block);
    const timecodeMs = this.timecodeMs + relativeMs;
    this.frames.push({ trackNumber, timecodeMs, isKey, sizeBytes: data.length });
  }

  /** The Cluster is whole. @throws PutMediaFault 4011 when a track has no frame. */
  finish(): void {
    for (const { number, codecId } of this.#header.tracks) {
      if (!this.frames.some(({ trackNumber }) => trackNumber === number)) {
        throw new PutMediaFault(4011, `no frame of track ${number}, ${codecId}`);
      }
    }
  }

  #mainTrack(): number | undefined {
    const { tracks } = this.#header;
    return (tracks.find(({ type }) => type === 'video') ?? tracks[0])?.number;
  }
}
