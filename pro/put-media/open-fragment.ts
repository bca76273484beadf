// A fragment while it is collected: pictures and sound of one Cluster, without holes in the sound.
import { buildClusterStart, MatroskaCluster } from '../../core/mux/matroska-cluster.ts';
import { AUDIO_TRACK, VIDEO_TRACK, type FragmentFormat } from './fragment-format.ts';
import type { MediaFragment, MediaHeader } from './media-fragment.ts';

/** Where it begins. */
export interface FragmentStart {
  readonly format: FragmentFormat;
  /** Showing time of its key frame, in milliseconds of the video's timeline. */
  readonly startMs: number;
  /** The same as wall time, Date ms. */
  readonly timecodeMs: number;
  /** Up to where sound of the fragment before reaches, same timeline as `startMs`. */
  readonly audioEndMs: number;
  /** Stands before the Cluster; may be empty. */
  readonly tags: Uint8Array;
}

/** One picture with its times in milliseconds of the video's timeline. */
export interface FragmentPicture {
  readonly units: readonly Uint8Array[];
  readonly ptsMs: number;
  readonly isKeyFrame: boolean;
}

/** Shorter holes and overlaps in the sound are jitter of its timestamps; lips don't show them. */
const JITTER_MS = 30;

/** Takes samples in the order of time. */
export class OpenFragment {
  readonly startMs: number;
  /** Pictures in it. */
  pictures = 0;
  readonly #start: FragmentStart;
  readonly #cluster = new MatroskaCluster();
  readonly #chunks: Uint8Array[] = [];
  #audioFrames = 0;
  #audioEndMs: number;
  #lastAudioMs = Number.NEGATIVE_INFINITY;

  constructor(start: FragmentStart) {
    this.#start = start;
    this.startMs = start.startMs;
    this.#audioEndMs = start.audioEndMs;
  }

  get sizeBytes(): number {
    return this.#cluster.sizeBytes + this.#start.tags.length;
  }

  /** Up to where there is sound. */
  get audioEndMs(): number {
    return this.#audioEndMs;
  }

  /** Returns false for a picture that can't be told in it. */
  addVideo({ units, ptsMs, isKeyFrame }: FragmentPicture): boolean {
    const chunks = this.#chunks;
    chunks.length = 0;
    const { framing } = this.#start.format.video;
    const sample = { trackIndex: 0, units, dtsTicks: 0, ptsTicks: 0, isKeyFrame };
    const sizeBytes = framing.append(sample, chunks);
    const relativeMs = Math.round(ptsMs - this.startMs);
    const trackNumber = VIDEO_TRACK;
    if (!this.#cluster.add({ trackNumber, relativeMs, isKeyFrame, chunks, sizeBytes }))
      return false;
    this.pictures++;
    return true;
  }

  /** Returns false for a frame whose place is taken: it comes too late. */
  addAudio(frame: Uint8Array, atMs: number): boolean {
    const { silence } = this.#start.format;
    if (silence === undefined) return false;
    if (atMs < this.#audioEndMs - Math.max(JITTER_MS, silence.frameMs / 2)) return false;
    this.fillAudio(atMs);
    return this.#addFrame(frame, atMs);
  }

  /** Puts silence where there was no sound before `untilMs`. */
  fillAudio(untilMs: number): void {
    const { silence } = this.#start.format;
    if (silence === undefined || untilMs - this.#audioEndMs <= JITTER_MS) return;
    while (this.#audioEndMs + silence.frameMs <= untilMs) {
      if (!this.#addFrame(silence.frame, this.#audioEndMs)) return;
    }
  }

  /** Ends it at `endMs` of its timeline; it must not be used afterwards. */
  finish(endMs: number): MediaFragment {
    const { format, timecodeMs, tags } = this.#start;
    this.fillAudio(endMs);
    // A key frame may end it before the first frame of sound does.
    if (format.silence && this.#audioFrames === 0) {
      this.#addFrame(format.silence.frame, Math.max(this.startMs, this.#audioEndMs));
    }
    const durationMs = Math.max(1, Math.round(endMs - this.startMs));
    const { sizeBytes } = this;
    const blocks = this.#cluster.finish();
    return new ClusterFragment(format.header, { timecodeMs, durationMs, sizeBytes, tags, blocks });
  }

  #addFrame(frame: Uint8Array, atMs: number): boolean {
    const silence = this.#start.format.silence;
    const placeMs = Math.max(0, Math.round(atMs - this.startMs), this.#lastAudioMs + 1);
    const isTaken = this.#cluster.add({
      trackNumber: AUDIO_TRACK,
      relativeMs: placeMs,
      isKeyFrame: true,
      chunks: [frame],
      sizeBytes: frame.length,
    });
    if (!isTaken) return false;
    this.#audioFrames++;
    this.#lastAudioMs = placeMs;
    this.#audioEndMs = atMs + (silence?.frameMs ?? 0);
    return true;
  }
}

/** What a finished fragment consists of. */
interface ClusterContent {
  readonly timecodeMs: number;
  readonly durationMs: number;
  readonly sizeBytes: number;
  readonly tags: Uint8Array;
  readonly blocks: Uint8Array;
}

class ClusterFragment implements MediaFragment {
  readonly header: MediaHeader;
  readonly timecodeMs: number;
  readonly durationMs: number;
  readonly sizeBytes: number;
  readonly #tags: Uint8Array;
  readonly #blocks: Uint8Array;

  constructor(header: MediaHeader, content: ClusterContent) {
    this.header = header;
    this.timecodeMs = content.timecodeMs;
    this.durationMs = content.durationMs;
    this.sizeBytes = content.sizeBytes;
    this.#tags = content.tags;
    this.#blocks = content.blocks;
  }

  cluster(timestampMs: number): readonly Uint8Array[] {
    const start = buildClusterStart(timestampMs, this.#blocks.length);
    const chunks = [start, this.#blocks];
    return this.#tags.length === 0 ? chunks : [this.#tags, ...chunks];
  }
}
