// Puts the copied and the encoded pictures of all pieces on one time line.
import { OutputTrack } from './output-track.ts';
import type { PacketTable } from './packet-table.ts';
import { joinSampleEntries, readVideoConfig, toSampleBytes } from './parameter-sets.ts';
import type { CopiedPictures, EncodedPictures } from './video-cut.ts';

/** Pictures of one file with their places in it. */
export interface PictureSource {
  /** Index in the list of files. */
  readonly file: number;
  readonly table: PacketTable;
  /** Sample entry, a whole box. */
  readonly entry: Buffer;
}

/** One run of pictures with where it comes from. */
export type PlacedRun =
  | { readonly plan: CopiedPictures; readonly source: PictureSource }
  | { readonly plan: EncodedPictures; readonly source: PictureSource };

/** One piece on the time line. Seconds. */
export interface PlacedPictures {
  /** File time that `offsetS` of the export shows. */
  readonly startS: number;
  readonly offsetS: number;
  readonly lengthS: number;
  readonly runs: readonly PlacedRun[];
}

/** Ticks in a second (RFC 3551: what cameras count in). */
export const VIDEO_CLOCK_HZ = 90_000;

/** The first picture is shown at once when it belongs to a slightly later time. */
const MAX_FIRST_DELAY_S = 0.1;

/**
 * Builds the video track. Where pieces came with different parameter sets, each key frame carries
 * its own, so that playing may begin anywhere.
 */
export function buildPictureTrack(
  pieces: readonly PlacedPictures[],
  shown: { readonly width: number; readonly height: number },
): OutputTrack {
  const runs = pieces.flatMap((piece) => piece.runs);
  const entries = distinctEntries(runs);
  const [first = Buffer.alloc(0), ...others] = entries;
  const entry = others.length === 0 ? first : joinSampleEntries(first, others);
  const track = new OutputTrack({ kind: 'video', timescaleHz: VIDEO_CLOCK_HZ, entry, ...shown });
  for (const piece of pieces) {
    for (const run of piece.runs) addRun(track, piece, { run, isMixed: others.length > 0 });
  }
  const last = pieces.at(-1);
  if (last) track.extendTo(toTicks(last.offsetS + last.lengthS));
  return track;
}

function addRun(
  track: OutputTrack,
  piece: PlacedPictures,
  { run, isMixed }: { readonly run: PlacedRun; readonly isMixed: boolean },
): void {
  const { plan, source } = run;
  const config = isMixed ? readVideoConfig(source.entry) : undefined;
  const prefix = config && toSampleBytes(config.sets);
  const first = plan.kind === 'copy' ? plan.first : 0;
  const end = plan.kind === 'copy' ? plan.end : source.table.ptsS.length;
  for (let index = first; index < end; index++) {
    const timeS = plan.kind === 'copy' ? (source.table.ptsS[index] ?? 0) : sourceTime(run, index);
    const isKey = source.table.isKey[index] ?? false;
    const isFirst = track.sampleCount === 0 && timeS - piece.startS < MAX_FIRST_DELAY_S;
    const sample = {
      file: source.file,
      position: source.table.position[index] ?? 0,
      sizeBytes: source.table.sizeBytes[index] ?? 0,
      timeTicks: isFirst ? 0 : toTicks(Math.max(0, timeS - piece.startS) + piece.offsetS),
      isKey,
      prefix: isKey ? prefix : undefined,
    };
    track.add(sample, 1);
  }
}

/**
 * When a picture that was encoded anew was shown in its file. The encoder's own times count from
 * its first picture; they serve when it could not decode all.
 */
function sourceTime({ plan, source }: PlacedRun, index: number): number {
  if (plan.kind === 'copy') return 0;
  const { ptsS } = source.table;
  if (ptsS.length === plan.ptsS.length) return plan.ptsS[index] ?? 0;
  return (plan.ptsS[0] ?? 0) + (ptsS[index] ?? 0) - (ptsS[0] ?? 0);
}

/** Sample entries that differ, those of copied pictures first. */
function distinctEntries(runs: readonly PlacedRun[]): Buffer[] {
  const ordered = [
    ...runs.filter((run) => run.plan.kind === 'copy'),
    ...runs.filter((run) => run.plan.kind === 'encode'),
  ];
  const entries = new Map<string, Buffer>();
  for (const { source } of ordered) entries.set(entryKey(source.entry), source.entry);
  return [...entries.values()];
}

/** Entries with the same parameter sets are the same, whatever else they tell. */
function entryKey(entry: Buffer): string {
  const config = readVideoConfig(entry);
  const bytes = config ? toSampleBytes(config.sets) : entry;
  return bytes.toString('latin1');
}

function toTicks(seconds: number): number {
  return Math.round(seconds * VIDEO_CLOCK_HZ);
}
