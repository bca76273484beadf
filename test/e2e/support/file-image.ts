// A file in memory that takes the writes of a container writer, and remembers how it looked after each.
import type { ContainerWriter, MuxSample, MuxWrite } from '../../../core/mux/container-writer.ts';

/** Grows as needed; what was not written is zero, as in a hole. */
export class FileImage {
  #bytes = Buffer.alloc(0);

  get bytes(): Buffer {
    return this.#bytes;
  }

  write({ position, chunks }: MuxWrite): void {
    let offset = position;
    for (const chunk of chunks) {
      const end = offset + chunk.length;
      if (end > this.#bytes.length) {
        this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(end - this.#bytes.length)]);
      }
      this.#bytes.set(chunk, offset);
      offset = end;
    }
  }

  snapshot(): Buffer {
    return Buffer.from(this.#bytes);
  }
}

/** A file after one write. */
export interface FileState {
  readonly bytes: Buffer;
  /** Samples of each track that were written so far. */
  readonly counts: readonly number[];
  readonly step: string;
}

/** How a file is cut into parts. */
export interface RecordOptions {
  /** A part ends when so many seconds have passed. */
  readonly partSeconds?: number;
  /** Clock rate of each track. */
  readonly clockRatesHz: readonly number[];
}

/** Runs a writer over all samples; the state after each single write. */
export function recordStates(
  writer: ContainerWriter,
  samples: readonly MuxSample[],
  { clockRatesHz, partSeconds = 1 }: RecordOptions,
): FileState[] {
  const trackCount = clockRatesHz.length;
  const image = new FileImage();
  const states: FileState[] = [];
  const counts = new Array<number>(trackCount).fill(0);
  const pending = new Array<number>(trackCount).fill(0);
  const apply = (writes: readonly MuxWrite[], step: string): void => {
    for (const [index, write] of writes.entries()) {
      image.write(write);
      // The head of a file may come with the first part.
      const name = step === 'part' && write.position === 0 ? 'begin' : step;
      states.push({ bytes: image.snapshot(), counts: [...counts], step: `${name} ${index}` });
    }
  };
  const takePending = (): void => {
    for (let index = 0; index < trackCount; index++) {
      counts[index] = (counts[index] ?? 0) + (pending[index] ?? 0);
      pending[index] = 0;
    }
  };
  apply(writer.begin(), 'begin');
  let partStart: number | undefined;
  for (const sample of samples) {
    const seconds = sample.dtsTicks / (clockRatesHz[sample.trackIndex] ?? 1);
    partStart ??= seconds;
    if (seconds - partStart >= partSeconds) {
      takePending();
      apply(writer.endPart(), 'part');
      partStart = seconds;
    }
    writer.add(sample);
    pending[sample.trackIndex] = (pending[sample.trackIndex] ?? 0) + 1;
  }
  takePending();
  apply(writer.finish(), 'finish');
  return states;
}
