// The parameter sets in the sample entries of H.264 and H.265: read, told apart, joined into one entry.
import { readUint16, readUint32, writeUint16, writeUint32 } from '../../core/base/bytes.ts';

/** What a sample entry of H.264 or H.265 says. */
export interface VideoConfig {
  readonly codec: 'h264' | 'hevc';
  /** Bytes of the length in front of each NAL unit; others than 4 can't be joined with ours. */
  readonly lengthBytes: number;
  /** NAL units without length, in the order VPS, SPS, PPS. */
  readonly sets: readonly Uint8Array[];
}

/** Where the avcC or hvcC box stands in a sample entry. */
interface ConfigBox {
  readonly type: 'avcC' | 'hvcC';
  readonly start: number;
  readonly end: number;
}

/** Content of avcC (ISO/IEC 14496-15 section 5.3.3.1). */
interface AvcConfig {
  readonly head: Uint8Array;
  readonly spsList: Uint8Array[];
  readonly ppsList: Uint8Array[];
  /** Chroma format and bit depths of the High profiles. */
  readonly tail: Uint8Array;
}

/** Box header, then the fixed fields of VisualSampleEntry (ISO/IEC 14496-12 section 12.1.3). */
const VISUAL_ENTRY_BYTES = 8 + 78;
const MAX_SPS = 31;
const MAX_PPS = 255;
const HVCC_ARRAYS_AT = 23;
const NAL_LENGTH_BYTES = 4;

/** Undefined when the entry is of another codec or can't be read. */
export function readVideoConfig(entry: Uint8Array): VideoConfig | undefined {
  const box = findConfigBox(entry);
  if (!box) return undefined;
  const content = entry.subarray(box.start + 8, box.end);
  if (box.type === 'hvcC') return readHevcConfig(content);
  const avc = readAvcConfig(content);
  if (!avc) return undefined;
  const sets = [...avc.spsList, ...avc.ppsList];
  return { codec: 'h264', lengthBytes: ((avc.head[4] ?? 0) & 3) + 1, sets };
}

/** The sets as they stand in a sample: each with its length of four bytes in front. */
export function toSampleBytes(sets: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    sets.flatMap((set) => {
      const length = new Uint8Array(NAL_LENGTH_BYTES);
      writeUint32(length, 0, set.length);
      return [length, set];
    }),
  );
}

/**
 * One sample entry for samples that came with different ones. For H.264 the sets of `others` are
 * added to those of `first` where their numbers are free; for H.265 the entry becomes `hev1`, which
 * tells players that sets stand in the samples (ISO/IEC 14496-15 section 8.4.1).
 */
export function joinSampleEntries(first: Buffer, others: readonly Buffer[]): Buffer {
  const box = findConfigBox(first);
  if (box?.type === 'hvcC') {
    const entry = Buffer.from(first);
    entry.write('hev1', 4, 'latin1');
    return entry;
  }
  const avc = box && readAvcConfig(first.subarray(box.start + 8, box.end));
  if (!box || !avc) return first;
  for (const other of others) addSets(avc, other);
  const config = writeAvcConfig(avc);
  const entry = Buffer.concat([
    first.subarray(0, box.start),
    config,
    first.subarray(box.end, first.length),
  ]);
  writeUint32(entry, 0, entry.length);
  return entry;
}

/** The lowest number from 8 up that no sequence parameter set of these H.264 entries has. */
export function freeParameterSetId(entries: readonly Buffer[]): number {
  const taken = new Set(
    entries.flatMap((entry) => {
      const box = findConfigBox(entry);
      const avc = box?.type === 'avcC' && readAvcConfig(entry.subarray(box.start + 8, box.end));
      return avc ? [...avc.spsList.map(spsId), ...avc.ppsList.map(ppsId)] : [];
    }),
  );
  for (let id = 8; id <= 31; id++) if (!taken.has(id)) return id;
  return 31;
}

function addSets(avc: AvcConfig, entry: Buffer): void {
  const box = findConfigBox(entry);
  const other = box?.type === 'avcC' && readAvcConfig(entry.subarray(box.start + 8, box.end));
  if (!other) return;
  const isFree = (list: Uint8Array[], id: number, idOf: (set: Uint8Array) => number): boolean =>
    !list.some((set) => idOf(set) === id);
  for (const sps of other.spsList) {
    if (avc.spsList.length < MAX_SPS && isFree(avc.spsList, spsId(sps), spsId)) {
      avc.spsList.push(sps);
    }
  }
  for (const pps of other.ppsList) {
    if (avc.ppsList.length < MAX_PPS && isFree(avc.ppsList, ppsId(pps), ppsId)) {
      avc.ppsList.push(pps);
    }
  }
}

function findConfigBox(entry: Uint8Array): ConfigBox | undefined {
  for (let at = VISUAL_ENTRY_BYTES; at + 8 <= entry.length;) {
    const size = readUint32(entry, at);
    if (size < 8 || at + size > entry.length) return undefined;
    const type = Buffer.from(entry.subarray(at + 4, at + 8)).toString('latin1');
    if (type === 'avcC' || type === 'hvcC') return { type, start: at, end: at + size };
    at += size;
  }
  return undefined;
}

function readAvcConfig(content: Uint8Array): AvcConfig | undefined {
  const spsList: Uint8Array[] = [];
  const ppsList: Uint8Array[] = [];
  const spsCount = (content[5] ?? 0) & 0x1f;
  let at = readSets(content, 6, { count: spsCount, into: spsList });
  if (at === undefined || at >= content.length) return undefined;
  at = readSets(content, at + 1, { count: content[at] ?? 0, into: ppsList });
  if (at === undefined) return undefined;
  return { head: content.slice(0, 5), spsList, ppsList, tail: content.slice(at) };
}

function writeAvcConfig({ head, spsList, ppsList, tail }: AvcConfig): Buffer {
  const box = Buffer.concat([
    Buffer.from([0, 0, 0, 0, ...Buffer.from('avcC', 'latin1'), ...head]),
    Buffer.from([0xe0 | spsList.length]),
    ...spsList.flatMap(withShortLength),
    Buffer.from([ppsList.length]),
    ...ppsList.flatMap(withShortLength),
    tail,
  ]);
  writeUint32(box, 0, box.length);
  return box;
}

/** Content of hvcC (ISO/IEC 14496-15 section 8.3.3.1): 22 bytes, then arrays of NAL units by type. */
function readHevcConfig(content: Uint8Array): VideoConfig | undefined {
  const sets: Uint8Array[] = [];
  const arrayCount = content[HVCC_ARRAYS_AT - 1] ?? 0;
  let at: number | undefined = HVCC_ARRAYS_AT;
  for (let array = 0; array < arrayCount; array++) {
    const count = readUint16(content, at + 1);
    at = readSets(content, at + 3, { count, into: sets });
    if (at === undefined) return undefined;
  }
  return { codec: 'hevc', lengthBytes: ((content[21] ?? 0) & 3) + 1, sets };
}

function readSets(
  content: Uint8Array,
  start: number,
  { count, into }: { count: number; into: Uint8Array[] },
): number | undefined {
  let at = start;
  for (let index = 0; index < count; index++) {
    const length = readUint16(content, at);
    if (length === 0 || at + 2 + length > content.length) return undefined;
    into.push(content.slice(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return at;
}

function withShortLength(set: Uint8Array): Uint8Array[] {
  const length = new Uint8Array(2);
  writeUint16(length, 0, set.length);
  return [length, set];
}

/** seq_parameter_set_id behind header, profile, constraints and level (ITU-T H.264 section 7.3.2.1.1). */
function spsId(sps: Uint8Array): number {
  return readUnsignedExpGolomb(sps, 4);
}

/** pic_parameter_set_id behind the header (ITU-T H.264 section 7.3.2.2). */
function ppsId(pps: Uint8Array): number {
  return readUnsignedExpGolomb(pps, 1);
}

/** ue(v) that begins on a byte; numbers up to 255 (ITU-T H.264 section 9.1). */
function readUnsignedExpGolomb(bytes: Uint8Array, at: number): number {
  const window = readUint32(bytes, at);
  const zeros = Math.clz32(window);
  return zeros > 8 ? 255 : (window >>> (31 - 2 * zeros)) - 1;
}
