// Turns the samples of an RTP packet with 16-bit PCM from low byte first to high byte first.
import { readUint16 } from '../../../core/base/bytes.ts';

const HEADER_BYTES = 12;
const FLAG_PADDING = 0x20;
const FLAG_EXTENSION = 0x10;

/**
 * Swaps in place, as RFC 3551 section 4.5.11 wants samples; a half sample at the end stays. A packet
 * that does not parse is left as it is: the writer drops it.
 */
export function swapSamples(bytes: Uint8Array): void {
  const { length } = bytes;
  const flags = bytes[0] ?? 0;
  let start = HEADER_BYTES + 4 * (flags & 0x0f);
  if (flags & FLAG_EXTENSION) {
    if (start + 4 > length) return;
    start += 4 + 4 * readUint16(bytes, start + 2);
  }
  const end = length - (flags & FLAG_PADDING ? (bytes[length - 1] ?? 0) : 0);
  for (let index = start; index + 1 < end; index += 2) {
    const low = bytes[index] ?? 0;
    bytes[index] = bytes[index + 1] ?? 0;
    bytes[index + 1] = low;
  }
}
