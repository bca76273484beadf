// One piece of an export when its file is open and its place is known.
import { MediaError } from '../../core/base/media-error.ts';
import type { ExportPart } from './export-backend.ts';
import type { MediaFile, MediaPackets } from './media-file.ts';

/** A piece with its file open and its place on the time line. Seconds. */
export interface PlannedPiece {
  readonly part: ExportPart;
  readonly file: MediaFile;
  /** File time. */
  readonly startS: number;
  readonly endS: number;
  readonly offsetS: number;
  readonly packets: MediaPackets;
}

/** Clients round durations up. */
const END_TOLERANCE_S = 0.1;

/**
 * Whether a range lies in a file.
 * @throws MediaError `invalid-argument` `export-range-beyond-end`.
 */
export function checkRange(
  part: Pick<ExportPart, 'id' | 'range' | 'fullPath'>,
  durationS: number,
): void {
  const { range, fullPath, id } = part;
  if (!range || range.endS <= durationS + END_TOLERANCE_S) return;
  const text =
    `export: inputEnd ${range.endS} of piece '${id}' is beyond the end of '${fullPath}', ` +
    `which lasts ${durationS.toFixed(3)} s`;
  throw new MediaError('invalid-argument', 'export-range-beyond-end', text);
}
