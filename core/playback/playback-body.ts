// Sends an answer, or some bytes of it, straight from the files: as fast as the client takes it.
import { Readable } from 'node:stream';
import { MediaError } from '../base/media-error.ts';
import { buildMovieFragment } from '../mux/movie-fragment.ts';
import { PartSelector } from './part-selection.ts';
import type { PlannedPart, PlaybackPlan } from './playback-plan.ts';
import { fragmentRunsOf } from './playback-planner.ts';
import { openRecording, type OpenRecording, type PlaybackLibrary } from './recording-source.ts';

/** Offsets of the first byte and behind the last one. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

const CHUNK_BYTES = 256 * 1024;

/** The bytes of `span`; files are open while they are read, one at a time. */
export function playbackBody(
  library: PlaybackLibrary,
  plan: PlaybackPlan,
  span: ByteSpan,
): Readable {
  return Readable.from(new PlaybackBytes(library, plan).read(span), {
    objectMode: false,
    highWaterMark: CHUNK_BYTES,
  });
}

class PlaybackBytes {
  readonly #library: PlaybackLibrary;
  readonly #plan: PlaybackPlan;
  #opened: (OpenRecording & { readonly index: number }) | undefined;

  constructor(library: PlaybackLibrary, plan: PlaybackPlan) {
    this.#library = library;
    this.#plan = plan;
  }

  async *read({ start, end }: ByteSpan): AsyncGenerator<Uint8Array> {
    const { head, parts } = this.#plan;
    try {
      if (start < head.length) yield head.subarray(start, Math.min(end, head.length));
      const first = firstPartAt(parts, start - head.length);
      for (let number = first; number < parts.length; number++) {
        const part = parts[number];
        const at = head.length + (part?.outPosition ?? 0);
        if (part === undefined || at >= end) break;
        yield* this.#part(part, number + 1, { start: start - at, end: end - at });
      }
    } finally {
      await this.#opened?.handle.close();
    }
  }

  /** `span` counts from the start of the part. */
  async *#part(part: PlannedPart, sequence: number, span: ByteSpan): AsyncGenerator<Uint8Array> {
    const { headBytes } = part;
    if (headBytes > 0 && span.start < headBytes) {
      const head = await this.#head(part, sequence);
      yield head.subarray(Math.max(0, span.start), Math.min(span.end, headBytes));
    }
    let at = headBytes;
    for (const { position, sizeBytes } of part.media) {
      const from = Math.max(0, span.start - at);
      const to = Math.min(sizeBytes, span.end - at);
      at += sizeBytes;
      for (let offset = from; offset < to; offset += CHUNK_BYTES) {
        yield await this.#media(part.file, position + offset, Math.min(CHUNK_BYTES, to - offset));
      }
    }
  }

  /** Made again as it was planned: to keep all heads would take too much memory. */
  async #head(part: PlannedPart, sequence: number): Promise<Uint8Array> {
    const { files, durationMs, lead } = this.#plan;
    const { file } = await this.#open(part.file);
    const found = await file.partAt(part.position);
    const selector = new PartSelector(file.tracks.length, part.lastTicks);
    const baseMs = files[part.file]?.baseMs ?? 0;
    const { firstPicture } = part;
    const window = { baseMs, endMs: durationMs, lead, firstPicture };
    const runs = found ? selector.select(file, found, window) : [];
    const head = buildMovieFragment(sequence, fragmentRunsOf(runs));
    if (head.length === part.headBytes) return head;
    throw changed(files[part.file]?.recording.file ?? '');
  }

  async #media(index: number, position: number, length: number): Promise<Uint8Array> {
    const { handle } = await this.#open(index);
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
      if (bytesRead === 0) throw changed(this.#plan.files[index]?.recording.file ?? '');
      filled += bytesRead;
    }
    return bytes;
  }

  async #open(index: number): Promise<OpenRecording> {
    if (this.#opened?.index === index) return this.#opened;
    const recording = this.#plan.files[index]?.recording;
    if (!recording) throw changed('');
    await this.#opened?.handle.close();
    this.#opened = undefined;
    this.#opened = { ...(await openRecording(this.#library, recording)), index };
    return this.#opened;
  }
}

/** Number of the part in which a byte is, counted from the first part. */
function firstPartAt(parts: readonly PlannedPart[], position: number): number {
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const part = parts[middle];
    const end = part ? part.outPosition + part.headBytes + part.mediaBytes : 0;
    if (end <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

function changed(file: string): MediaError {
  const message = `'${file}' changed while it was being sent`;
  return new MediaError('unavailable', 'recording-changed', message);
}
