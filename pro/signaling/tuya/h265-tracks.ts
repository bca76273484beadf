// The tracks that a Tuya camera sends over its data channel: told by its skill, since its SDP answer
// claims H264 whatever it has.
import type { Codec, TrackDescription } from '../../../core/codec/codec.ts';

/** What is needed of a device's skill; lists may be empty. */
export interface ChannelSkill {
  readonly videos: readonly { readonly streamType: number; readonly codecType: number }[];
  readonly audios: readonly {
    readonly codecType: number;
    readonly sampleRate: number;
    readonly channels: number;
  }[];
}

/** Tracks to announce once the camera names their SSRCs. */
export interface ChannelTracks {
  readonly video: TrackDescription;
  /** Undefined for sound whose RTP form nobody documents (AAC, MP3). */
  readonly audio: TrackDescription | undefined;
  /** Whether the samples of the sound have to be turned: RFC 3551 wants the high byte first. */
  readonly isLittleEndian: boolean;
}

const VIDEO_H265 = 4;
const AUDIO_PCM = 101;
const AUDIO_PCMU = 105;
const AUDIO_PCMA = 106;
const TELEPHONE_HZ = 8000;
const MAX_RATE_HZ = 48_000;
const MAX_CHANNELS = 2;
const VIDEO_PAYLOAD_TYPE = 96;
const AUDIO_PAYLOAD_TYPE = 97;

/** Whether a stream (2 = main, 4 = sub) is H265, so that it only comes over the data channel. */
export function isH265Stream({ videos }: ChannelSkill, streamType: number): boolean {
  const video = videos.find((each) => each.streamType === streamType) ?? videos[0];
  return video?.codecType === VIDEO_H265;
}

/** H265, and the first sound of the skill; without any sound in the skill PCMU at 8 kHz. */
export function channelTracks({ audios }: ChannelSkill): ChannelTracks {
  const [first] = audios;
  const codecType = first?.codecType ?? AUDIO_PCMU;
  const codec = audioCodec({
    codecType,
    sampleRate: inRange(first?.sampleRate, MAX_RATE_HZ) ?? TELEPHONE_HZ,
    channels: inRange(first?.channels, MAX_CHANNELS) ?? 1,
  });
  return {
    video: {
      kind: 'video',
      codec: { name: 'H265', clockRateHz: 90_000 },
      payloadType: VIDEO_PAYLOAD_TYPE,
    },
    audio: codec && { kind: 'audio', codec, payloadType: payloadTypeOf(codec) },
    isLittleEndian: codecType === AUDIO_PCM,
  };
}

function audioCodec(audio: ChannelSkill['audios'][number]): Codec | undefined {
  const { codecType, sampleRate: clockRateHz, channels: channelCount } = audio;
  switch (codecType) {
    case AUDIO_PCM:
      return { name: 'LPCM', clockRateHz, channelCount, bitDepth: 16 };
    case AUDIO_PCMU:
      return { name: 'G711', clockRateHz, channelCount, isMuLaw: true };
    case AUDIO_PCMA:
      return { name: 'G711', clockRateHz, channelCount, isMuLaw: false };
    default:
      return undefined;
  }
}

/** RFC 3551 section 6. */
function payloadTypeOf(codec: Codec): number {
  if (codec.name !== 'G711' || codec.clockRateHz !== TELEPHONE_HZ || codec.channelCount !== 1) {
    return AUDIO_PAYLOAD_TYPE;
  }
  return codec.isMuLaw ? 0 : 8;
}

function inRange(value: number | undefined, max: number): number | undefined {
  return value !== undefined && value >= 1 && value <= max ? value : undefined;
}
