// How the codec of a track is stored in Matroska, RFC 9559 section 5.1.4 and the codec mappings of matroska.org.
import { MediaError } from '../base/media-error.ts';
import { parseAudioSpecificConfig } from '../codec/audio-specific-config.ts';
import type { Codec, G711Codec, Mpeg4AudioCodec, OpusCodec } from '../codec/codec.ts';
import { H264Mp4Format } from './h264-mp4-format.ts';
import { H265Mp4Format } from './h265-mp4-format.ts';
import { plainFraming, type SampleFraming } from './sample-framing.ts';

/** What a track entry says, and how its samples are framed. */
export interface MatroskaFormat {
  /** E.g. `V_MPEG4/ISO/AVC`. */
  readonly codecId: string;
  readonly codecPrivate: Uint8Array;
  readonly framing: SampleFraming;
  readonly media: MatroskaVideo | MatroskaAudio;
}

/** The Video element. */
export interface MatroskaVideo {
  readonly kind: 'video';
  readonly widthPixels: number;
  readonly heightPixels: number;
}

/** The Audio element. */
export interface MatroskaAudio {
  readonly kind: 'audio';
  readonly sampleRateHz: number;
  /** Rate of what is heard, where it differs: spectral band replication. */
  readonly outputRateHz?: number;
  readonly channelCount: number;
  readonly bitDepth?: number;
}

const WAVE_FORMAT_ALAW = 6;
const WAVE_FORMAT_MULAW = 7;

/**
 * @throws MediaError `unsupported` for a codec that isn't written; `failed-precondition` when
 *   parameter sets are missing, `invalid-argument` when they are broken.
 */
export function createMatroskaFormat(codec: Codec): MatroskaFormat {
  switch (codec.name) {
    case 'H264':
      return videoFormat('V_MPEG4/ISO/AVC', new H264Mp4Format(codec));
    case 'H265':
      return videoFormat('V_MPEGH/ISO/HEVC', new H265Mp4Format(codec));
    case 'MPEG-4 Audio':
      return aacFormat(codec);
    case 'G711':
      return g711Format(codec);
    case 'Opus':
      return opusFormat(codec);
    default:
      throw new MediaError(
        'unsupported',
        'codec-not-in-container',
        `${codec.name} has no place in it; Matroska file`,
      );
  }
}

/** The configuration records and the samples are those of ISO/IEC 14496-15, as in MP4. */
function videoFormat(codecId: string, format: H264Mp4Format | H265Mp4Format): MatroskaFormat {
  const { widthPixels, heightPixels, configuration, framing } = format;
  const media = { kind: 'video', widthPixels, heightPixels } as const;
  return { codecId, codecPrivate: configuration, framing, media };
}

function aacFormat({ config, sampleRateHz, channelCount }: Mpeg4AudioCodec): MatroskaFormat {
  const parsed = parseAudioSpecificConfig(config);
  const outputRateHz = parsed?.extensionSampleRateHz;
  const media: MatroskaAudio = {
    kind: 'audio',
    sampleRateHz: parsed?.sampleRateHz ?? sampleRateHz,
    channelCount: parsed?.channelCount ?? channelCount,
    ...(outputRateHz === undefined ? {} : { outputRateHz }),
  };
  return { codecId: 'A_AAC', codecPrivate: config, framing: plainFraming, media };
}

/** WAVEFORMATEX of RFC 2361, little endian. */
function g711Format({ clockRateHz, channelCount, isMuLaw }: G711Codec): MatroskaFormat {
  const codecPrivate = new Uint8Array(18);
  const view = new DataView(codecPrivate.buffer);
  view.setUint16(0, isMuLaw ? WAVE_FORMAT_MULAW : WAVE_FORMAT_ALAW, true);
  view.setUint16(2, channelCount, true);
  view.setUint32(4, clockRateHz, true);
  view.setUint32(8, clockRateHz * channelCount, true);
  view.setUint16(12, channelCount, true);
  view.setUint16(14, 8, true);
  const media = { kind: 'audio', sampleRateHz: clockRateHz, channelCount, bitDepth: 8 } as const;
  return { codecId: 'A_MS/ACM', codecPrivate, framing: plainFraming, media };
}

/** OpusHead of RFC 7845 section 5.1, without pre-skip: what is heard begins with the first packet. */
function opusFormat({ channelCount, clockRateHz }: OpusCodec): MatroskaFormat {
  const codecPrivate = new Uint8Array(19);
  new TextEncoder().encodeInto('OpusHead', codecPrivate);
  codecPrivate[8] = 1;
  codecPrivate[9] = channelCount;
  new DataView(codecPrivate.buffer).setUint32(12, clockRateHz, true);
  const media = { kind: 'audio', sampleRateHz: clockRateHz, channelCount } as const;
  return { codecId: 'A_OPUS', codecPrivate, framing: plainFraming, media };
}
