// Finds the recovery point message in H.264 supplemental information, ITU-T H.264 section D.1.8.
import { BitReader } from './bit-reader.ts';

const RECOVERY_POINT = 6;
const MAX_MESSAGES = 64;

/**
 * recovery_frame_cnt of the SEI NAL unit in `[start, end)` (header byte included): after how many
 * frames the picture is right when decoding starts here; -1 when it has no recovery point.
 */
export function readH264RecoveryFrameCount(bytes: Uint8Array, start: number, end: number): number {
  const reader = new BitReader({ skipsEmulationPrevention: true });
  reader.reset(bytes, start + 1, end);
  for (let count = 0; count < MAX_MESSAGES && reader.bitsLeft > 16; count++) {
    const type = readExtended(reader);
    const sizeBytes = readExtended(reader);
    if (type === RECOVERY_POINT) {
      const frameCount = reader.readUe();
      return reader.isOverrun ? -1 : frameCount;
    }
    reader.skipBits(sizeBytes * 8);
  }
  return -1;
}

function readExtended(reader: BitReader): number {
  let value = 0;
  let byte = reader.readBits(8);
  while (byte === 0xff && !reader.isOverrun) {
    value += 0xff;
    byte = reader.readBits(8);
  }
  return value + byte;
}
