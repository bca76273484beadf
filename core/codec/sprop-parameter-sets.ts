// Parameter sets inside SDP format parameters, RFC 6184 section 8.1 and RFC 7798 section 7.1.
import { splitAnnexB } from './annex-b.ts';
import { H264NalType, h264NalType } from './h264-nal-unit.ts';
import { H265NalType, h265NalType } from './h265-nal-unit.ts';

const MAX_TEXT_CHARACTERS = 16384;

/** Parameter sets found in an SDP, without start codes. */
export interface H264ParameterSets {
  readonly sps?: Uint8Array;
  readonly pps?: Uint8Array;
}

/** Parameter sets found in an SDP, without start codes. */
export interface H265ParameterSets extends H264ParameterSets {
  readonly vps?: Uint8Array;
}

/**
 * NAL units of a comma-separated base64 list. Start codes and zeros around a NAL unit, which some
 * cameras leave in, are removed; text that is not base64 yields nothing.
 */
export function parseSpropParameterSets(text: string): Uint8Array[] {
  if (text.length > MAX_TEXT_CHARACTERS) return [];
  return text
    .split(',')
    .flatMap((item) => splitAnnexB(new Uint8Array(Buffer.from(item, 'base64'))));
}

/** The first SPS and PPS of `sprop-parameter-sets`; what is missing or of another kind is absent. */
export function parseH264SpropParameterSets(text: string): H264ParameterSets {
  const nals = parseSpropParameterSets(text);
  const sps = nals.find((nal) => h264NalType(nal[0] ?? 0) === H264NalType.sps);
  const pps = nals.find((nal) => h264NalType(nal[0] ?? 0) === H264NalType.pps);
  return { ...(sps && { sps }), ...(pps && { pps }) };
}

/** The first VPS, SPS and PPS of `sprop-vps`, `sprop-sps` and `sprop-pps`, joined in any order. */
export function parseH265SpropParameterSets(texts: readonly string[]): H265ParameterSets {
  const nals = texts.flatMap(parseSpropParameterSets);
  const vps = nals.find((nal) => h265NalType(nal[0] ?? 0) === H265NalType.vps);
  const sps = nals.find((nal) => h265NalType(nal[0] ?? 0) === H265NalType.sps);
  const pps = nals.find((nal) => h265NalType(nal[0] ?? 0) === H265NalType.pps);
  return { ...(vps && { vps }), ...(sps && { sps }), ...(pps && { pps }) };
}
