// Which samples of a part are played, and when: cut at the start and end that were asked for.
import type { FilePart, FragmentedFile } from '../mux/fragmented-file.ts';
import type { FragmentSample } from '../mux/fragment-samples.ts';
import { PendingSamples } from '../mux/pending-samples.ts';

/** Where the media of a track lie in the file. */
export interface MediaRange {
  readonly position: number;
  readonly sizeBytes: number;
}

/** Samples of one track that are played of a part. */
export interface SelectedRun {
  /** Position in the list of tracks. */
  readonly track: number;
  readonly samples: PendingSamples;
  readonly lastDurationTicks: number;
  readonly media: MediaRange;
}

/** What is played of a file. */
export interface SelectionWindow {
  /** Time of the answer at which the file begins; negative when the answer begins within it. */
  readonly baseMs: number;
  /** Length of the answer. */
  readonly endMs: number;
}

/** Shorter ones look like a jump of the clock to players when the first real picture follows. */
const EARLY_MS = 0.09;

/**
 * Picks samples in the order of the file. Pictures between a key frame and the start are kept for
 * the decoder and shown for an instant each, so that times only ever go up.
 */
export class PartSelector {
  /** Decoding time of the newest sample of each track in the answer; copy it to go back. */
  readonly lastTicks: number[];

  constructor(trackCount: number, lastTicks: readonly number[] = []) {
    this.lastTicks = Array.from({ length: trackCount }, (_, index) => lastTicks[index] ?? -1);
  }

  /**
   * `firstPicture` is the number of the sample in this part with which the leading track begins,
   * when it begins in this part.
   */
  select(
    file: FragmentedFile,
    part: FilePart,
    window: SelectionWindow & { readonly lead: number; readonly firstPicture?: number | undefined },
  ): SelectedRun[] {
    const runs: SelectedRun[] = [];
    for (const [track, { trackId, kind, timescale }] of file.tracks.entries()) {
      const found = part.tracks.find((each) => each.trackId === trackId);
      if (found === undefined) continue;
      const times = {
        baseTicks: Math.round((window.baseMs * timescale) / 1000),
        endTicks: Math.round((window.endMs * timescale) / 1000),
        keepsEarlier: kind === 'video' && (track === window.lead || this.#hasBegun(track)),
        earlyTicks: Math.max(1, Math.round((timescale * EARLY_MS) / 1000)),
        from: track === window.lead ? (window.firstPicture ?? 0) : 0,
      };
      const run = this.#run(track, found.samples, times);
      if (run === undefined) continue;
      const position = part.position + found.dataOffset + run.skippedBytes;
      const media = { position, sizeBytes: run.samples.sizeBytes };
      runs.push({ track, samples: run.samples, lastDurationTicks: run.lastDurationTicks, media });
    }
    return runs;
  }

  #hasBegun(track: number): boolean {
    return (this.lastTicks[track] ?? -1) >= 0;
  }

  #run(
    track: number,
    samples: readonly FragmentSample[],
    times: {
      readonly baseTicks: number;
      readonly endTicks: number;
      readonly keepsEarlier: boolean;
      readonly earlyTicks: number;
      readonly from: number;
    },
  ): { samples: PendingSamples; lastDurationTicks: number; skippedBytes: number } | undefined {
    const { baseTicks, endTicks, keepsEarlier, earlyTicks, from } = times;
    const picked = new PendingSamples();
    let last = this.lastTicks[track] ?? -1;
    let lastDurationTicks = 1;
    let skippedBytes = 0;
    for (const [index, sample] of samples.entries()) {
      const atTicks = sample.dtsTicks + baseTicks;
      if (atTicks >= endTicks) break;
      const isEarlier = atTicks + sample.durationTicks <= 0;
      if (picked.count === 0 && (index < from || (isEarlier && !keepsEarlier))) {
        skippedBytes += sample.sizeBytes;
        continue;
      }
      const dtsTicks = Math.max(atTicks, last < 0 ? 0 : last + (atTicks < 0 ? earlyTicks : 1));
      const ptsTicks = Math.max(atTicks + sample.offsetTicks, dtsTicks);
      const { sizeBytes, isKeyFrame } = sample;
      picked.add({ dtsTicks, ptsTicks, sizeBytes, isKeyFrame });
      last = dtsTicks;
      lastDurationTicks = Math.max(1, atTicks + sample.durationTicks - dtsTicks);
    }
    if (picked.count === 0) return undefined;
    this.lastTicks[track] = last;
    return { samples: picked, lastDurationTicks, skippedBytes };
  }
}
