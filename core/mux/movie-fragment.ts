// Writes a movie fragment box, ISO/IEC 14496-12 section 8.8: the samples of one part.
import { BoxWriter } from './box-writer.ts';
import type { PendingSamples } from './pending-samples.ts';

/** Samples of one track in a fragment. */
export interface FragmentRun {
  readonly trackId: number;
  readonly samples: PendingSamples;
  /** A guess: the next part says when its first sample begins. */
  readonly lastDurationTicks: number;
}

const DEFAULT_BASE_IS_MOOF = 0x020000;
const RUN_HAS_DATA_OFFSET = 0x000001;
const RUN_HAS_DURATIONS = 0x000100;
const RUN_HAS_SIZES = 0x000200;
const RUN_HAS_FLAGS = 0x000400;
const RUN_HAS_OFFSETS = 0x000800;
const RUN_FLAGS = RUN_HAS_DATA_OFFSET | RUN_HAS_DURATIONS | RUN_HAS_SIZES | RUN_HAS_FLAGS;
const FLAGS_KEY_FRAME = 0x02000000;
/** sample_depends_on = 1, sample_is_non_sync_sample = 1. */
const FLAGS_OTHER_FRAME = 0x01010000;
const HEADER_BYTES = 8 + 16 + 8;
const RUN_HEADER_BYTES = 8 + 16 + 20 + 20;
const MAX_SAMPLE_BYTES = 16;

/** The `moof` box and the header of the `mdat` behind it, in one piece; data in the order of `runs`. */
export function buildMovieFragment(
  sequenceNumber: number,
  runs: readonly FragmentRun[],
): Uint8Array {
  const capacity = runs.reduce(
    (sum, { samples }) => sum + RUN_HEADER_BYTES + samples.count * MAX_SAMPLE_BYTES,
    HEADER_BYTES,
  );
  const writer = new BoxWriter(capacity);
  const dataOffsetPositions: number[] = [];
  writer.open('moof').openFull('mfhd', 0, 0).uint32(sequenceNumber).close();
  for (const run of runs) {
    writer.open('traf');
    writer.openFull('tfhd', 0, DEFAULT_BASE_IS_MOOF).uint32(run.trackId).close();
    writer
      .openFull('tfdt', 1, 0)
      .uint64(run.samples.dtsTicks[0] ?? 0)
      .close();
    dataOffsetPositions.push(writeRun(writer, run));
    writer.close();
  }
  writer.close();
  const dataStart = writer.length + 8;
  let dataBytes = 0;
  for (const [index, { samples }] of runs.entries()) {
    writer.patchUint32(dataOffsetPositions[index] ?? 0, dataStart + dataBytes);
    dataBytes += samples.sizeBytes;
  }
  writer.uint32(8 + dataBytes).latin1('mdat');
  return writer.toBytes();
}

/** Returns where the data offset has to be written. */
function writeRun(writer: BoxWriter, run: FragmentRun): number {
  const { count, dtsTicks, offsetTicks, sizesBytes, areKeyFrames, hasOffsets } = run.samples;
  // Version 1: composition offsets may be negative.
  writer.openFull('trun', 1, hasOffsets ? RUN_FLAGS | RUN_HAS_OFFSETS : RUN_FLAGS).uint32(count);
  const dataOffsetPosition = writer.length;
  writer.uint32(0);
  for (let index = 0; index < count; index++) {
    const startTicks = dtsTicks[index] ?? 0;
    const next = dtsTicks[index + 1];
    writer.uint32(next === undefined ? run.lastDurationTicks : next - startTicks);
    writer.uint32(sizesBytes[index] ?? 0);
    writer.uint32(areKeyFrames[index] === true ? FLAGS_KEY_FRAME : FLAGS_OTHER_FRAME);
    if (hasOffsets) writer.uint32(offsetTicks[index] ?? 0);
  }
  writer.close();
  return dataOffsetPosition;
}
