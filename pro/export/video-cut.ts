// Decides which pictures of a file are copied as they are and which have to be encoded anew.
import type { PacketTable } from './packet-table.ts';

/** Pictures that are copied: a range of packets in decoding order, `end` excluded. */
export interface CopiedPictures {
  readonly kind: 'copy';
  readonly first: number;
  readonly end: number;
}

/** Pictures that are encoded anew, by their times in the file in the order of presentation. */
export interface EncodedPictures {
  readonly kind: 'encode';
  readonly ptsS: readonly number[];
  /** The first picture behind them; seconds. */
  readonly untilS: number;
  /** A key frame at or before the first one; undefined: from the beginning of the file. */
  readonly seekS: number | undefined;
}

/** Pieces of one cut in the order of presentation. */
export type PictureRun = CopiedPictures | EncodedPictures;

/** What to cut. Times are file time in seconds. */
export interface VideoCut {
  readonly table: PacketTable;
  readonly startS: number;
  readonly endS: number;
  /**
   * Whether decoding may begin at this key packet: asked for few of them. It must hold that the
   * packets behind it need none before it.
   */
  readonly isEntry: (index: number) => Promise<boolean>;
  /** False encodes everything. */
  readonly mayCopy: boolean;
}

/** A picture this close to a cut is on the cut: clients round to milliseconds. */
export const CUT_TOLERANCE_S = 0.0005;

/**
 * Plans one cut: from the first to the last key frame inside it everything is copied, what stands
 * before is encoded, and what stands behind too unless it ends with a whole run of pictures.
 * Empty when the range has no picture.
 */
export async function planVideoCut(cut: VideoCut): Promise<PictureRun[]> {
  const { table } = cut;
  const first = cut.mayCopy ? await firstEntry(cut) : undefined;
  const last = first === undefined ? undefined : await lastEntry(cut, first);
  if (first === undefined || last === undefined || hasHidden(table, first, last)) {
    return encodeRun(cut, cut.startS, cut.endS);
  }
  const copyStartS = table.ptsS[first] ?? 0;
  const tailStartS = table.ptsS[last] ?? 0;
  const head = encodeRun(cut, cut.startS, copyStartS);
  const tailEnd = wholeTailEnd(cut, last);
  if (tailEnd !== undefined) return [...head, { kind: 'copy', first, end: tailEnd }];
  if (first === last) return encodeRun(cut, cut.startS, cut.endS);
  const tail = encodeRun(cut, tailStartS, cut.endS);
  return [...head, { kind: 'copy', first, end: last }, ...tail];
}

/** The first entry inside the cut. */
async function firstEntry(cut: VideoCut): Promise<number | undefined> {
  const { ptsS, isKey } = cut.table;
  for (let index = 0; index < ptsS.length; index++) {
    const isInside = isIn(ptsS[index] ?? 0, cut);
    if (isInside && isKey[index] && (await isCleanEntry(cut, index))) return index;
  }
  return undefined;
}

/** The last entry inside the cut; at the earliest `first`. */
async function lastEntry(cut: VideoCut, first: number): Promise<number> {
  const { ptsS, isKey } = cut.table;
  for (let index = ptsS.length - 1; index > first; index--) {
    const isInside = isIn(ptsS[index] ?? 0, cut);
    if (isInside && isKey[index] && (await isCleanEntry(cut, index))) return index;
  }
  return first;
}

/** An entry that has no leading pictures: none behind it in the file is shown before it. */
async function isCleanEntry({ table, isEntry }: VideoCut, index: number): Promise<boolean> {
  const keyS = table.ptsS[index] ?? 0;
  if (table.isHidden[index]) return false;
  for (let next = index + 1; next < table.ptsS.length && !table.isKey[next]; next++) {
    if ((table.ptsS[next] ?? 0) < keyS) return false;
  }
  return isEntry(index);
}

/**
 * Where the packets from `last` on may be cut off without losing a picture or showing one too
 * many; undefined when pictures of the tail stand behind ones that don't belong to it.
 */
function wholeTailEnd(cut: VideoCut, last: number): number | undefined {
  const { table } = cut;
  let end = last;
  let wanted = 0;
  for (let index = last; index < table.ptsS.length; index++) {
    if (!isIn(table.ptsS[index] ?? 0, cut)) continue;
    if (table.isHidden[index]) return undefined;
    wanted++;
    end = index + 1;
  }
  return end - last === wanted ? end : undefined;
}

function hasHidden(table: PacketTable, first: number, end: number): boolean {
  for (let index = first; index < end; index++) if (table.isHidden[index]) return true;
  return false;
}

function encodeRun(cut: VideoCut, startS: number, endS: number): EncodedPictures[] {
  const { ptsS, isHidden } = cut.table;
  const range = { startS, endS };
  const times = ptsS.filter((time, index) => isIn(time, range) && !isHidden[index]);
  times.sort((one, other) => one - other);
  return encodedPictures(cut, times, endS);
}

/** Pictures before the first key frame of a file can't be decoded by anybody and are left out. */
function encodedPictures(cut: VideoCut, times: number[], endS: number): EncodedPictures[] {
  const { ptsS, isKey } = cut.table;
  const firstKeyS = ptsS.find((_, index) => isKey[index]) ?? Infinity;
  const [firstS] = times.filter((time) => time >= firstKeyS);
  if (firstS === undefined) return [];
  let seekS: number | undefined;
  let untilS = Infinity;
  for (const [index, time] of ptsS.entries()) {
    if (isKey[index] && time <= firstS && time > (seekS ?? -Infinity)) seekS = time;
    if (time >= endS - CUT_TOLERANCE_S && time < untilS) untilS = time;
  }
  const shown = times.filter((time) => time >= firstS);
  return [{ kind: 'encode', ptsS: shown, untilS: Math.min(untilS, endS + 1), seekS }];
}

/** The picture that is on the screen at `timeS`, when the file has none in the whole range. */
export function planStill(cut: VideoCut, timeS: number): EncodedPictures[] {
  const { ptsS, isHidden } = cut.table;
  let shownS = -Infinity;
  for (const [index, time] of ptsS.entries()) {
    if (time <= timeS && time > shownS && !isHidden[index]) shownS = time;
  }
  return Number.isFinite(shownS) ? encodedPictures(cut, [shownS], timeS) : [];
}

function isIn(timeS: number, range: { readonly startS: number; readonly endS: number }): boolean {
  return timeS >= range.startS - CUT_TOLERANCE_S && timeS < range.endS - CUT_TOLERANCE_S;
}
