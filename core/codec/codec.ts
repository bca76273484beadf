// The codecs a track can carry, as one discriminated union, with the parameters decoders need.

/** H.264, RFC 6184. Parameter sets are raw NAL units without start code. */
export interface H264Codec {
  readonly name: 'H264';
  readonly clockRateHz: 90000;
  /** 0 = single NAL unit mode, 1 = non-interleaved, 2 = interleaved; what the source announced. */
  readonly packetizationMode: number;
  /** Six hex digits, lower case, e.g. `42c01e`; from the SPS when known. */
  readonly profileLevelId?: string;
  readonly sps?: Uint8Array;
  readonly pps?: Uint8Array;
}

/** H.265, RFC 7798. */
export interface H265Codec {
  readonly name: 'H265';
  readonly clockRateHz: 90000;
  /** sprop-max-don-diff; above 0 the payloads carry decoding order numbers, which is not supported. */
  readonly maxDonDiff?: number;
  readonly vps?: Uint8Array;
  readonly sps?: Uint8Array;
  readonly pps?: Uint8Array;
}

/** VP8, RFC 7741. */
export interface Vp8Codec {
  readonly name: 'VP8';
  readonly clockRateHz: 90000;
}

/** VP9, RFC 9628. */
export interface Vp9Codec {
  readonly name: 'VP9';
  readonly clockRateHz: 90000;
  readonly profileId?: number;
}

/** AV1, RTP payload format of the Alliance for Open Media, version 1.0. */
export interface Av1Codec {
  readonly name: 'AV1';
  readonly clockRateHz: 90000;
  readonly profile?: number;
  readonly levelIdx?: number;
  readonly tier?: number;
  /** Sequence header OBU with its header byte, without size field; from the stream. */
  readonly sequenceHeader?: Uint8Array;
}

/** Motion JPEG, RFC 2435. */
export interface MjpegCodec {
  readonly name: 'M-JPEG';
  readonly clockRateHz: 90000;
}

/** Opus, RFC 7587. The RTP clock always runs at 48 kHz. */
export interface OpusCodec {
  readonly name: 'Opus';
  readonly clockRateHz: 48000;
  readonly channelCount: number;
  /** Format parameters as announced, e.g. `sprop-stereo=1`. */
  readonly fmtp?: string;
}

/** MPEG-4 Audio (AAC) with AU headers, RFC 3640, or as LATM, RFC 6416. */
export interface Mpeg4AudioCodec {
  readonly name: 'MPEG-4 Audio';
  readonly clockRateHz: number;
  readonly sampleRateHz: number;
  readonly channelCount: number;
  /** AudioSpecificConfig, ISO 14496-3 section 1.6.2.1. */
  readonly config: Uint8Array;
  readonly framing:
    | {
        readonly type: 'generic';
        readonly sizeLength: number;
        readonly indexLength: number;
        readonly indexDeltaLength: number;
      }
    | { readonly type: 'latm' };
}

/** G.711, RFC 3551 section 4.5.14. */
export interface G711Codec {
  readonly name: 'G711';
  readonly clockRateHz: number;
  readonly channelCount: number;
  readonly isMuLaw: boolean;
}

/** G.722, RFC 3551 section 4.5.2: samples at 16 kHz, but the RTP clock runs at 8 kHz. */
export interface G722Codec {
  readonly name: 'G722';
  readonly clockRateHz: 8000;
  readonly channelCount: number;
}

/** Linear PCM, big endian (L8, L16, L24), RFC 3551 section 4.5.11 and RFC 3190. */
export interface LpcmCodec {
  readonly name: 'LPCM';
  readonly clockRateHz: number;
  readonly bitDepth: number;
  readonly channelCount: number;
}

/** Any other RTP format: forwarded untouched to RTSP readers. */
export interface GenericCodec {
  readonly name: 'Generic';
  readonly clockRateHz: number;
  /** The rtpmap value, e.g. `vnd.onvif.metadata/90000`; empty when the source gave none. */
  readonly rtpmap: string;
  readonly fmtp: string;
}

/** Every codec a track can have; `name` tells them apart. */
export type Codec =
  | H264Codec
  | H265Codec
  | Vp8Codec
  | Vp9Codec
  | Av1Codec
  | MjpegCodec
  | OpusCodec
  | Mpeg4AudioCodec
  | G711Codec
  | G722Codec
  | LpcmCodec
  | GenericCodec;

/** Name of a codec in this project. */
export type CodecName = Codec['name'];

/** Kind of a track, as in the m= line of SDP. */
export type MediaKind = 'video' | 'audio' | 'application';

/** The m= kind of a codec; `Generic` carries its own kind in the track. */
export function mediaKindOf(codec: Exclude<Codec, GenericCodec>): 'video' | 'audio' {
  switch (codec.name) {
    case 'H264':
    case 'H265':
    case 'VP8':
    case 'VP9':
    case 'AV1':
    case 'M-JPEG':
      return 'video';
    case 'Opus':
    case 'MPEG-4 Audio':
    case 'G711':
    case 'G722':
    case 'LPCM':
      return 'audio';
  }
}

/** What a source announces for one track, before any packet. */
export interface TrackDescription {
  readonly kind: MediaKind;
  readonly codec: Codec;
  /** RTP payload type the source uses, 0..127. */
  readonly payloadType: number;
  /** `a=control` of the source, kept so that RTSP sources can SETUP it. */
  readonly control?: string;
}
