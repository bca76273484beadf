// What was recorded of a path, with files that follow each other as one span.
import { forEachConcurrently } from '../library/for-each-concurrently.ts';
import type { Recording } from '../library/recording.ts';
import type { FragmentedFile } from '../mux/fragmented-file.ts';
import {
  openRecording,
  recordingsOf,
  signatureOf,
  type PlaybackLibrary,
} from './recording-source.ts';

/** A time without a hole. */
export interface RecordedSpan {
  /** Date ms. */
  readonly startAt: number;
  readonly durationMs: number;
}

/** How far a growing file was read. */
interface GrownFile {
  readonly position: number;
  readonly endMs: number;
}

interface Chain {
  readonly startAt: number;
  endAt: number;
  last: Recording;
}

/** Files whose neighbours are so near belong together, as with MediaMTX. */
export const MAX_JOIN_GAP_MS = 1000;
/** Recordings of one path may overlap: one that was asked for beside the one that always runs. */
const MAX_OPEN_CHAINS = 4;
const CONCURRENT_FILES = 8;
const MAX_REMEMBERED = 10_000;

/** Remembers what it read in files. */
export class RecordedSpans {
  readonly #library: PlaybackLibrary;
  readonly #signatures = new Map<string, string>();
  /** How far growing files were read. */
  readonly #growing = new Map<string, GrownFile>();

  constructor(library: PlaybackLibrary) {
    this.#library = library;
  }

  /** Spans that have something in the time asked for (Date ms), cut to it, oldest first. */
  async list(
    path: string,
    asked: { readonly startAt?: number | undefined; readonly endAt?: number | undefined },
  ): Promise<readonly RecordedSpan[]> {
    const { startAt: fromAt, endAt: toAt } = asked;
    const recordings = await recordingsOf(this.#library, path, { fromAt, toAt });
    const durations = await this.#durations(recordings);
    const chains: Chain[] = [];
    for (const recording of recordings) {
      const durationMs = durations.get(recording) ?? 0;
      if (durationMs <= 0) continue;
      const endAt = recording.startAt + durationMs;
      const chain = await this.#chainFor(chains, recording);
      if (chain === undefined) chains.push({ startAt: recording.startAt, endAt, last: recording });
      else Object.assign(chain, { endAt, last: recording });
    }
    return chains.flatMap((chain) => {
      const startAt = Math.max(chain.startAt, fromAt ?? chain.startAt);
      const durationMs = Math.min(chain.endAt, toAt ?? chain.endAt) - startAt;
      return durationMs > 0 ? [{ startAt, durationMs }] : [];
    });
  }

  async #chainFor(chains: readonly Chain[], next: Recording): Promise<Chain | undefined> {
    for (const chain of chains.slice(-MAX_OPEN_CHAINS)) {
      if (Math.abs(next.startAt - chain.endAt) > MAX_JOIN_GAP_MS) continue;
      if (await this.#goesOn(chain.last, next)) return chain;
    }
    return undefined;
  }

  /** Whether the tracks are the same; asks the files only when the reason of the end leaves it open. */
  async #goesOn(one: Recording, other: Recording): Promise<boolean> {
    if (one.container !== other.container || one.endReason === 'tracksChanged') return false;
    if (one.endReason === 'timeout' || one.container !== 'mp4') {
      return one.tracks.join() === other.tracks.join();
    }
    const [first, second] = [await this.#signature(one), await this.#signature(other)];
    return first !== undefined && first === second;
  }

  /** Undefined for a file that can't be read. */
  async #signature(recording: Recording): Promise<string | undefined> {
    const key = keyOf(recording);
    const known = this.#signatures.get(key);
    if (known !== undefined) return known;
    try {
      const { handle, file } = await openRecording(this.#library, recording);
      await handle.close();
      const signature = signatureOf(file);
      remember(this.#signatures, key, signature);
      return signature;
    } catch {
      // One file that is damaged or gone must not hide the others.
      return undefined;
    }
  }

  async #durations(recordings: readonly Recording[]): Promise<ReadonlyMap<Recording, number>> {
    const durations = new Map<Recording, number>();
    await forEachConcurrently(recordings, CONCURRENT_FILES, async (recording) => {
      const isKnown = recording.state !== 'growing';
      durations.set(recording, isKnown ? recording.durationMs : await this.#grown(recording));
    });
    return durations;
  }

  /** Media of a growing file in ms; each look goes on where the last one ended. */
  async #grown(recording: Recording): Promise<number> {
    if (recording.container !== 'mp4') return Math.max(0, recording.durationMs);
    const key = keyOf(recording);
    const seen = this.#growing.get(key) ?? { position: 0, endMs: 0 };
    try {
      const { handle, file } = await openRecording(this.#library, recording);
      try {
        const grown = await readOn(file, seen);
        remember(this.#growing, key, grown);
        return grown.endMs;
      } finally {
        await handle.close();
      }
    } catch {
      return seen.endMs;
    }
  }
}

/** Goes through the parts that were not seen yet. */
async function readOn(file: FragmentedFile, seen: GrownFile): Promise<GrownFile> {
  let { endMs } = seen;
  let position = Math.max(seen.position, file.startPosition);
  for (let part = await file.partAt(position); part; part = await file.partAt(position)) {
    position = part.endPosition;
    for (const { trackId, samples } of part.tracks) {
      const track = file.tracks.find((each) => each.trackId === trackId);
      const last = samples.at(-1);
      if (!track || !last) continue;
      const endTicks = last.dtsTicks + last.durationTicks;
      endMs = Math.max(endMs, (endTicks * 1000) / track.timescale);
    }
  }
  return { position, endMs };
}

function keyOf({ root, file, startAt }: Recording): string {
  return `${root}/${file}\0${startAt}`;
}

function remember<T>(memory: Map<string, T>, key: string, value: T): void {
  if (memory.size >= MAX_REMEMBERED) memory.clear();
  memory.set(key, value);
}
