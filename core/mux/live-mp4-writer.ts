// Writes MP4 for somebody who watches while it is written: header first, then fragments, nothing to go back to.
import { MediaError } from '../base/media-error.ts';
import { BoxWriter } from './box-writer.ts';
import type { ContainerWriter, MuxSample, MuxTrack, MuxWrite } from './container-writer.ts';
import { buildFragmentedMovie } from './movie-box.ts';
import { buildMovieFragment } from './movie-fragment.ts';
import { Mp4Track } from './mp4-track.ts';

const BRANDS: readonly string[] = ['iso5', 'iso6', 'mp41'];
const MAX_PART_BYTES = 1 << 28;

/**
 * Each write begins where the one before ended. Payload is never copied, as with Mp4Writer; nothing
 * is remembered of samples that were written, so it can run for ever.
 */
export class LiveMp4Writer implements ContainerWriter {
  readonly extension = '.mp4';
  readonly #tracks: readonly Mp4Track[];
  #position = 0;
  #partBytes = 0;
  #partCount = 0;

  /** @throws MediaError as createMp4Format(). */
  constructor(tracks: readonly MuxTrack[]) {
    this.#tracks = tracks.map((track, index) => new Mp4Track(track, index + 1));
  }

  begin(): readonly MuxWrite[] {
    return this.#tracks.every((track) => track.isReady) ? [this.#start()] : [];
  }

  add(sample: MuxSample): void {
    const { trackIndex } = sample;
    const track = this.#tracks[trackIndex];
    if (track === undefined) {
      const message = `there is no track ${trackIndex} of ${this.#tracks.length}; live MP4`;
      throw new MediaError('invalid-argument', 'track-index', message);
    }
    this.#partBytes += track.add(sample);
    if (this.#partBytes <= MAX_PART_BYTES) return;
    const message = `one part has ${this.#partBytes} bytes; live MP4`;
    throw new MediaError('resource-exhausted', 'part-too-large', message);
  }

  endPart(): readonly MuxWrite[] {
    const tracks = this.#tracks.filter(({ pending }) => pending.count > 0);
    if (tracks.length === 0) return [];
    const writes = this.#position === 0 ? [this.#start()] : [];
    this.#partCount++;
    const fragment = buildMovieFragment(
      this.#partCount,
      tracks.map((track) => track.run()),
    );
    const chunks = [fragment];
    for (const { pending } of tracks) {
      for (const chunk of pending.chunks) chunks.push(chunk);
      pending.clear();
    }
    this.#partBytes = 0;
    writes.push(this.#write(chunks));
    return writes;
  }

  finish(): readonly MuxWrite[] {
    return this.endPart();
  }

  #start(): MuxWrite {
    const writer = new BoxWriter();
    writer.open('ftyp').latin1('iso5').uint32(0x200);
    for (const brand of BRANDS) writer.latin1(brand);
    writer.close();
    const tracks = this.#tracks.map((track) => track.describe(false));
    const header = { createdSeconds: 0, userData: new Uint8Array(0) };
    return this.#write([writer.toBytes(), buildFragmentedMovie(header, tracks)]);
  }

  #write(chunks: readonly Uint8Array[]): MuxWrite {
    const position = this.#position;
    for (const { length } of chunks) this.#position += length;
    return { position, chunks };
  }
}
