// Reads a movie fragment as this project writes it; anything else, or broken, is refused.
import { readUint32 } from '../base/bytes.ts';
import type { TableSample } from './sample-table.ts';

/** Samples of one track in a fragment. */
export interface ParsedRun {
  readonly trackId: number;
  /** Where the first sample begins, from the start of the fragment; the others follow. */
  readonly dataOffset: number;
  /** At least one. */
  readonly samples: readonly TableSample[];
  readonly lastDurationTicks: number;
  readonly sizeBytes: number;
}

interface Box {
  readonly type: number;
  readonly body: number;
  readonly end: number;
}

const HEADER_BYTES = 8;
const TWO_POW_32 = 2 ** 32;
const DEFAULT_BASE_IS_MOOF = 0x020000;
const RUN_FLAGS = 0x000001 | 0x000100 | 0x000200 | 0x000400;
const RUN_FLAGS_WITH_OFFSETS = RUN_FLAGS | 0x000800;
const FLAG_IS_NOT_KEY_FRAME = 0x00010000;
const MAX_RUNS = 64;
const BoxType = { traf: 0x74726166, tfhd: 0x74666864, tfdt: 0x74666474, trun: 0x7472756e } as const;

/** `moof` is the whole box. Undefined when it is broken, empty, or by somebody else. */
export function readMovieFragment(moof: Uint8Array): ParsedRun[] | undefined {
  const boxes = splitBoxes(moof, HEADER_BYTES, moof.length);
  const runs: ParsedRun[] = [];
  for (const box of boxes ?? []) {
    if (box.type !== BoxType.traf) continue;
    const run = readTrackFragment(moof, box);
    if (run === undefined || runs.length === MAX_RUNS) return undefined;
    if (runs.some(({ trackId }) => trackId === run.trackId)) return undefined;
    runs.push(run);
  }
  return runs.length > 0 ? runs : undefined;
}

function readTrackFragment(moof: Uint8Array, traf: Box): ParsedRun | undefined {
  const boxes = splitBoxes(moof, traf.body, traf.end);
  const [header, time, run] = boxes ?? [];
  if (boxes?.length !== 3 || !header || !time || !run) return undefined;
  const isOurs =
    header.type === BoxType.tfhd &&
    header.end - header.body === 8 &&
    readUint32(moof, header.body) === DEFAULT_BASE_IS_MOOF &&
    time.type === BoxType.tfdt &&
    time.end - time.body === 12 &&
    run.type === BoxType.trun &&
    run.end - run.body >= 12;
  if (!isOurs) return undefined;
  const trackId = readUint32(moof, header.body + 4);
  const startTicks = readUint32(moof, time.body + 4) * TWO_POW_32 + readUint32(moof, time.body + 8);
  const samples = readRun(moof, run, startTicks);
  return samples && { trackId, dataOffset: readUint32(moof, run.body + 8), ...samples };
}

function readRun(
  moof: Uint8Array,
  run: Box,
  startTicks: number,
): Pick<ParsedRun, 'samples' | 'lastDurationTicks' | 'sizeBytes'> | undefined {
  const flags = readUint32(moof, run.body) & 0xffffff;
  if (flags !== RUN_FLAGS && flags !== RUN_FLAGS_WITH_OFFSETS) return undefined;
  const hasOffsets = flags === RUN_FLAGS_WITH_OFFSETS;
  const entryBytes = hasOffsets ? 16 : 12;
  const count = readUint32(moof, run.body + 4);
  if (count === 0 || count * entryBytes !== run.end - run.body - 12) return undefined;
  const samples: TableSample[] = [];
  let dtsTicks = startTicks;
  let sizeBytes = 0;
  let lastDurationTicks = 0;
  for (let position = run.body + 12; position < run.end; position += entryBytes) {
    lastDurationTicks = readUint32(moof, position);
    const size = readUint32(moof, position + 4);
    samples.push({
      dtsTicks,
      sizeBytes: size,
      isKeyFrame: (readUint32(moof, position + 8) & FLAG_IS_NOT_KEY_FRAME) === 0,
      offsetTicks: hasOffsets ? readUint32(moof, position + 12) | 0 : 0,
    });
    if (size === 0 || lastDurationTicks === 0) return undefined;
    dtsTicks += lastDurationTicks;
    sizeBytes += size;
  }
  return Number.isSafeInteger(dtsTicks) ? { samples, lastDurationTicks, sizeBytes } : undefined;
}

/** Undefined when the boxes do not fill `[start, end)` exactly. */
function splitBoxes(bytes: Uint8Array, start: number, end: number): Box[] | undefined {
  const boxes: Box[] = [];
  let position = start;
  while (position < end) {
    const size = readUint32(bytes, position);
    if (size < HEADER_BYTES || position + size > end) return undefined;
    const type = readUint32(bytes, position + 4);
    boxes.push({ type, body: position + HEADER_BYTES, end: position + size });
    position += size;
  }
  return boxes;
}
