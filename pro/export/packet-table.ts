// The packets of one track as columns, read from the lines that ffprobe prints.
import { MediaError } from '../../core/base/media-error.ts';

/** One track in decoding order; index `i` of each column is the same packet. */
export interface PacketTable {
  /** Presentation time in the file, seconds. */
  readonly ptsS: number[];
  /** Seconds; 0 where the file doesn't tell. */
  readonly durationS: number[];
  /** Position of the first byte in the file. */
  readonly position: number[];
  readonly sizeBytes: number[];
  readonly isKey: boolean[];
  /** Needed to decode others, not shown (edit lists). */
  readonly isHidden: boolean[];
}

/** Which stream goes to which table. */
export interface PacketStream {
  /** Number that ffprobe gives the stream. */
  readonly index: number;
  /** Seconds of one tick. */
  readonly tickS: number;
}

/** More than a day of pictures and sound; about 500 bytes of memory for each ten. */
const MAX_PACKETS = 8_000_000;
const MAX_LINE_CHARS = 1000;
/** Fields of a line: stream, pts, dts, duration, size, position, flags. */
const FIELD_COUNT = 7;

/** An empty table. */
export function emptyPacketTable(): PacketTable {
  return { ptsS: [], durationS: [], position: [], sizeBytes: [], isKey: [], isHidden: [] };
}

/** Takes output of ffprobe in pieces of any length. */
export class PacketTableReader {
  readonly #streams = new Map<number, { tickS: number; table: PacketTable }>();
  readonly #fileBytes: number;
  #rest = '';
  #count = 0;

  /** Packets that do not lie in the first `fileBytes` bytes of the file are left out. */
  constructor(streams: readonly PacketStream[], fileBytes: number) {
    this.#fileBytes = fileBytes;
    for (const { index, tickS } of streams) {
      this.#streams.set(index, { tickS, table: emptyPacketTable() });
    }
  }

  /** Empty for a stream that has no packet. */
  table(index: number): PacketTable {
    return this.#streams.get(index)?.table ?? emptyPacketTable();
  }

  /** @throws MediaError `resource-exhausted` `export-too-many-packets`. */
  push(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, MAX_LINE_CHARS);
    for (const line of lines) this.#takeLine(line);
  }

  /** Takes the last line, which may lack its end. */
  end(): void {
    this.#takeLine(this.#rest);
    this.#rest = '';
  }

  #takeLine(line: string): void {
    const fields = line.trim().split(',');
    const stream = this.#streams.get(Number(fields[0] === '' ? NaN : fields[0]));
    if (!stream || fields.length < FIELD_COUNT) return;
    const ptsS = tickCount(fields[1], fields[2]) * stream.tickS;
    const sizeBytes = Number(fields[4]);
    const position = Number(fields[5]);
    if (!Number.isFinite(ptsS) || !this.#isInFile(position, sizeBytes)) return;
    if (++this.#count > MAX_PACKETS) {
      const text = `export: a piece has more than ${MAX_PACKETS} packets; cut it into shorter ones`;
      throw new MediaError('resource-exhausted', 'export-too-many-packets', text);
    }
    const { table } = stream;
    table.ptsS.push(ptsS);
    table.durationS.push(Math.max(0, Number(fields[3]) || 0) * stream.tickS);
    table.position.push(position);
    table.sizeBytes.push(sizeBytes);
    table.isKey.push(fields[6]?.startsWith('K') === true);
    table.isHidden.push(fields[6]?.charAt(1) === 'D');
  }

  #isInFile(position: number, sizeBytes: number): boolean {
    const areWhole = Number.isSafeInteger(position) && Number.isSafeInteger(sizeBytes);
    return areWhole && position >= 0 && sizeBytes > 0 && position + sizeBytes <= this.#fileBytes;
  }
}

/** The presentation time, or the decoding time where a file has only that. */
function tickCount(pts: string | undefined, dts: string | undefined): number {
  const value = pts === undefined || pts === 'N/A' || pts === '' ? dts : pts;
  return value === undefined || value === '' ? NaN : Number(value);
}
