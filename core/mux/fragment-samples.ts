// Reads any movie fragment of a fragmented MP4 file, ISO/IEC 14496-12 section 8.8, not only our own.
import { readUint32 } from '../base/bytes.ts';

/** One sample of a fragment. */
export interface FragmentSample {
  readonly dtsTicks: number;
  /** Shown so much later than decoded. */
  readonly offsetTicks: number;
  readonly durationTicks: number;
  readonly sizeBytes: number;
  readonly isKeyFrame: boolean;
}

/** The samples of one track in a fragment; their data lie one after the other. */
export interface FragmentTrack {
  readonly trackId: number;
  /** Where the first sample begins, from the start of the fragment. */
  readonly dataOffset: number;
  /** At least one, decoding times ascending. */
  readonly samples: readonly FragmentSample[];
}

/** What holds for samples of which a fragment says nothing (`trex`, section 8.8.3). */
export interface TrackDefaults {
  readonly durationTicks: number;
  readonly sizeBytes: number;
  readonly flags: number;
}

interface Box {
  readonly type: number;
  readonly body: number;
  readonly end: number;
}

interface Run {
  readonly dataOffset: number | undefined;
  readonly sizeBytes: number;
  readonly endTicks: number;
}

const HEADER_BYTES = 8;
const TWO_POW_32 = 2 ** 32;
/** A part has a second of media; a hostile box may claim any number without a byte for each. */
const MAX_SAMPLES = 20_000;
const MAX_TRACKS = 16;
const IS_NOT_KEY_FRAME = 0x00010000;
const TrackFlag = {
  hasBaseOffset: 0x000001,
  hasDescription: 0x000002,
  hasDuration: 0x000008,
  hasSize: 0x000010,
  hasFlags: 0x000020,
} as const;
const RunFlag = {
  hasDataOffset: 0x000001,
  hasFirstFlags: 0x000004,
  hasDurations: 0x000100,
  hasSizes: 0x000200,
  hasFlags: 0x000400,
  hasOffsets: 0x000800,
} as const;
const BoxType = { traf: 0x74726166, tfhd: 0x74666864, tfdt: 0x74666474, trun: 0x7472756e } as const;
const NO_DEFAULTS: TrackDefaults = { durationTicks: 0, sizeBytes: 0, flags: 0 };

/**
 * `moof` is the whole box. Undefined when it is broken, or when data lie anywhere but behind it.
 * Tracks without samples are left out.
 */
export function readFragmentSamples(
  moof: Uint8Array,
  defaults: ReadonlyMap<number, TrackDefaults>,
): FragmentTrack[] | undefined {
  const boxes = splitBoxes(moof, HEADER_BYTES, moof.length);
  if (boxes === undefined) return undefined;
  const tracks: FragmentTrack[] = [];
  for (const box of boxes) {
    if (box.type !== BoxType.traf) continue;
    const track = readTrack(moof, box, defaults);
    if (track === undefined || tracks.length === MAX_TRACKS) return undefined;
    if (track.samples.length > 0) tracks.push(track);
  }
  const ids = new Set(tracks.map(({ trackId }) => trackId));
  return ids.size === tracks.length ? tracks : undefined;
}

/** The value of a `trex` box by its body. */
export function readTrackDefaults(body: Uint8Array): TrackDefaults & { readonly trackId: number } {
  return {
    trackId: readUint32(body, 4),
    durationTicks: readUint32(body, 12),
    sizeBytes: readUint32(body, 16),
    flags: readUint32(body, 20),
  };
}

function readTrack(
  moof: Uint8Array,
  traf: Box,
  all: ReadonlyMap<number, TrackDefaults>,
): FragmentTrack | undefined {
  const boxes = splitBoxes(moof, traf.body, traf.end) ?? [];
  const header = boxes.find(({ type }) => type === BoxType.tfhd);
  const time = boxes.find(({ type }) => type === BoxType.tfdt);
  if (!header || header.end - header.body < 8 || !time || time.end - time.body < 8) {
    return undefined;
  }
  const trackId = readUint32(moof, header.body + 4);
  const defaults = trackDefaults(moof, header, all.get(trackId) ?? NO_DEFAULTS);
  if (defaults === undefined) return undefined;
  let dtsTicks = readTime(moof, time);
  const samples: FragmentSample[] = [];
  let dataOffset: number | undefined;
  let sizeBytes = 0;
  for (const box of boxes) {
    if (box.type !== BoxType.trun) continue;
    const run = readRun(moof, box, { defaults, dtsTicks, samples });
    if (run === undefined) return undefined;
    dataOffset ??= run.dataOffset;
    const isBehind =
      run.dataOffset === undefined || run.dataOffset === (dataOffset ?? 0) + sizeBytes;
    if (dataOffset === undefined || !isBehind) return undefined;
    dtsTicks = run.endTicks;
    sizeBytes += run.sizeBytes;
  }
  return { trackId, dataOffset: dataOffset ?? 0, samples };
}

/** `tfhd`, section 8.8.7. Data that count from elsewhere than the fragment are not supported. */
function trackDefaults(
  moof: Uint8Array,
  { body, end }: Box,
  known: TrackDefaults,
): TrackDefaults | undefined {
  const flags = readUint32(moof, body) & 0xffffff;
  if ((flags & TrackFlag.hasBaseOffset) !== 0) return undefined;
  let position = body + 8 + ((flags & TrackFlag.hasDescription) === 0 ? 0 : 4);
  const next = (flag: number, otherwise: number): number => {
    if ((flags & flag) === 0) return otherwise;
    position += 4;
    return readUint32(moof, position - 4);
  };
  const durationTicks = next(TrackFlag.hasDuration, known.durationTicks);
  const sizeBytes = next(TrackFlag.hasSize, known.sizeBytes);
  const found = { durationTicks, sizeBytes, flags: next(TrackFlag.hasFlags, known.flags) };
  return position <= end ? found : undefined;
}

function readTime(moof: Uint8Array, { body, end }: Box): number {
  const isLong = moof[body] === 1 && end - body >= 12;
  const first = readUint32(moof, body + 4);
  return isLong ? first * TWO_POW_32 + readUint32(moof, body + 8) : first;
}

/** `trun`, section 8.8.8: adds to `samples`. */
function readRun(
  moof: Uint8Array,
  { body, end }: Box,
  track: {
    readonly defaults: TrackDefaults;
    readonly dtsTicks: number;
    readonly samples: FragmentSample[];
  },
): Run | undefined {
  const { defaults, samples } = track;
  if (end - body < 8) return undefined;
  const flags = readUint32(moof, body) & 0xffffff;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const count = readUint32(moof, body + 4);
  let position = body + 8;
  const next = (): number => {
    position += 4;
    return readUint32(moof, position - 4);
  };
  const headBytes = (has(RunFlag.hasDataOffset) ? 4 : 0) + (has(RunFlag.hasFirstFlags) ? 4 : 0);
  const perSample = [RunFlag.hasDurations, RunFlag.hasSizes, RunFlag.hasFlags, RunFlag.hasOffsets];
  const entryBytes = perSample.filter(has).length * 4;
  if (samples.length + count > MAX_SAMPLES || body + 8 + headBytes + count * entryBytes > end)
    return undefined;
  const dataOffset = has(RunFlag.hasDataOffset) ? next() : undefined;
  const firstFlags = has(RunFlag.hasFirstFlags) ? next() : defaults.flags;
  let { dtsTicks } = track;
  let sizeBytes = 0;
  for (let index = 0; index < count; index++) {
    const durationTicks = has(RunFlag.hasDurations) ? next() : defaults.durationTicks;
    const size = has(RunFlag.hasSizes) ? next() : defaults.sizeBytes;
    const ownFlags = has(RunFlag.hasFlags) ? next() : index === 0 ? firstFlags : defaults.flags;
    const offsetTicks = has(RunFlag.hasOffsets) ? next() | 0 : 0;
    const isKeyFrame = (ownFlags & IS_NOT_KEY_FRAME) === 0;
    samples.push({ dtsTicks, offsetTicks, durationTicks, sizeBytes: size, isKeyFrame });
    dtsTicks += durationTicks;
    sizeBytes += size;
  }
  return Number.isSafeInteger(dtsTicks) ? { dataOffset, sizeBytes, endTicks: dtsTicks } : undefined;
}

/** Undefined when the boxes do not fill `[start, end)` exactly. */
function splitBoxes(bytes: Uint8Array, start: number, end: number): Box[] | undefined {
  const boxes: Box[] = [];
  let position = start;
  while (position < end) {
    const size = readUint32(bytes, position);
    if (position + HEADER_BYTES > end || size < HEADER_BYTES || position + size > end) {
      return undefined;
    }
    const type = readUint32(bytes, position + 4);
    boxes.push({ type, body: position + HEADER_BYTES, end: position + size });
    position += size;
  }
  return boxes;
}
