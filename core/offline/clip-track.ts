// A short clip in memory that plays in a loop: the picture of a generated slate.
import { fileURLToPath } from 'node:url';
import { ALL_FORMATS, FilePathSource, Input, type EncodedPacket } from 'mediabunny';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import { FileTrack } from '../file/file-track.ts';
import type { SlateTrack } from './slate-track.ts';

/** Clips that are shipped, by codec as mediamtx.yml names it. */
const CLIPS = { H264: 'h264', H265: 'h265', VP9: 'vp9', AV1: 'av1' } as const;

/** A codec that there is a clip for. */
export type ClipCodec = keyof typeof CLIPS;

/** Plays one of the clips in core/assets. */
export class ClipTrack implements SlateTrack {
  readonly #track: FileTrack;
  readonly #samples: readonly EncodedPacket[];
  #position = 0;
  #passes = 0;

  private constructor(track: FileTrack, samples: readonly EncodedPacket[]) {
    this.#track = track;
    this.#samples = samples;
  }

  get description(): TrackDescription {
    return this.#track.description;
  }

  /** @throws MediaError `unavailable` when the clip is missing or damaged. */
  static async open(codec: ClipCodec, payloadType: number): Promise<ClipTrack> {
    const url = new URL(`../assets/offline-${CLIPS[codec]}.mp4`, import.meta.url);
    try {
      using input = new Input({
        source: new FilePathSource(fileURLToPath(url)),
        formats: ALL_FORMATS,
      });
      const video = await input.getPrimaryVideoTrack();
      if (!video) throw new MediaError('internal', 'internal', 'there is no video');
      const track = await FileTrack.open(video, payloadType);
      const samples: EncodedPacket[] = [];
      for await (const sample of track.packets()) samples.push(sample);
      return new ClipTrack(track, samples);
    } catch (thrown) {
      const message = `the ${codec} clip of the installation can't be read: ${toMediaError(thrown).message}`;
      throw new MediaError('unavailable', 'slate-unreadable', message, { cause: thrown });
    }
  }

  begin(onPacket: (packet: Uint8Array) => void): void {
    this.#position = 0;
    this.#passes = 0;
    this.#track.connect(onPacket);
  }

  playUntil(elapsedS: number): void {
    for (;;) {
      const sample = this.#samples[this.#position];
      if (!sample) return;
      const timeS = this.#passes * this.#track.durationS + sample.timestamp;
      if (timeS >= elapsedS) return;
      this.#track.play(sample, timeS);
      this.#position++;
      if (this.#position < this.#samples.length) continue;
      this.#position = 0;
      this.#passes++;
    }
  }
}
