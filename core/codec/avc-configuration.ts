// Builds the AVCDecoderConfigurationRecord (avcC), ISO/IEC 14496-15 section 5.3.3.1.
import { MediaError } from '../base/media-error.ts';
import { writeUint16 } from '../base/bytes.ts';
import { parseH264Sps } from './h264-sps.ts';

/** Profiles whose record ends with chroma format and bit depths. */
const PROFILES_WITH_EXTENSION: readonly number[] = [100, 110, 122, 144, 244];

/**
 * The record for one SPS and one PPS, with four-byte NAL unit lengths.
 * @throws MediaError invalid-argument when the SPS cannot be read.
 */
export function buildAvcConfiguration(sps: Uint8Array, pps: Uint8Array): Uint8Array {
  const parsed = parseH264Sps(sps);
  if (parsed === undefined) {
    throw new MediaError(
      'invalid-argument',
      'bad-parameter-set',
      `the SPS of ${sps.length} bytes cannot be read; avcC`,
    );
  }
  const hasExtension = PROFILES_WITH_EXTENSION.includes(parsed.profileIdc);
  const record = new Uint8Array(11 + sps.length + pps.length + (hasExtension ? 4 : 0));
  record.set([1, parsed.profileIdc, parsed.constraintFlags, parsed.levelIdc, 0xff, 0xe1]);
  writeUint16(record, 6, sps.length);
  record.set(sps, 8);
  const ppsStart = 8 + sps.length;
  record[ppsStart] = 1;
  writeUint16(record, ppsStart + 1, pps.length);
  record.set(pps, ppsStart + 3);
  if (hasExtension) {
    const extension = [
      0xfc | parsed.chromaFormatIdc,
      0xf8 | (parsed.bitDepthLuma - 8),
      0xf8 | (parsed.bitDepthChroma - 8),
      0,
    ];
    record.set(extension, ppsStart + 3 + pps.length);
  }
  return record;
}
