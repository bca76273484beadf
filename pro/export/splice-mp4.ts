// Writes an MP4 whose media are ranges of other files: moov first, nothing decoded, nothing copied twice.
import { open, type FileHandle } from 'node:fs/promises';
import { writeUint32 } from '../../core/base/bytes.ts';
import { MediaError } from '../../core/base/media-error.ts';
import { FileRanges } from './file-ranges.ts';
import { writeFileType, writeMovie, type Chapter, type Chunk } from './movie-box.ts';
import type { DecodeTimes, OutputTrack } from './output-track.ts';

/** What to write, and where. */
export interface Splice {
  /** Absolute names; samples say which. */
  readonly files: readonly string[];
  /** Only tracks with samples. */
  readonly tracks: readonly OutputTrack[];
  readonly chapters: readonly Chapter[];
  /** Absolute name of a file that doesn't exist. */
  readonly outputFile: string;
  readonly maxBytes: number;
}

/** How to follow it. */
export interface SpliceWatch {
  readonly signal: AbortSignal;
  /** 0..1. */
  readonly onProgress: (progress: number) => void;
}

interface Plan {
  readonly head: Buffer;
  readonly chunks: readonly Chunk[];
  readonly mediaBytes: number;
}

/** Pictures and sound of this time stand together, so that a player reads ahead little. */
const CHUNK_S = 0.5;
const WRITE_BYTES = 1024 * 1024;

/**
 * Writes the file and waits until the disk has it.
 * @throws MediaError `resource-exhausted` `export-too-large` before the first byte is written.
 */
export async function spliceMp4(splice: Splice, watch: SpliceWatch): Promise<void> {
  const { head, chunks, mediaBytes } = plan(splice);
  const totalBytes = head.length + mediaBytes;
  if (totalBytes > splice.maxBytes) {
    const text = `export: the file would have ${totalBytes} bytes, ${splice.maxBytes} are allowed`;
    throw new MediaError('resource-exhausted', 'export-too-large', text);
  }
  await using ranges = new FileRanges(splice.files);
  await using file = await open(splice.outputFile, 'wx');
  const output = new OutputFile(file);
  await output.write(head);
  for (const chunk of chunks) {
    watch.signal.throwIfAborted();
    await writeChunk(splice, chunk, { ranges, output });
    watch.onProgress(output.writtenBytes / totalBytes);
  }
  await output.flush();
  await file.sync();
}

async function writeChunk(
  { tracks }: Splice,
  chunk: Chunk,
  { ranges, output }: { ranges: FileRanges; output: OutputFile },
): Promise<void> {
  const track = tracks[chunk.track];
  if (!track) return;
  const end = chunk.firstSample + chunk.sampleCount;
  for (let sample = chunk.firstSample; sample < end; sample++) {
    const prefix = track.prefix(sample);
    if (prefix) await output.write(prefix);
    const bytes = await ranges.read({
      file: track.files[sample] ?? 0,
      lane: chunk.track,
      position: track.positions[sample] ?? 0,
      sizeBytes: track.fileBytes[sample] ?? 0,
    });
    await output.write(bytes);
  }
}

function plan({ tracks, chapters }: Splice): Plan {
  const times = tracks.map((track) => track.decodeTimes());
  const chunks = interleave(tracks, times);
  const mediaBytes = chunks.reduce((sum, chunk) => sum + chunk.sizeBytes, 0);
  const fileType = writeFileType();
  const mediaHeader = writeMediaHeader(mediaBytes);
  const layout = { tracks, times, chunks, chapters };
  const before = fileType.length + mediaHeader.length;
  // Positions do not change the length of the boxes, unless they grow to 64 bits.
  const draft = writeMovie({ ...layout, mediaStart: 0 });
  let movie = writeMovie({ ...layout, mediaStart: before + draft.length });
  if (movie.length !== draft.length) {
    movie = writeMovie({ ...layout, mediaStart: before + movie.length });
  }
  return { head: Buffer.concat([fileType, movie, mediaHeader]), chunks, mediaBytes };
}

/** Chunks of all tracks in the order of their times. */
function interleave(tracks: readonly OutputTrack[], times: readonly DecodeTimes[]): Chunk[] {
  const next = tracks.map(() => 0);
  const chunks: Chunk[] = [];
  const startS = Math.min(
    ...tracks.map((track, i) => (times[i]?.startTicks ?? 0) / track.info.timescaleHz),
  );
  const nextS = (): number =>
    Math.min(
      ...tracks.map((track, i) => {
        const ticks = times[i]?.decodeTicks[next[i] ?? 0];
        return ticks === undefined ? Infinity : ticks / track.info.timescaleHz;
      }),
    );
  // A gap of hours is one step.
  for (let untilS = startS; nextS() < Infinity;) {
    untilS = Math.max(untilS, nextS()) + CHUNK_S;
    for (const [index, track] of tracks.entries()) {
      const ticks = times[index]?.decodeTicks ?? [];
      const firstSample = next[index] ?? 0;
      let sample = firstSample;
      let sizeBytes = 0;
      const untilTicks = untilS * track.info.timescaleHz;
      for (; sample < track.sampleCount && (ticks[sample] ?? 0) < untilTicks; sample++) {
        sizeBytes += track.sizeBytes(sample);
      }
      if (sample === firstSample) continue;
      chunks.push({ track: index, firstSample, sampleCount: sample - firstSample, sizeBytes });
      next[index] = sample;
    }
  }
  return chunks;
}

/** A header of mdat with 32 or 64 bits of length. */
function writeMediaHeader(mediaBytes: number): Buffer {
  const isLong = mediaBytes + 8 >= 2 ** 32;
  const header = Buffer.alloc(isLong ? 16 : 8);
  header.write('mdat', 4, 'latin1');
  writeUint32(header, 0, isLong ? 1 : mediaBytes + 8);
  if (isLong) header.writeBigUInt64BE(BigInt(mediaBytes + 16), 8);
  return header;
}

/** Collects small pieces into large writes. */
class OutputFile {
  writtenBytes = 0;
  readonly #file: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(WRITE_BYTES);
  #used = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#used + bytes.length > WRITE_BYTES) await this.flush();
    if (bytes.length > WRITE_BYTES) {
      await this.#writeAll(bytes);
    } else {
      this.#buffer.set(bytes, this.#used);
      this.#used += bytes.length;
    }
    this.writtenBytes += bytes.length;
  }

  async flush(): Promise<void> {
    const used = this.#used;
    this.#used = 0;
    await this.#writeAll(this.#buffer.subarray(0, used));
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at);
      at += bytesWritten;
    }
  }
}
