// ADTS headers, ISO/IEC 14496-3 section 1.A.3.2: AAC frames as a byte stream for decoders and files.
import { readUint8, readUint16, readUint24 } from '../base/bytes.ts';
import type { AudioSpecificConfig } from './audio-specific-config.ts';

/** Length of a header without CRC. */
export const ADTS_HEADER_BYTES = 7;
const MAX_FRAME_BYTES = 0x1fff;
const HEADER_WITH_CRC_BYTES = 9;
const SAMPLE_RATES_HZ: readonly number[] = [
  96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
];

/** Writes ADTS headers of one stream. */
export class AdtsHeaderWriter {
  readonly #profile: number;
  readonly #rateIndex: number;
  readonly #channelConfig: number;

  constructor(config: AudioSpecificConfig) {
    this.#profile = config.objectType - 1;
    this.#rateIndex = SAMPLE_RATES_HZ.indexOf(config.sampleRateHz);
    this.#channelConfig = config.channelConfig;
  }

  /** Whether ADTS can say it: object types 1 to 4, a listed rate, channel configurations 1 to 7. */
  get isPossible(): boolean {
    const isListed = this.#rateIndex >= 0;
    const hasChannels = this.#channelConfig >= 1 && this.#channelConfig <= 7;
    return isListed && hasChannels && this.#profile >= 0 && this.#profile <= 3;
  }

  /**
   * Writes the header for an access unit of `accessUnitBytes` and returns the offset behind it;
   * unchanged when the access unit is too long for ADTS or the buffer too short.
   */
  write(buffer: Uint8Array, offset: number, accessUnitBytes: number): number {
    const frameBytes = accessUnitBytes + ADTS_HEADER_BYTES;
    const end = offset + ADTS_HEADER_BYTES;
    if (!this.isPossible || frameBytes > MAX_FRAME_BYTES || end > buffer.length) return offset;
    const channels = this.#channelConfig;
    buffer[offset] = 0xff;
    buffer[offset + 1] = 0xf1; // MPEG-4, no CRC
    buffer[offset + 2] = (this.#profile << 6) | (this.#rateIndex << 2) | (channels >> 2);
    buffer[offset + 3] = ((channels & 3) << 6) | (frameBytes >> 11);
    buffer[offset + 4] = frameBytes >> 3;
    buffer[offset + 5] = ((frameBytes & 7) << 5) | 0x1f;
    buffer[offset + 6] = 0xfc; // buffer fullness 0x7ff: variable rate; one access unit
    return end;
  }
}

/**
 * Length of the ADTS header when `[start, end)` is exactly one ADTS frame, as some cameras put it
 * into RTP; 0 when it is a bare access unit. No access unit begins like a header: its first three
 * bits would mean the end of the frame.
 */
export function adtsHeaderLength(bytes: Uint8Array, start: number, end: number): number {
  if (end - start <= ADTS_HEADER_BYTES) return 0;
  const sync = readUint16(bytes, start);
  if ((sync & 0xfff6) !== 0xfff0) return 0;
  const frameBytes = (readUint24(bytes, start + 3) >> 5) & MAX_FRAME_BYTES;
  const isMultiple = (readUint8(bytes, start + 6) & 3) !== 0;
  if (frameBytes !== end - start || isMultiple) return 0;
  const headerBytes = (sync & 1) === 1 ? ADTS_HEADER_BYTES : HEADER_WITH_CRC_BYTES;
  return headerBytes < frameBytes ? headerBytes : 0;
}
