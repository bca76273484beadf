// Finds the files of a span and the parts of them that are played, without reading media.
import { createHash } from 'node:crypto';
import { MediaError } from '../base/media-error.ts';
import type { Recording } from '../library/recording.ts';
import type { FilePart, FragmentedFile } from '../mux/fragmented-file.ts';
import { buildMovieFragment } from '../mux/movie-fragment.ts';
import { SampleTable } from '../mux/sample-table.ts';
import { PartSelector, type SelectedRun } from './part-selection.ts';
import type { PlannedFile, PlannedPart, PlaybackPlan } from './playback-plan.ts';
import type { GetQuery } from './playback-query.ts';
import { buildFragmentedHead, buildMovieHead } from './playback-head.ts';
import { MAX_JOIN_GAP_MS } from './recorded-spans.ts';
import {
  haveSameTracks,
  openRecording,
  recordingsOf,
  signatureOf,
  type OpenRecording,
  type PlaybackLibrary,
} from './recording-source.ts';

/** Two days in parts of a second. */
const MAX_PARTS = 200_000;

/** Times of requests are rounded to this. */
const ROUNDING_MS = 1;

/** Where playing begins in the first file. */
interface StartPlace {
  readonly position: number;
  readonly firstPicture: number | undefined;
}

/** Makes one plan. */
export class PlaybackPlanner {
  readonly #library: PlaybackLibrary;
  readonly #query: GetQuery;
  readonly #signal: AbortSignal;
  readonly #files: PlannedFile[] = [];
  readonly #parts: PlannedPart[] = [];
  #first: FragmentedFile | undefined;
  #selector = new PartSelector(0);
  #tables: readonly SampleTable[] = [];
  #lead = 0;
  #bytes = 0;
  /** End of what is planned, ms of the answer. */
  #endMs = 0;

  constructor(library: PlaybackLibrary, query: GetQuery, signal: AbortSignal) {
    this.#library = library;
    this.#query = query;
    this.#signal = signal;
  }

  /**
   * @throws MediaError not-found when nothing was recorded, invalid-argument for MPEG-TS files and
   * files that can't be read, resource-exhausted for a span of more than two days.
   */
  async plan(): Promise<PlaybackPlan> {
    const { pathName, startAt, durationMs } = this.#query;
    const span = { fromAt: startAt, toAt: startAt + durationMs };
    const recordings = await recordingsOf(this.#library, pathName, span);
    let rest = recordings;
    while (this.#parts.length === 0 && rest.length > 0) {
      const [recording, ...others] = rest;
      rest = others;
      if (recording === undefined || (await this.#isTailBefore(others, recording))) continue;
      await this.#begin(recording, others.length === 0);
    }
    if (this.#parts.length === 0) throw nothingRecorded(pathName);
    for (let next = this.#nextOf(rest); next !== undefined; next = this.#nextOf(rest)) {
      rest = rest.slice(rest.indexOf(next) + 1);
      if (!(await this.#goOn(next))) break;
    }
    return this.#finish();
  }

  /**
   * Whether only the last moments of `recording` are left where another, which can't be joined to
   * it, begins: two publishers in a row overlap by a picture or two, and the list names that start.
   */
  async #isTailBefore(others: readonly Recording[], recording: Recording): Promise<boolean> {
    const { startAt } = this.#query;
    const leftMs = recording.startAt + recording.durationMs - startAt;
    if (recording.state === 'growing' || leftMs > MAX_JOIN_GAP_MS) return false;
    const next = others.find(
      (other) =>
        Math.abs(other.startAt - startAt) < ROUNDING_MS && recording.startAt < other.startAt,
    );
    if (!next) return false;
    const [one, other] = [await this.#signature(recording), await this.#signature(next)];
    return one !== undefined && other !== undefined && one !== other;
  }

  /** Undefined for a file that can't be read. */
  async #signature(recording: Recording): Promise<string | undefined> {
    const opened = await openRecording(this.#library, recording).catch(() => undefined);
    await opened?.handle.close();
    return opened && signatureOf(opened.file);
  }

  /** A file without anything of the span is passed over; a broken one when there are others. */
  async #begin(recording: Recording, isLast: boolean): Promise<void> {
    if (recording.container !== 'mp4') throw notPlayable(recording);
    let opened: OpenRecording;
    try {
      opened = await openRecording(this.#library, recording);
    } catch (thrown) {
      if (isLast) throw thrown;
      return;
    }
    const { file, handle } = opened;
    try {
      const videoTrack = file.tracks.findIndex(({ kind }) => kind === 'video');
      this.#lead = Math.max(0, videoTrack);
      this.#first = file;
      this.#selector = new PartSelector(file.tracks.length);
      this.#tables = file.tracks.map(() => new SampleTable());
      const baseMs = recording.startAt - this.#query.startAt;
      const start = await this.#findStart(file, baseMs);
      if (start) await this.#addParts(file, { recording, baseMs }, start);
    } finally {
      await handle.close();
    }
  }

  /** The next file when it begins where the answer ends now. */
  #nextOf(rest: readonly Recording[]): Recording | undefined {
    const { startAt, durationMs } = this.#query;
    if (this.#endMs >= durationMs) return undefined;
    return rest.find(
      (recording) =>
        Math.abs(recording.startAt - startAt - this.#endMs) <= MAX_JOIN_GAP_MS &&
        recording.container === 'mp4',
    );
  }

  /** False when the answer ends before this file: its tracks are others, or it can't be read. */
  async #goOn(recording: Recording): Promise<boolean> {
    const opened = await openRecording(this.#library, recording).catch(() => undefined);
    if (!opened) return false;
    const { file, handle } = opened;
    try {
      if (!this.#first || !haveSameTracks(this.#first, file)) return false;
      const baseMs = recording.startAt - this.#query.startAt;
      const start = { position: file.startPosition, firstPicture: undefined };
      await this.#addParts(file, { recording, baseMs }, start);
      return true;
    } finally {
      await handle.close();
    }
  }

  /** The last key frame at or before the start, else the first one after it. */
  async #findStart(file: FragmentedFile, baseMs: number): Promise<StartPlace | undefined> {
    let found: StartPlace | undefined;
    let { startPosition: position } = file;
    for (let part = await file.partAt(position); part; part = await file.partAt(position)) {
      this.#signal.throwIfAborted();
      const seen = this.#keyFrameIn(file, part, baseMs);
      if (seen.index >= 0 && (found === undefined || !seen.isLater)) {
        found = { position, firstPicture: seen.index };
      }
      if (seen.isLater && found !== undefined) break;
      position = part.endPosition;
    }
    return found;
  }

  /** The last key frame of a part that is not after the start, or its first one when all are. */
  #keyFrameIn(
    file: FragmentedFile,
    part: FilePart,
    baseMs: number,
  ): { readonly index: number; readonly isLater: boolean } {
    const lead = file.tracks[this.#lead];
    const samples = part.tracks.find(({ trackId }) => trackId === lead?.trackId)?.samples ?? [];
    const baseTicks = Math.round((baseMs * (lead?.timescale ?? 1)) / 1000);
    const index = samples.findLastIndex(
      ({ isKeyFrame, dtsTicks }) => isKeyFrame && dtsTicks + baseTicks <= 0,
    );
    const isLater = (samples.at(-1)?.dtsTicks ?? -Infinity) + baseTicks > 0;
    if (index >= 0 || !isLater) return { index, isLater: false };
    return { index: samples.findIndex(({ isKeyFrame }) => isKeyFrame), isLater };
  }

  async #addParts(file: FragmentedFile, planned: PlannedFile, start: StartPlace): Promise<void> {
    const window = { baseMs: planned.baseMs, endMs: this.#query.durationMs, lead: this.#lead };
    let { position, firstPicture } = start;
    this.#files.push(planned);
    for (let part = await file.partAt(position); part; part = await file.partAt(position)) {
      this.#signal.throwIfAborted();
      const lastTicks = [...this.#selector.lastTicks];
      const runs = this.#selector.select(file, part, { ...window, firstPicture });
      if (runs.length > 0) this.#add(part, runs, { lastTicks, firstPicture });
      else if (this.#isPast(file, part, planned.baseMs)) break;
      firstPicture = undefined;
      position = part.endPosition;
      this.#noteEnd(file, part, planned.baseMs);
    }
  }

  #add(
    part: FilePart,
    runs: readonly SelectedRun[],
    picked: Pick<PlannedPart, 'lastTicks' | 'firstPicture'>,
  ): void {
    if (this.#parts.length >= MAX_PARTS) throw tooMuch();
    const isFragmented = this.#query.format === 'fmp4';
    const head = isFragmented ? buildMovieFragment(0, fragmentRunsOf(runs)).length : 0;
    const outPosition = this.#bytes;
    this.#bytes += head;
    for (const { track, samples, lastDurationTicks, media } of runs) {
      if (!isFragmented) this.#note(track, { samples, lastDurationTicks });
      this.#bytes += media.sizeBytes;
    }
    this.#parts.push({
      ...{ file: this.#files.length - 1, position: part.position, outPosition, headBytes: head },
      ...{ media: runs.map(({ media }) => media), mediaBytes: this.#bytes - outPosition - head },
      ...picked,
    });
  }

  /** Notes samples in the table of a plain MP4; positions count from the first media for now. */
  #note(
    track: number,
    { samples, lastDurationTicks }: Pick<SelectedRun, 'samples' | 'lastDurationTicks'>,
  ): void {
    const table = this.#tables[track];
    for (let index = 0; index < samples.count; index++) {
      table?.add({
        dtsTicks: samples.dtsTicks[index] ?? 0,
        offsetTicks: samples.offsetTicks[index] ?? 0,
        sizeBytes: samples.sizesBytes[index] ?? 0,
        isKeyFrame: samples.areKeyFrames[index] ?? false,
      });
    }
    table?.endChunk(this.#bytes, lastDurationTicks);
  }

  #isPast(file: FragmentedFile, part: FilePart, baseMs: number): boolean {
    return part.tracks.every(({ trackId, samples }) => {
      const timescale = file.tracks.find((track) => track.trackId === trackId)?.timescale ?? 1;
      const atMs = ((samples[0]?.dtsTicks ?? 0) * 1000) / timescale + baseMs;
      return atMs >= this.#query.durationMs;
    });
  }

  #noteEnd(file: FragmentedFile, part: FilePart, baseMs: number): void {
    for (const { trackId, samples } of part.tracks) {
      const timescale = file.tracks.find((track) => track.trackId === trackId)?.timescale ?? 1;
      const last = samples.at(-1);
      if (!last) continue;
      const endMs = ((last.dtsTicks + last.durationTicks) * 1000) / timescale + baseMs;
      this.#endMs = Math.max(this.#endMs, endMs);
    }
  }

  #finish(): PlaybackPlan {
    const { format, durationMs, startAt } = this.#query;
    const tracks = this.#first?.tracks ?? [];
    const head =
      format === 'fmp4'
        ? buildFragmentedHead(tracks, startAt)
        : buildMovieHead(tracks, this.#tables, { startAt, mediaBytes: this.#bytes });
    const sizeBytes = head.length + this.#bytes;
    const files = this.#files;
    const parts = this.#parts;
    const said = files.map(({ recording: { root, file }, baseMs }) => [root, file, baseMs]);
    const facts = JSON.stringify([format, startAt, durationMs, sizeBytes, parts.length, said]);
    const etag = `"${createHash('sha256').update(facts).digest('base64url').slice(0, 24)}"`;
    return { format, head, files, parts, sizeBytes, durationMs, lead: this.#lead, etag };
  }
}

/** Tracks of an answer count from 1. */
export function fragmentRunsOf(
  runs: readonly SelectedRun[],
): Parameters<typeof buildMovieFragment>[1] {
  return runs.map(({ track, samples, lastDurationTicks }) => ({
    ...{ trackId: track + 1, samples, lastDurationTicks },
  }));
}

function nothingRecorded(pathName: string): MediaError {
  const message = `nothing was recorded of path '${pathName}' in this time`;
  return new MediaError('not-found', 'no-segment', message);
}

function notPlayable({ file }: Recording): MediaError {
  const message = `MPEG-TS recordings can't be played, only downloaded as files; '${file}'`;
  return new MediaError('invalid-argument', 'recording-is-mpegts', message);
}

function tooMuch(): MediaError {
  const message = `one answer has at most ${MAX_PARTS} parts; ask for less time`;
  return new MediaError('resource-exhausted', 'playback-too-long', message);
}
