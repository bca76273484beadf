// Streams as go2rtc prints them: who sends, who watches, which codecs.
import { redactUrls } from '../../../core/base/url-redaction.ts';
import type { Codec } from '../../../core/codec/codec.ts';
import { describeCodec } from '../../../core/codec/describe-codec.ts';
import type { PathManager } from '../../../core/path/path-manager.ts';
import type { PathReader } from '../../../core/path/path-options.ts';
import type { Path } from '../../../core/path/path.ts';
import type { SessionRegistry } from '../../../core/path/session-registry.ts';
import type { Track } from '../../../core/stream/track.ts';
import type { StreamTarget } from './stream-directory.ts';

/** What the listing looks at. */
export interface StreamInfoComponents {
  readonly paths: Pick<PathManager, 'get'>;
  readonly sessions: Pick<SessionRegistry, 'get'>;
  /** How a session of ours was signalled, e.g. `webrtc/whep`. */
  readonly formatOf: (sessionId: string) => string | undefined;
}

/** One stream of `GET /api/streams`. */
export interface StreamInfo {
  readonly producers: readonly Readonly<Record<string, unknown>>[] | null;
  readonly consumers: readonly Readonly<Record<string, unknown>>[] | null;
}

/** Names of RTP encodings and of ffmpeg, for codecs that have others here. */
const NAMES: Readonly<Record<Codec['name'], readonly [string, string]>> = {
  H264: ['H264', 'h264'],
  H265: ['H265', 'hevc'],
  VP8: ['VP8', 'vp8'],
  VP9: ['VP9', 'vp9'],
  AV1: ['AV1', 'av1'],
  'M-JPEG': ['JPEG', 'mjpeg'],
  Opus: ['OPUS', 'opus'],
  'MPEG-4 Audio': ['MPEG4-GENERIC', 'aac'],
  G711: ['PCMA', 'pcm_alaw'],
  G722: ['G722', 'adpcm_g722'],
  LPCM: ['L16', 'pcm_s16be'],
  Generic: ['GENERIC', 'unknown'],
};

/** Credentials of sources are masked. */
export function streamInfo(target: StreamTarget, components: StreamInfoComponents): StreamInfo {
  const path = components.paths.get(target.pathName);
  const producers = producersOf(target, path, components);
  const consumers = [...(path?.readers ?? [])].map((reader) => consumerOf(reader, components));
  return {
    producers: producers.length === 0 ? null : producers,
    consumers: consumers.length === 0 ? null : consumers,
  };
}

function producersOf(
  { sources }: StreamTarget,
  path: Path | undefined,
  components: StreamInfoComponents,
): Readonly<Record<string, unknown>>[] {
  const live = path?.stream?.isOnline === true ? liveFacts(path, components) : undefined;
  if (sources.length === 0) return live ? [{ ...live, url: 'publisher' }] : [];
  const active = sources.findIndex((source) => !/^ffmpeg:(?!.*:\/\/)/iu.test(source));
  return sources.map((source, index) => {
    const url = redactUrls(source);
    return live && index === Math.max(0, active) ? { ...live, source: url, url } : { url };
  });
}

function liveFacts(path: Path, { sessions }: StreamInfoComponents): Record<string, unknown> {
  const { type = '', id = '' } = path.origin ?? {};
  const session = sessions.get(id);
  const tracks = path.stream?.tracks ?? [];
  const bytes = tracks.reduce((sum, { stats }) => sum + stats.bytesReceived, 0);
  return {
    id: numberOf(id === '' ? path.name : id),
    format_name: type.startsWith('webRTC') ? 'webrtc' : 'rtsp',
    protocol: type.startsWith('webRTC') ? 'udp' : 'rtsp+tcp',
    ...(session ? { remote_addr: session.remoteAddress, user_agent: session.userAgent } : {}),
    medias: tracks.map(mediaOf),
    receivers: tracks.map((track) => ({
      id: numberOf(`${path.name}/${track.index}`),
      codec: codecOf(track),
      bytes: track.stats.bytesReceived,
      packets: track.stats.packetsReceived,
    })),
    bytes_recv: bytes,
  };
}

function consumerOf(
  { id, type }: PathReader,
  { sessions, formatOf }: StreamInfoComponents,
): Readonly<Record<string, unknown>> {
  const session = sessions.get(id);
  return {
    id: numberOf(id),
    format_name: formatOf(id) ?? (type === 'webRTCSession' ? 'webrtc/whep' : formatOfType(type)),
    ...(session ? { remote_addr: session.remoteAddress, user_agent: session.userAgent } : {}),
    bytes_send: session?.stats()['outboundBytes'] ?? 0,
  };
}

function formatOfType(type: string): string {
  return type.startsWith('rtsp') ? 'rtsp' : type;
}

/** E.g. `video, recvonly, H264`, as go2rtc writes a media with one codec. */
function mediaOf(track: Track): string {
  const { codec } = track;
  const name = encodingOf(codec);
  if (track.kind !== 'audio') return `${track.kind}, recvonly, ${name}`;
  const channels = channelsOf(codec);
  const suffix = channels > 1 ? `/${channels}` : '';
  return `audio, recvonly, ${name}/${codec.clockRateHz}${suffix}`;
}

function codecOf(track: Track): Readonly<Record<string, unknown>> {
  const { codec, kind } = track;
  const isMuLaw = codec.name === 'G711' && codec.isMuLaw;
  const codec_name = isMuLaw ? 'pcm_mulaw' : NAMES[codec.name][1];
  if (kind === 'audio') {
    return {
      ...{ codec_name, codec_type: kind, sample_rate: codec.clockRateHz },
      ...(channelsOf(codec) > 1 ? { channels: channelsOf(codec) } : {}),
    };
  }
  const { profile, level } = describeCodec(codec).props ?? {};
  const levelTimesTen = typeof level === 'string' ? Math.round(Number(level) * 10) : undefined;
  return {
    ...{ codec_name, codec_type: kind },
    ...(typeof profile === 'string' ? { profile } : {}),
    ...(codec.name === 'H264' && levelTimesTen !== undefined ? { level: levelTimesTen } : {}),
  };
}

function encodingOf(codec: Codec): string {
  if (codec.name === 'G711' && codec.isMuLaw) return 'PCMU';
  if (codec.name === 'Generic') return codec.rtpmap.split('/', 1)[0]?.toUpperCase() ?? '';
  return NAMES[codec.name][0];
}

function channelsOf(codec: Codec): number {
  return 'channelCount' in codec ? codec.channelCount : 1;
}

/** go2rtc counts its objects; ours have texts for names. FNV-1a, 32 bits. */
function numberOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
