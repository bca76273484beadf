// What sources and publishers write through: the pen of a stream, or one that waits for its turn.
import type { WritableStream } from './stream-writer.ts';

/** As StreamWriter, which nearly always is what stands behind it. */
export interface SourceWriter {
  /** The stream that is written now. */
  readonly stream: WritableStream;
  readonly isClosed: boolean;
  writeRtp(trackIndex: number, bytes: Uint8Array): boolean;
  writeSenderReport(trackIndex: number, ntpMs: number, timestampTicks: number): void;
  publish(): void;
  close(): void;
}
