// Decides which codec an RTP format announces, forgiving what cameras get wrong.
import type { Codec, GenericCodec, MediaKind } from '../codec/codec.ts';
import { profileLevelIdOf } from '../codec/profile-level-id.ts';
import {
  parseH264SpropParameterSets,
  parseH265SpropParameterSets,
} from '../codec/sprop-parameter-sets.ts';
import { integerParameter, type FormatParameters } from './format-parameters.ts';
import { latmCodec, mpeg4GenericCodec } from './mpeg4-audio-format.ts';
import { parametersOf, rtpmapOf, type RtpFormat } from './rtp-format.ts';

const TELEPHONE_HZ = 8000;
const VIDEO_HZ = 90000;

/**
 * The codec of a format. Unknown encodings, and known ones whose parameters cannot be used, become
 * `Generic`. `kind` is that of the m= line.
 */
export function codecFromFormat(format: RtpFormat, kind: MediaKind): Codec {
  return videoCodec(format) ?? audioCodec(format) ?? genericCodec(format, kind);
}

function videoCodec(format: RtpFormat): Codec | undefined {
  const parameters = parametersOf(format);
  const clock = { clockRateHz: VIDEO_HZ } as const;
  switch (format.encoding.toUpperCase()) {
    case 'H264':
      return h264Codec(parameters);
    case 'H265':
    case 'HEVC': {
      const sprops = ['sprop-vps', 'sprop-sps', 'sprop-pps'].map((name) => parameters.get(name));
      const sets = parseH265SpropParameterSets(sprops.map((text) => text ?? ''));
      return { name: 'H265', ...clock, ...sets };
    }
    case 'VP8':
      return { name: 'VP8', ...clock };
    case 'VP9': {
      const profileId = integerParameter(parameters, 'profile-id', 3);
      return { name: 'VP9', ...clock, ...(profileId !== undefined && { profileId }) };
    }
    case 'AV1':
      return av1Codec(parameters);
    case 'JPEG':
      return { name: 'M-JPEG', ...clock };
    default:
      return undefined;
  }
}

/** The profile comes from the SPS when there is one: cameras write base64 or decimals instead of hex. */
function h264Codec(parameters: FormatParameters): Codec {
  const sets = parseH264SpropParameterSets(parameters.get('sprop-parameter-sets') ?? '');
  const announced = parameters.get('profile-level-id')?.toLowerCase();
  const usable = /^[0-9a-f]{6}$/.test(announced ?? '') ? announced : undefined;
  const profileLevelId = sets.sps === undefined ? usable : profileLevelIdOf(sets.sps);
  return {
    name: 'H264',
    clockRateHz: VIDEO_HZ,
    packetizationMode: integerParameter(parameters, 'packetization-mode', 2) ?? 0,
    ...(profileLevelId !== undefined && { profileLevelId }),
    ...sets,
  };
}

function av1Codec(parameters: FormatParameters): Codec {
  const profile = integerParameter(parameters, 'profile', 2);
  const levelIdx = integerParameter(parameters, 'level-idx', 31);
  const tier = integerParameter(parameters, 'tier', 1);
  return {
    name: 'AV1',
    clockRateHz: VIDEO_HZ,
    ...(profile !== undefined && { profile }),
    ...(levelIdx !== undefined && { levelIdx }),
    ...(tier !== undefined && { tier }),
  };
}

function audioCodec(format: RtpFormat): Codec | undefined {
  const { channelCount } = format;
  switch (format.encoding.toUpperCase()) {
    case 'OPUS':
    case 'MULTIOPUS':
      return opusCodec(format);
    case 'MPEG4-GENERIC':
      return mpeg4GenericCodec(format);
    case 'MP4A-LATM':
      return latmCodec(format);
    case 'PCMU':
      return { name: 'G711', clockRateHz: clockOf(format), channelCount, isMuLaw: true };
    case 'PCMA':
      return { name: 'G711', clockRateHz: clockOf(format), channelCount, isMuLaw: false };
    case 'G722':
      return { name: 'G722', clockRateHz: TELEPHONE_HZ, channelCount };
    case 'L8':
    case 'L16':
    case 'L24':
      if (format.clockRateHz === 0) return undefined;
      return {
        name: 'LPCM',
        clockRateHz: format.clockRateHz,
        bitDepth: Number(format.encoding.slice(1)),
        channelCount,
      };
    default:
      return undefined;
  }
}

function clockOf(format: RtpFormat): number {
  return format.clockRateHz === 0 ? TELEPHONE_HZ : format.clockRateHz;
}

/**
 * RFC 7587 section 7 fixes the rtpmap at two channels; `sprop-stereo=0` says that the sender makes
 * mono. Without it two are assumed, since ffmpeg sends stereo without a word.
 */
function opusCodec(format: RtpFormat): Codec {
  const isMono = parametersOf(format).get('sprop-stereo') === '0';
  const isMulti = format.encoding.toUpperCase() === 'MULTIOPUS';
  return {
    name: 'Opus',
    clockRateHz: 48000,
    channelCount: isMulti ? format.channelCount : isMono ? 1 : 2,
    ...(format.fmtp !== '' && { fmtp: format.fmtp }),
  };
}

function genericCodec(format: RtpFormat, kind: MediaKind): GenericCodec {
  const defaultHz = kind === 'audio' ? TELEPHONE_HZ : VIDEO_HZ;
  return {
    name: 'Generic',
    clockRateHz: format.clockRateHz === 0 ? defaultHz : format.clockRateHz,
    rtpmap: rtpmapOf(format),
    fmtp: format.fmtp,
  };
}
