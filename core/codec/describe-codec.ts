// Names a codec and its properties for people and for the control API.
import { parseAv1SequenceHeader } from './av1-sequence-header.ts';
import type { Av1Codec, Codec, GenericCodec } from './codec.ts';
import { parseH264Sps } from './h264-sps.ts';
import { parseH265Sps } from './h265-sps.ts';

/** Properties as the control API shows them, e.g. `{ width: 1920, profile: 'High', level: '4.1' }`. */
export type CodecProps = Readonly<Record<string, string | number | boolean>>;

/** A codec as people and the control API see it. */
export interface CodecDescription {
  /** Track label of the control API, e.g. `H264`, `MPEG-4 Audio`. */
  readonly label: string;
  /** Null when the codec has no properties, or they are not known yet. */
  readonly props: CodecProps | null;
}

const H264_PROFILES: Readonly<Record<number, string>> = {
  66: 'Baseline',
  77: 'Main',
  88: 'Extended',
  100: 'High',
  110: 'High 10',
  122: 'High 4:2:2',
  244: 'High 4:4:4 Predictive',
};

const H265_PROFILES: Readonly<Record<number, string>> = {
  1: 'Main',
  2: 'Main 10',
  3: 'Main Still Picture',
  4: 'Range Extensions',
  5: 'High Throughput',
  6: 'Multiview Main',
  7: 'Scalable Main',
  8: '3D Main',
  9: 'Screen Content Coding Extensions',
  10: 'Scalable Range Extensions',
};

/** Labels of formats that are forwarded without being understood, by encoding name. */
const GENERIC_LABELS: Readonly<Record<string, string>> = {
  'MP4V-ES': 'MPEG-4 Video',
  MPV: 'MPEG-1/2 Video',
  MPA: 'MPEG-1/2 Audio',
  AC3: 'AC3',
  SPEEX: 'Speex',
  VORBIS: 'Vorbis',
  FLAC: 'FLAC',
  MP2T: 'MPEG-TS',
  SMPTE336M: 'KLV',
};

/** Describes a codec. Reads its parameter sets: call it when the codec changed, not per packet. */
export function describeCodec(codec: Codec): CodecDescription {
  switch (codec.name) {
    case 'H264':
      return { label: 'H264', props: h264Props(codec.sps) };
    case 'H265':
      return { label: 'H265', props: h265Props(codec.sps) };
    case 'AV1':
      return { label: 'AV1', props: av1Props(codec) };
    case 'VP9':
      return { label: 'VP9', props: { profile: codec.profileId ?? 0 } };
    case 'Opus':
      return { label: 'Opus', props: { channelCount: codec.channelCount } };
    case 'MPEG-4 Audio': {
      const label = codec.framing.type === 'latm' ? 'MPEG-4 Audio LATM' : 'MPEG-4 Audio';
      const props = { sampleRate: codec.sampleRateHz, channelCount: codec.channelCount };
      return { label, props: codec.framing.type === 'latm' ? null : props };
    }
    case 'G711': {
      const { isMuLaw: muLaw, clockRateHz: sampleRate, channelCount } = codec;
      return { label: 'G711', props: { muLaw, sampleRate, channelCount } };
    }
    case 'LPCM': {
      const { bitDepth, clockRateHz: sampleRate, channelCount } = codec;
      return { label: 'LPCM', props: { bitDepth, sampleRate, channelCount } };
    }
    case 'VP8':
    case 'M-JPEG':
    case 'G722':
      return { label: codec.name, props: null };
    case 'Generic':
      return describeGeneric(codec);
  }
}

function h264Props(sps: Uint8Array | undefined): CodecProps | null {
  const parsed = sps && parseH264Sps(sps);
  if (parsed === undefined) return null;
  return {
    width: parsed.widthPixels,
    height: parsed.heightPixels,
    profile: H264_PROFILES[parsed.profileIdc] ?? String(parsed.profileIdc),
    level: String(parsed.levelIdc / 10),
  };
}

function h265Props(sps: Uint8Array | undefined): CodecProps | null {
  const parsed = sps && parseH265Sps(sps);
  if (parsed === undefined) return null;
  return {
    width: parsed.widthPixels,
    height: parsed.heightPixels,
    profile: H265_PROFILES[parsed.profileIdc] ?? String(parsed.profileIdc),
    level:
      parsed.levelIdc % 30 === 0 ? String(parsed.levelIdc / 30) : (parsed.levelIdc / 30).toFixed(1),
  };
}

function av1Props(codec: Av1Codec): CodecProps {
  const parsed = codec.sequenceHeader && parseAv1SequenceHeader(codec.sequenceHeader);
  return {
    width: parsed?.widthPixels ?? 0,
    height: parsed?.heightPixels ?? 0,
    profile: parsed?.profile ?? codec.profile ?? 0,
    level: parsed?.levelIdx ?? codec.levelIdx ?? 0,
    tier: parsed?.tier ?? codec.tier ?? 0,
  };
}

function describeGeneric(codec: GenericCodec): CodecDescription {
  const [encodingName = '', , channels = '1'] = codec.rtpmap.toUpperCase().split('/');
  const label = encodingName.includes('G726')
    ? 'G726'
    : (GENERIC_LABELS[encodingName] ?? 'Generic');
  if (label !== 'AC3') return { label, props: null };
  return { label, props: { sampleRate: codec.clockRateHz, channelCount: Number(channels) || 1 } };
}
