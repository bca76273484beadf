// The payload types that we offer: everything we can receive, or the codec of a track that we send.
import type { Codec } from '../../codec/codec.ts';
import { formatLinesOf } from '../../sdp/sdp-from-tracks.ts';
import type { RtpFormat } from '../../sdp/rtp-format.ts';

const VIDEO_HZ = 90_000;
const VIDEO_FEEDBACK = ['nack', 'nack pli', 'ccm fir', 'transport-cc'];
const AUDIO_FEEDBACK = ['nack', 'transport-cc'];
const SENT_VIDEO_FEEDBACK = ['nack', 'nack pli', 'ccm fir', 'goog-remb'];
const H264 = 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=';
/** Constrained baseline 3.1, which every peer of WebRTC has to know (RFC 7742 section 6.2). */
const COMMON_PROFILE = '42e01f';
const SENT_VIDEO_TYPE = 96;
const SENT_AUDIO_TYPE = 111;

/** Video that a source may send us, best known first; each with its retransmission format. */
export const receivedVideoFormats: readonly RtpFormat[] = [
  ...withRtx(video(96, 'H264', `${H264}${COMMON_PROFILE}`)),
  ...withRtx(video(98, 'H264', `${H264}42001f`)),
  ...withRtx(video(100, 'H264', `${H264}4d001f`)),
  ...withRtx(video(102, 'H264', `${H264}640c1f`)),
  ...withRtx(video(104, 'VP8', '')),
  ...withRtx(video(106, 'VP9', 'profile-id=0')),
  ...withRtx(video(108, 'VP9', 'profile-id=2')),
  ...withRtx(video(112, 'H265', '')),
  ...withRtx(video(114, 'AV1', '')),
];

/** Audio that a source may send us. */
export const receivedAudioFormats: readonly RtpFormat[] = [
  audio(111, 'opus', {
    clockRateHz: 48_000,
    channelCount: 2,
    fmtp: 'minptime=10;useinbandfec=1;stereo=1',
  }),
  audio(9, 'G722', { clockRateHz: 8000, channelCount: 1, fmtp: '' }),
  audio(8, 'PCMA', { clockRateHz: 8000, channelCount: 1, fmtp: '' }),
  audio(0, 'PCMU', { clockRateHz: 8000, channelCount: 1, fmtp: '' }),
];

/** What we offer for a track that we send; undefined when WebRTC has no name for its codec. */
export function sentFormats(codec: Codec): readonly RtpFormat[] | undefined {
  switch (codec.name) {
    case 'H264':
      return h264Formats(codec.profileLevelId);
    case 'VP8':
    case 'H265':
      return sentVideo(codec.name, '');
    case 'VP9':
      return sentVideo('VP9', `profile-id=${codec.profileId ?? 0}`);
    case 'AV1':
      return sentVideo('AV1', codec.profile === undefined ? '' : `profile=${codec.profile}`);
    case 'Opus':
      return codec.channelCount > 2 ? [ownFormat(codec)] : [opus(codec.channelCount)];
    case 'G711':
      return [
        {
          ...ownFormat(codec),
          payloadType: codec.clockRateHz === 8000 ? g711Type(codec.isMuLaw) : SENT_AUDIO_TYPE,
        },
      ];
    case 'G722':
      return [{ ...ownFormat(codec), payloadType: 9 }];
    case 'LPCM':
      return [ownFormat(codec)];
    case 'MPEG-4 Audio':
    case 'M-JPEG':
    case 'Generic':
      return undefined;
  }
}

/** The real profile, and the one that peers compare with. */
function h264Formats(profileLevelId: string | undefined): readonly RtpFormat[] {
  const real = profileLevelId?.toLowerCase() ?? COMMON_PROFILE;
  const own = sentVideo('H264', H264 + real);
  if (real.slice(0, 4) === COMMON_PROFILE.slice(0, 4)) return own;
  const common = video(SENT_VIDEO_TYPE + 2, 'H264', H264 + COMMON_PROFILE);
  return [...own, ...withRtx({ ...common, rtcpFeedback: SENT_VIDEO_FEEDBACK })];
}

function sentVideo(encoding: string, fmtp: string): readonly RtpFormat[] {
  const format = video(SENT_VIDEO_TYPE, encoding, fmtp);
  return withRtx({ ...format, rtcpFeedback: SENT_VIDEO_FEEDBACK });
}

function opus(channelCount: number): RtpFormat {
  const stereo = channelCount === 2 ? ';stereo=1;sprop-stereo=1' : '';
  const fmtp = `minptime=10;useinbandfec=1${stereo}`;
  return {
    ...audio(SENT_AUDIO_TYPE, 'opus', { clockRateHz: 48_000, channelCount: 2, fmtp }),
    rtcpFeedback: ['nack'],
  };
}

/** RFC 3551 section 6. */
function g711Type(isMuLaw: boolean): number {
  return isMuLaw ? 0 : 8;
}

/** The codec as SDP writes it. */
function ownFormat(codec: Codec): RtpFormat {
  const { rtpmap = '', fmtp = '' } = formatLinesOf(codec);
  const [encoding = '', clock = '0', channels = '1'] = rtpmap.split('/');
  return {
    payloadType: SENT_AUDIO_TYPE,
    encoding,
    clockRateHz: Number(clock),
    channelCount: Number(channels),
    fmtp,
    rtcpFeedback: ['nack'],
  };
}

function video(payloadType: number, encoding: string, fmtp: string): RtpFormat {
  return {
    ...{ payloadType, encoding, fmtp, clockRateHz: VIDEO_HZ, channelCount: 1 },
    rtcpFeedback: VIDEO_FEEDBACK,
  };
}

function audio(
  payloadType: number,
  encoding: string,
  rest: Pick<RtpFormat, 'clockRateHz' | 'channelCount' | 'fmtp'>,
): RtpFormat {
  return { payloadType, encoding, ...rest, rtcpFeedback: AUDIO_FEEDBACK };
}

/** RFC 4588 section 8.1; its payload type is the next one. */
function withRtx(format: RtpFormat): readonly RtpFormat[] {
  const rtx: RtpFormat = {
    ...{ payloadType: format.payloadType + 1, encoding: 'rtx', clockRateHz: VIDEO_HZ },
    ...{ channelCount: 1, fmtp: `apt=${format.payloadType}`, rtcpFeedback: [] },
  };
  return [format, rtx];
}
