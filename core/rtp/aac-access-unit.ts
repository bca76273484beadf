// What AAC depacketizers hand out, and the arithmetic of access units on the RTP clock.
import { parseAudioSpecificConfig } from '../codec/audio-specific-config.ts';
import type { Mpeg4AudioCodec } from '../codec/codec.ts';

/** Longest access unit: what the 13 bits of AAC-hbr can say (RFC 3640 section 3.3.6). */
export const MAX_AAC_ACCESS_UNIT_BYTES = 0x1fff;
const DEFAULT_SAMPLES_PER_FRAME = 1024;

/** Gets access units in order. */
export interface AccessUnitHandler {
  /** A whole raw access unit; `accessUnit` is valid only during the call. */
  onAccessUnit(accessUnit: Uint8Array, timestampTicks: number): void;
}

/**
 * Clock ticks from one access unit to the next, perhaps with a fraction. Under SBR the core coder
 * runs at half the output rate, and a frame of 1024 core samples lasts 2048 ticks of the output's clock.
 */
export function ticksPerAacFrame(codec: Mpeg4AudioCodec): number {
  const config = parseAudioSpecificConfig(codec.config);
  const samples = config?.samplesPerFrame ?? DEFAULT_SAMPLES_PER_FRAME;
  return (samples * codec.clockRateHz) / (config?.sampleRateHz ?? codec.sampleRateHz);
}
