// Offers as Tuya's firmware needs them: audio first, no header extensions, small enough for its buffer.
import type { RtpFormat } from '../../../core/sdp/rtp-format.ts';
import type { OfferedSection } from '../../../core/webrtc/client/write-offer.ts';
import type { TuyaSkill } from './device-config.ts';
import { isH265Stream } from './h265-tracks.ts';
import { MAX_SENT_TUYA_MESSAGE_BYTES, type TuyaIceServer } from './tuya-message.ts';

/** What is wanted of the sections. */
export interface TuyaSectionsOptions {
  /** Whether only what every camera knows is offered. */
  readonly isSmall: boolean;
  /** `sendrecv` where somebody talks back. */
  readonly audioDirection: 'recvonly' | 'sendrecv';
}

/** Which stream to ask for. */
export interface TuyaStreamChoice {
  /** 0 = main, 1 = sub. */
  readonly streamType: 0 | 1;
  /** H.265 comes over the data channel. */
  readonly isH265: boolean;
}

/** An offer with the candidates taken out of it, as lines `a=candidate:...`. */
export interface BareOffer {
  readonly sdp: string;
  readonly candidates: readonly string[];
}

/** Main and sub stream in the cloud's numbers. */
const MAIN_STREAM = 2;
const SUB_STREAM = 4;
const VIDEO_HZ = 90_000;
const H264 = 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=';
/** Best known first: constrained baseline, which every peer of WebRTC has to know, comes first. */
const PROFILES = ['42e01f', '42001f', '4d001f', '640c1f'];
const FEEDBACK = ['nack', 'nack pli', 'ccm fir'];
/** More than our SDP takes as JSON, with all formats and with few. */
const FULL_SDP_BYTES = 3000;
const SMALL_SDP_BYTES = 2000;
const OFFER_LIMIT_BYTES = MAX_SENT_TUYA_MESSAGE_BYTES - 512;

/** Firmware mixes the sections up unless audio stands in front of video. */
export function tuyaSections({
  isSmall,
  audioDirection,
}: TuyaSectionsOptions): readonly OfferedSection[] {
  const none = { headerExtensions: [], sources: [], sourceGroups: [], mediaStreams: [] };
  const g711 = [audio(0, 'PCMU'), audio(8, 'PCMA')];
  const opus = { ...audio(111, 'opus'), clockRateHz: 48_000, channelCount: 2 };
  const profiles = isSmall ? PROFILES.slice(0, 1) : PROFILES;
  return [
    {
      ...{ kind: 'audio', direction: audioDirection, ...none },
      formats: isSmall ? g711 : [...g711, opus],
    },
    {
      ...{ kind: 'video', direction: 'recvonly', ...none },
      formats: profiles.flatMap((profile, index) => withRtx(96 + 2 * index, profile, isSmall)),
    },
  ];
}

/** Whether the formats have to be few, and which of the ICE servers the device can be told. */
export function fitOffer(
  auth: string,
  servers: readonly TuyaIceServer[],
): { readonly isSmall: boolean; readonly servers: readonly TuyaIceServer[] } {
  const sizeOf = (kept: readonly TuyaIceServer[]): number =>
    Buffer.byteLength(JSON.stringify({ auth, token: kept }));
  if (sizeOf(servers) + FULL_SDP_BYTES <= OFFER_LIMIT_BYTES) return { isSmall: false, servers };
  const kept = [...servers];
  while (kept.length > 0 && sizeOf(kept) + SMALL_SDP_BYTES > OFFER_LIMIT_BYTES) kept.pop();
  return { isSmall: true, servers: kept };
}

/** The wanted stream, or the one that the device has. */
export function chooseStream(skill: TuyaSkill, wanted: 'main' | 'sub'): TuyaStreamChoice {
  const { videos } = skill;
  const main = videos.find(({ streamType }) => streamType === MAIN_STREAM);
  const sub = videos.find(({ streamType }) => streamType === SUB_STREAM);
  const video = wanted === 'main' ? (main ?? sub) : (sub ?? main);
  const isMain = video === undefined ? wanted === 'main' : video === main;
  return {
    streamType: isMain ? 0 : 1,
    isH265: isH265Stream(skill, isMain ? MAIN_STREAM : SUB_STREAM),
  };
}

/** Takes the candidates out: they go as messages of their own. */
export function withoutCandidates(offer: string): BareOffer {
  const lines = offer.split('\r\n');
  const isCandidate = (line: string): boolean => line.startsWith('a=candidate:');
  return {
    sdp: lines.filter((line) => !isCandidate(line)).join('\r\n'),
    candidates: lines.filter(isCandidate),
  };
}

function audio(payloadType: number, encoding: string): RtpFormat {
  return { payloadType, encoding, clockRateHz: 8000, channelCount: 1, fmtp: '', rtcpFeedback: [] };
}

function withRtx(payloadType: number, profile: string, isSmall: boolean): readonly RtpFormat[] {
  const common = { clockRateHz: VIDEO_HZ, channelCount: 1 };
  const format: RtpFormat = {
    ...{ payloadType, encoding: 'H264', fmtp: H264 + profile, ...common, rtcpFeedback: FEEDBACK },
  };
  const rtx: RtpFormat = {
    ...{ payloadType: payloadType + 1, encoding: 'rtx', fmtp: `apt=${payloadType}`, ...common },
    rtcpFeedback: [],
  };
  return isSmall ? [format] : [format, rtx];
}
