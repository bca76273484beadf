// The description that RTSP readers get for a stream's tracks.
import type { Codec, H264Codec, H265Codec, TrackDescription } from '../codec/codec.ts';
import { mpeg4AudioFormat } from './mpeg4-audio-format.ts';
import type { MediaDescription, SdpAttribute, SessionDescription } from './session-description.ts';

/** What the description says beside the tracks. */
export interface SdpFromTracksOptions {
  readonly tracks: readonly TrackDescription[];
  readonly sessionName: string;
  /** `IP4` unless it has a colon; default 0.0.0.0, meaning the address of the RTSP server. */
  readonly address?: string;
  /** Number for the `o=` line; the same for the same content. */
  readonly sessionId?: string;
  /** `RTP/AVP` unless media are encrypted. */
  readonly protocol?: 'RTP/AVP' | 'RTP/SAVP';
}

/** The rtpmap and fmtp values of a codec, without payload type. */
export interface FormatLines {
  readonly rtpmap?: string;
  readonly fmtp?: string;
}

/** Describes tracks in order; track N is controlled by `trackID=N`. */
export function sdpFromTracks(options: SdpFromTracksOptions): SessionDescription {
  const address = options.address ?? '0.0.0.0';
  const addressType = address.includes(':') ? 'IP6' : 'IP4';
  const sessionId = options.sessionId ?? '0';
  return {
    version: 0,
    origin: `- ${sessionId} ${sessionId} IN ${addressType} ${address}`,
    name: options.sessionName,
    connection: { networkType: 'IN', addressType, address },
    bandwidths: [],
    times: ['0 0'],
    attributes: [{ name: 'control', value: '*' }],
    medias: options.tracks.map((track, index) => mediaOf(track, index, options)),
  };
}

/** rtpmap and fmtp of a codec (RFC 8866 sections 6.6 and 6.15). */
export function formatLinesOf(codec: Codec): FormatLines {
  switch (codec.name) {
    case 'H264':
      return { rtpmap: 'H264/90000', fmtp: h264Parameters(codec) };
    case 'H265':
      return withFmtp('H265/90000', h265Parameters(codec));
    case 'VP8':
      return { rtpmap: 'VP8/90000' };
    case 'VP9':
      return withFmtp('VP9/90000', parameter('profile-id', codec.profileId));
    case 'AV1':
      return withFmtp('AV1/90000', [
        ...parameter('profile', codec.profile),
        ...parameter('level-idx', codec.levelIdx),
        ...parameter('tier', codec.tier),
      ]);
    case 'M-JPEG':
      return { rtpmap: 'JPEG/90000' };
    case 'Opus': {
      const isMulti = codec.channelCount > 2;
      const rtpmap = isMulti ? `multiopus/48000/${codec.channelCount}` : 'opus/48000/2';
      const stereo = isMulti ? '' : `sprop-stereo=${codec.channelCount === 2 ? 1 : 0}`;
      return withFmtp(rtpmap, [codec.fmtp ?? stereo]);
    }
    case 'MPEG-4 Audio':
      return mpeg4AudioFormat(codec) ?? {};
    case 'G711': {
      const encoding = codec.isMuLaw ? 'PCMU' : 'PCMA';
      return { rtpmap: withChannels(`${encoding}/${codec.clockRateHz}`, codec.channelCount) };
    }
    case 'G722':
      return { rtpmap: withChannels('G722/8000', codec.channelCount) };
    case 'LPCM': {
      const rtpmap = `L${codec.bitDepth}/${codec.clockRateHz}`;
      return { rtpmap: withChannels(rtpmap, codec.channelCount) };
    }
    case 'Generic':
      return {
        ...(codec.rtpmap !== '' && { rtpmap: codec.rtpmap }),
        ...(codec.fmtp !== '' && { fmtp: codec.fmtp }),
      };
  }
}

function mediaOf(
  track: TrackDescription,
  index: number,
  options: SdpFromTracksOptions,
): MediaDescription {
  const { rtpmap, fmtp } = formatLinesOf(track.codec);
  const attributes: SdpAttribute[] = [{ name: 'control', value: `trackID=${index}` }];
  if (rtpmap !== undefined) {
    attributes.push({ name: 'rtpmap', value: `${track.payloadType} ${rtpmap}` });
  }
  if (fmtp !== undefined) attributes.push({ name: 'fmtp', value: `${track.payloadType} ${fmtp}` });
  return {
    kind: track.kind,
    port: 0,
    protocol: options.protocol ?? 'RTP/AVP',
    formats: [`${track.payloadType}`],
    bandwidths: [],
    attributes,
  };
}

function h264Parameters(codec: H264Codec): string {
  const sets = [codec.sps, codec.pps].flatMap((set) => (set === undefined ? [] : base64(set)));
  return [
    `packetization-mode=${codec.packetizationMode}`,
    ...parameter('profile-level-id', codec.profileLevelId),
    ...parameter('sprop-parameter-sets', sets.length === 0 ? undefined : sets.join(',')),
  ].join(';');
}

function h265Parameters(codec: H265Codec): string[] {
  return [
    ...parameter('sprop-vps', codec.vps && base64(codec.vps)),
    ...parameter('sprop-sps', codec.sps && base64(codec.sps)),
    ...parameter('sprop-pps', codec.pps && base64(codec.pps)),
  ];
}

function parameter(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`${name}=${value}`];
}

function withFmtp(rtpmap: string, parameters: readonly string[]): FormatLines {
  const fmtp = parameters.join(';');
  return fmtp === '' ? { rtpmap } : { rtpmap, fmtp };
}

/** One channel is the default and not written (RFC 8866 section 6.6). */
function withChannels(rtpmap: string, channelCount: number): string {
  return channelCount === 1 ? rtpmap : `${rtpmap}/${channelCount}`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
