// Writes MP4 files that play while they grow (fragmented) and are plain, seekable ones when closed.
import { MediaError } from '../base/media-error.ts';
import { BoxWriter } from './box-writer.ts';
import { closingWrites, MIN_RESERVED_BYTES, shortHeader } from './closing-writes.ts';
import type { ContainerWriter, MuxSample, MuxTrack, MuxWrite } from './container-writer.ts';
import { estimateMovieBytes } from './estimate-movie-bytes.ts';
import { buildFragmentedMovie, buildMovie, type MovieHeader } from './movie-box.ts';
import { buildMovieFragment } from './movie-fragment.ts';
import { Mp4Track } from './mp4-track.ts';
import { buildUserData } from './user-data.ts';

/** What a file is about. */
export interface Mp4WriterOptions {
  /**
   * How long the file will probably become; 10 minutes by default. The index of so much media has
   * room at the start of the file, as a hole. When it becomes longer the index goes to the end.
   * The room ends at 16 MiB, which is enough for several hours.
   */
  readonly expectedDurationMs?: number;
  /** Wall time of the first sample, Date ms; unknown by default. */
  readonly createdAt?: number;
  readonly title?: string;
}

const DEFAULT_EXPECTED_DURATION_MS = 10 * 60_000;
const MAX_RESERVED_BYTES = 16 << 20;
const BLOCK_BYTES = 4096;
const MAX_PART_BYTES = 1 << 30;
const MAX_TRACKS = 64;
const SECONDS_1904_TO_1970 = 2_082_844_800;
const BRANDS: readonly string[] = ['isom', 'iso5', 'iso6', 'mp41'];
const BRANDS_WITH_AV1: readonly string[] = [...BRANDS, 'av01', 'mp42'];

/**
 * Payload is never copied: the writes of a part hold views on the bytes of its samples, which must
 * stay as they are until those writes are done. When a codec tells its picture size in the first
 * key frame only (VP8, VP9, sometimes AV1), `begin` is empty and the first part brings the header.
 */
export class Mp4Writer implements ContainerWriter {
  readonly extension = '.mp4';
  readonly #tracks: readonly Mp4Track[];
  readonly #header: MovieHeader;
  readonly #brands: readonly string[];
  readonly #wantedBytes: number;
  #moviePosition = 0;
  #reservedPosition = 0;
  #endPosition = 0;
  #partBytes = 0;
  #partCount = 0;

  /** @throws MediaError `unsupported` for a codec that MP4 cannot hold; more in createMp4Format(). */
  constructor(tracks: readonly MuxTrack[], options: Mp4WriterOptions = {}) {
    if (tracks.length === 0 || tracks.length > MAX_TRACKS) {
      throw new MediaError('invalid-argument', 'track-count', `${tracks.length} tracks; MP4 file`);
    }
    this.#tracks = tracks.map((track, index) => new Mp4Track(track, index + 1));
    this.#brands = tracks.some(({ codec }) => codec.name === 'AV1') ? BRANDS_WITH_AV1 : BRANDS;
    const { createdAt, expectedDurationMs = DEFAULT_EXPECTED_DURATION_MS } = options;
    this.#header = {
      createdSeconds: createdAt === undefined ? 0 : toMovieTime(createdAt),
      userData: buildUserData(options.title),
    };
    this.#wantedBytes = estimateMovieBytes(tracks, expectedDurationMs);
  }

  begin(): readonly MuxWrite[] {
    return this.#tracks.every((track) => track.isReady) ? [this.#start()] : [];
  }

  add(sample: MuxSample): void {
    const track = this.#tracks[sample.trackIndex];
    if (track === undefined) {
      throw new MediaError(
        'invalid-argument',
        'track-index',
        `there is no track ${sample.trackIndex} of ${this.#tracks.length}; MP4 file`,
      );
    }
    this.#partBytes += track.add(sample);
    if (this.#partBytes > MAX_PART_BYTES) {
      throw new MediaError(
        'resource-exhausted',
        'part-too-large',
        `one part has ${this.#partBytes} bytes; MP4 file`,
      );
    }
  }

  endPart(): readonly MuxWrite[] {
    const tracks = this.#tracks.filter(({ pending }) => pending.count > 0);
    if (tracks.length === 0) return [];
    const writes = this.#endPosition === 0 ? [this.#start()] : [];
    this.#partCount++;
    const runs = tracks.map((track) => track.run());
    const fragment = buildMovieFragment(this.#partCount, runs);
    const chunks = [fragment];
    writes.push({ position: this.#endPosition, chunks });
    this.#endPosition += fragment.length;
    for (const [index, track] of tracks.entries()) {
      const { sizeBytes } = track.pending;
      for (const chunk of track.pending.chunks) chunks.push(chunk);
      track.commit(this.#endPosition, runs[index]?.lastDurationTicks ?? 0);
      this.#endPosition += sizeBytes;
    }
    this.#partBytes = 0;
    return writes;
  }

  finish(): readonly MuxWrite[] {
    const writes = this.endPart();
    if (this.#partCount === 0) return writes;
    const samples = this.#tracks.map((track) => {
      track.table.finish();
      return { track: track.describe(true), table: track.table };
    });
    const closing = closingWrites(buildMovie(this.#header, samples), {
      moviePosition: this.#moviePosition,
      reservedPosition: this.#reservedPosition,
      reservedBytes: this.#reservedBytes(),
      endPosition: this.#endPosition,
    });
    return [...writes, ...closing];
  }

  /** The head of the file; the reserved room behind it stays a hole. */
  #start(): MuxWrite {
    const writer = new BoxWriter();
    writer.open('ftyp').latin1('isom').uint32(0x200);
    for (const brand of this.#brands) writer.latin1(brand);
    this.#moviePosition = writer.close().length;
    const tracks = this.#tracks.map((track) => track.describe(false));
    writer.bytes(buildFragmentedMovie(this.#header, tracks));
    this.#reservedPosition = writer.length;
    writer.bytes(shortHeader('free', this.#reservedBytes()));
    this.#endPosition = this.#reservedPosition + this.#reservedBytes();
    return { position: 0, chunks: [writer.toBytes()] };
  }

  /** Ends at a block of the file system, so that the hole takes no space. */
  #reservedBytes(): number {
    const wanted = Math.min(this.#wantedBytes, MAX_RESERVED_BYTES) + MIN_RESERVED_BYTES;
    const end = Math.ceil((this.#reservedPosition + wanted) / BLOCK_BYTES) * BLOCK_BYTES;
    return end - this.#reservedPosition;
  }
}

function toMovieTime(dateMs: number): number {
  return Math.max(0, Math.floor(dateMs / 1000) + SECONDS_1904_TO_1970);
}
