// Writes the boxes of a sample table, ISO/IEC 14496-12 section 8.5 to 8.7.
import type { BoxWriter } from './box-writer.ts';
import type { SampleTable } from './sample-table.ts';

const MAX_UINT32 = 0xffffffff;

/** Everything of `stbl` behind `stsd`. A table must be finished. */
export function writeSampleTable(writer: BoxWriter, table: SampleTable): void {
  const durations = table.durations.finish();
  writer
    .openFull('stts', 0, 0)
    .uint32(durations.length / 2)
    .table(durations)
    .close();
  if (table.hasCompositionOffsets) {
    const offsets = table.compositionOffsets.finish();
    const version = table.hasNegativeOffsets ? 1 : 0;
    writer
      .openFull('ctts', version, 0)
      .uint32(offsets.length / 2)
      .table(offsets)
      .close();
  }
  if (!table.areAllKeyFrames) {
    writer.openFull('stss', 0, 0).uint32(table.keyFrames.length).table(table.keyFrames).close();
  }
  writeSampleToChunk(writer, table.chunkRuns);
  writeSizes(writer, table);
  writeChunkOffsets(writer, table.chunkOffsets);
}

/** The empty tables of a movie whose samples are in fragments. */
export function writeEmptySampleTable(writer: BoxWriter): void {
  writer.openFull('stts', 0, 0).uint32(0).close();
  writer.openFull('stsc', 0, 0).uint32(0).close();
  writer.openFull('stsz', 0, 0).uint32(0).uint32(0).close();
  writer.openFull('stco', 0, 0).uint32(0).close();
}

function writeSampleToChunk(writer: BoxWriter, runs: readonly number[]): void {
  writer.openFull('stsc', 0, 0).uint32(runs.length / 2);
  for (let index = 0; index < runs.length; index += 2) {
    writer.uint32(runs[index] ?? 0);
    writer.uint32(runs[index + 1] ?? 0).uint32(1);
  }
  writer.close();
}

function writeSizes(writer: BoxWriter, table: SampleTable): void {
  writer.openFull('stsz', 0, 0);
  if (table.commonSizeBytes > 0) writer.uint32(table.commonSizeBytes).uint32(table.count);
  else writer.uint32(0).uint32(table.count).table(table.sizes);
  writer.close();
}

function writeChunkOffsets(writer: BoxWriter, offsets: readonly number[]): void {
  const isLong = (offsets.at(-1) ?? 0) > MAX_UINT32;
  writer.openFull(isLong ? 'co64' : 'stco', 0, 0).uint32(offsets.length);
  for (const offset of offsets) {
    if (isLong) writer.uint64(offset);
    else writer.uint32(offset);
  }
  writer.close();
}
