// Chooses the payload type of an offer that fits a track, or says in words why none does.
import type { Codec, H264Codec } from '../codec/codec.ts';
import { parametersOf, type RtpFormat } from '../sdp/rtp-format.ts';

/** The payload types that a viewer gets a track with. */
export interface MatchedFormat {
  readonly format: RtpFormat;
  /** Retransmission payload type (RFC 4588) whose `apt` is the format, when offered. */
  readonly rtx: RtpFormat | undefined;
}

/** Why a track can't be played; `code` is stable, `message` is for the page and the log. */
export interface Unplayable {
  readonly code: 'codec-not-offered' | 'codec-unsupported' | 'needs-transcoding';
  readonly message: string;
}

/** A payload type, or the reason why there is none. */
export type MatchResult = MatchedFormat | Unplayable;

/** Whether a payload type was found. */
export function isMatched(result: MatchResult): result is MatchedFormat {
  return 'format' in result;
}

/** Finds the format of an offered media section that carries `codec` to a viewer. */
export function matchCodec(codec: Codec, formats: readonly RtpFormat[]): MatchResult {
  switch (codec.name) {
    case 'H264':
      return offered(codec.name, formats, bestH264(codec, named(formats, 'H264')));
    case 'H265':
    case 'VP8':
    case 'G722':
      return offered(codec.name, formats, named(formats, codec.name)[0]);
    case 'AV1':
      return offered(
        codec.name,
        formats,
        named(formats, 'AV1').find(
          (format) => numberOf(format, 'profile', 0) === (codec.profile ?? 0),
        ),
      );
    case 'VP9':
      return offered(
        codec.name,
        formats,
        named(formats, 'VP9').find(
          (format) => numberOf(format, 'profile-id', 0) === (codec.profileId ?? 0),
        ),
      );
    case 'Opus':
      return matchOpus(codec.channelCount, formats);
    case 'G711':
      return matchG711(codec.isMuLaw ? 'PCMU' : 'PCMA', codec, formats);
    case 'LPCM':
      return offered(
        `LPCM with ${codec.bitDepth} bits at ${codec.clockRateHz} Hz`,
        formats,
        named(formats, `L${codec.bitDepth}`).find((format) => sameAudio(format, codec)),
      );
    case 'MPEG-4 Audio':
      return {
        code: 'needs-transcoding',
        message: 'AAC audio can only be heard in a browser after it was made into Opus',
      };
    case 'M-JPEG':
    case 'Generic':
      return unsupported(codec.name === 'Generic' ? genericLabel(codec.rtpmap) : codec.name);
  }
}

/** The retransmission format of `format`, when the offer has one. */
export function rtxOf(format: RtpFormat, formats: readonly RtpFormat[]): RtpFormat | undefined {
  return named(formats, 'rtx').find(
    (candidate) => numberOf(candidate, 'apt', -1) === format.payloadType,
  );
}

/** More than two channels go by a name of their own, which players ask for after probing. */
function matchOpus(channelCount: number, formats: readonly RtpFormat[]): MatchResult {
  if (channelCount <= 2) return offered('Opus', formats, named(formats, 'opus')[0]);
  const wide = named(formats, 'multiopus');
  const label = `Opus with ${channelCount} channels`;
  return offered(
    label,
    formats,
    wide.find((format) => format.channelCount === channelCount),
  );
}

function matchG711(
  encoding: string,
  codec: { readonly clockRateHz: number; readonly channelCount: number },
  formats: readonly RtpFormat[],
): MatchResult {
  const label = `${encoding} at ${codec.clockRateHz} Hz with ${codec.channelCount} channels`;
  return offered(
    label,
    formats,
    named(formats, encoding).find((format) => sameAudio(format, codec)),
  );
}

function sameAudio(
  format: RtpFormat,
  codec: { readonly clockRateHz: number; readonly channelCount: number },
): boolean {
  return format.clockRateHz === codec.clockRateHz && format.channelCount === codec.channelCount;
}

/**
 * H264 entries differ by profile (RFC 6184 section 8.1). The one of the real SPS is best; any other
 * that allows fragmented NAL units will do, since decoders look at the SPS.
 */
function bestH264(codec: H264Codec, formats: readonly RtpFormat[]): RtpFormat | undefined {
  const wanted = codec.profileLevelId?.toLowerCase() ?? '42e01f';
  let best: RtpFormat | undefined;
  let bestScore = -1;
  for (const format of formats) {
    const mode = numberOf(format, 'packetization-mode', 0);
    if (mode > 1) continue;
    const offeredId = (parametersOf(format).get('profile-level-id') ?? '42000a').toLowerCase();
    // Decoders that forget to write mode 1 still take fragments: better than nothing.
    const score = profileScore(offeredId, wanted) + (mode === 1 ? 10 : 0);
    if (score > bestScore) {
      best = format;
      bestScore = score;
    }
  }
  return best;
}

/** How well a decoder for `offeredId` suits a stream of `wanted`. */
function profileScore(offeredId: string, wanted: string): number {
  if (offeredId.slice(0, 4) === wanted.slice(0, 4)) return 5;
  const family = h264Family(offeredId);
  const wantedFamily = h264Family(wanted);
  if (family === wantedFamily) return 4;
  // Main is the nearest that decoders in hardware offer for a stream of High profile.
  if (wantedFamily.endsWith('high') && family === 'main') return 3;
  // Constrained baseline is what every other decoder starts from.
  if (family === 'constrained-baseline') return 2;
  return family === 'baseline' ? 1 : 0;
}

/** Profile family by profile_idc and constraint flags (RFC 6184 table 5). */
function h264Family(profileLevelId: string): string {
  const profile = profileLevelId.slice(0, 2);
  const constraints = Number.parseInt(profileLevelId.slice(2, 4), 16) || 0;
  if (profile === '42') return (constraints & 0x40) !== 0 ? 'constrained-baseline' : 'baseline';
  if (profile === '4d') return (constraints & 0x80) !== 0 ? 'constrained-baseline' : 'main';
  if (profile === '64') return (constraints & 0x0c) === 0x0c ? 'constrained-high' : 'high';
  return profile;
}

function named(formats: readonly RtpFormat[], encoding: string): RtpFormat[] {
  const wanted = encoding.toLowerCase();
  return formats.filter((format) => format.encoding.toLowerCase() === wanted);
}

function numberOf(format: RtpFormat, name: string, fallback: number): number {
  const value = Number.parseInt(parametersOf(format).get(name) ?? '', 10);
  return Number.isNaN(value) ? fallback : value;
}

function offered(
  label: string,
  formats: readonly RtpFormat[],
  format: RtpFormat | undefined,
): MatchResult {
  if (format) return { format, rtx: rtxOf(format, formats) };
  return { code: 'codec-not-offered', message: `this browser can't play ${label}` };
}

/** The source's own words go into a log line and a header only when they look like a rtpmap. */
function genericLabel(rtpmap: string): string {
  return /^[\w.+/-]{1,64}$/u.test(rtpmap) ? rtpmap : 'an unknown format';
}

function unsupported(label: string): Unplayable {
  return { code: 'codec-unsupported', message: `WebRTC can't carry ${label}` };
}
