// Takes AAC frames out of an ADTS stream (ISO/IEC 14496-3 section 1.A.3.2) as it comes out of an encoder's pipe.
import { readUint8, readUint16, readUint24 } from '../../core/base/bytes.ts';
import { ADTS_HEADER_BYTES } from '../../core/codec/aac-adts.ts';

const CRC_BYTES = 2;

/** Incremental reader; frames that cross reads are joined. */
export class AdtsFrameReader {
  /** Bytes that were not ADTS. */
  skippedBytes = 0;
  readonly #onFrame: (frame: Uint8Array) => void;
  /** Never longer than one frame and one read. */
  #buffer: Uint8Array = new Uint8Array(0);

  /** `onFrame` gets each raw frame without header, which belongs to it. */
  constructor(onFrame: (frame: Uint8Array) => void) {
    this.#onFrame = onFrame;
  }

  /** Takes the next bytes of the pipe. */
  push(chunk: Uint8Array): void {
    const bytes = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    let start = 0;
    while (start + ADTS_HEADER_BYTES <= bytes.length) {
      const end = start + frameBytes(bytes, start);
      if (end === start) {
        start++;
        this.skippedBytes++;
        continue;
      }
      if (end > bytes.length) break;
      this.#onFrame(bytes.slice(start + headerBytes(bytes, start), end));
      start = end;
    }
    this.#buffer = bytes.slice(start);
  }
}

/** Length of the frame at `start`; 0 when none begins there. */
function frameBytes(bytes: Uint8Array, start: number): number {
  if ((readUint16(bytes, start) & 0xfff6) !== 0xfff0) return 0;
  const length = (readUint24(bytes, start + 3) >> 5) & 0x1fff;
  return length > headerBytes(bytes, start) ? length : 0;
}

function headerBytes(bytes: Uint8Array, start: number): number {
  const hasCrc = (readUint8(bytes, start + 1) & 1) === 0;
  return ADTS_HEADER_BYTES + (hasCrc ? CRC_BYTES : 0);
}
