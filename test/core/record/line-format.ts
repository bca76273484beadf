// A container that is text: one line for each sample, so that tests read what was recorded.
import type { Codec } from '../../../core/codec/codec.ts';
import type {
  ContainerWriter,
  MuxSample,
  MuxTrack,
  MuxWrite,
} from '../../../core/mux/container-writer.ts';
import type { RecordingFormat } from '../../../core/record/recording-format.ts';

/** A sample as it was written. */
export interface RecordedLine {
  readonly track: number;
  readonly dts: number;
  readonly pts: number;
  readonly key: boolean;
  /** First bytes of the last unit, as hex. */
  readonly data: string;
}

class LineWriter implements ContainerWriter {
  readonly extension = '.txt';
  readonly #tracks: readonly MuxTrack[];
  #lines: string[] = [];
  #position = 0;

  constructor(tracks: readonly MuxTrack[]) {
    this.#tracks = tracks;
  }

  begin(): readonly MuxWrite[] {
    return this.#write(`begin ${this.#tracks.map(({ codec }) => codec.name).join(' ')}\n`);
  }

  add(sample: MuxSample): void {
    const data = Buffer.from(sample.units.at(-1) ?? []).toString('hex');
    const { trackIndex: track, dtsTicks: dts, ptsTicks: pts, isKeyFrame: key } = sample;
    this.#lines.push(`${JSON.stringify({ track, dts, pts, key, data: data.slice(0, 16) })}\n`);
  }

  endPart(): readonly MuxWrite[] {
    if (this.#lines.length === 0) return [];
    const text = `${this.#lines.join('')}part\n`;
    this.#lines = [];
    return this.#write(text);
  }

  finish(): readonly MuxWrite[] {
    return [...this.#write('index\n'), ...this.#write('end\n')];
  }

  #write(text: string): readonly MuxWrite[] {
    const bytes = Buffer.from(text);
    const position = this.#position;
    this.#position += bytes.length;
    return [{ position, chunks: [bytes] }];
  }
}

/** Holds everything but VP8. */
export const lineFormat: RecordingFormat = {
  extension: '.txt',
  canMux: (codec: Codec) => codec.name !== 'VP8' && codec.name !== 'Generic',
  createWriter: (tracks) => new LineWriter(tracks),
};

/** The samples in a file. */
export function linesOf(text: string): RecordedLine[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => {
      const parsed: unknown = JSON.parse(line);
      if (!isLine(parsed)) throw new Error(`no sample: ${line}`);
      return parsed;
    });
}

function isLine(value: unknown): value is RecordedLine {
  return typeof value === 'object' && value !== null && 'dts' in value && 'pts' in value;
}
