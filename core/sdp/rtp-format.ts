// The RTP formats of a media section: rtpmap, fmtp and rtcp-fb of each payload type.
import { staticFormat } from './static-payload-types.ts';
import { parseFormatParameters, type FormatParameters } from './format-parameters.ts';
import type { MediaDescription } from './session-description.ts';

/** One payload type of a media section (RFC 8866 section 6.6, RFC 4585 section 4.2). */
export interface RtpFormat {
  /** 0..127. */
  readonly payloadType: number;
  /** Encoding name as written, e.g. `H264`; empty when neither rtpmap nor RFC 3551 gives one. */
  readonly encoding: string;
  /** Clock rate in Hz; 0 when unknown. */
  readonly clockRateHz: number;
  /** Audio channels; 1 when not given. */
  readonly channelCount: number;
  /** The fmtp value without the payload type; empty when there is none. */
  readonly fmtp: string;
  /** E.g. `nack pli`; those for every payload type (`*`) included. */
  readonly rtcpFeedback: readonly string[];
}

const MAX_CHANNELS = 255;
const MAX_CLOCK_RATE_HZ = 10_000_000;
const MAX_FEEDBACKS = 64;

interface Mapping {
  readonly encoding: string;
  readonly clockRateHz: number;
  readonly channelCount: number;
}

/**
 * The formats of a section in the order of its m= line; a format that is no payload type is left
 * out. A rtpmap wins over the static table of RFC 3551: cameras put AAC on payload type 0.
 */
export function rtpFormatsOf(media: MediaDescription): RtpFormat[] {
  const mappings = new Map<number, Mapping>();
  const fmtps = new Map<number, string>();
  const feedbacks = new Map<string, string[]>();
  for (const { name, value = '' } of media.attributes) {
    const [key, rest] = splitFirstWord(value);
    const lowerName = name.toLowerCase();
    if (lowerName === 'rtpmap') addFirst(mappings, key, parseRtpmap(rest));
    else if (lowerName === 'fmtp' && rest !== '') addFirst(fmtps, key, rest);
    else if (lowerName === 'rtcp-fb' && rest !== '') addFeedback(feedbacks, key, rest);
  }
  return [...new Set(media.formats)].flatMap((format) => {
    const payloadType = payloadTypeOf(format);
    if (payloadType === undefined) return [];
    const mapping = mappings.get(payloadType) ?? staticFormat(payloadType) ?? UNKNOWN;
    const rtcpFeedback = [...(feedbacks.get('*') ?? []), ...(feedbacks.get(format) ?? [])];
    return [{ payloadType, ...mapping, fmtp: fmtps.get(payloadType) ?? '', rtcpFeedback }];
  });
}

/** The format parameters of a format. */
export function parametersOf(format: RtpFormat): FormatParameters {
  return parseFormatParameters(format.fmtp);
}

/** The rtpmap value without payload type, e.g. `opus/48000/2`; empty when the encoding is unknown. */
export function rtpmapOf(format: Omit<RtpFormat, 'payloadType' | 'fmtp' | 'rtcpFeedback'>): string {
  if (format.encoding === '') return '';
  const rtpmap =
    format.clockRateHz > 0 ? `${format.encoding}/${format.clockRateHz}` : format.encoding;
  return format.channelCount > 1 ? `${rtpmap}/${format.channelCount}` : rtpmap;
}

/** A payload type 0..127 written in decimal; undefined for anything else. */
export function payloadTypeOf(format: string): number | undefined {
  if (!/^\d{1,3}$/.test(format)) return undefined;
  const payloadType = Number(format);
  return payloadType <= 127 ? payloadType : undefined;
}

const UNKNOWN: Mapping = { encoding: '', clockRateHz: 0, channelCount: 1 };

function addFirst<T>(map: Map<number, T>, key: string, value: T): void {
  const payloadType = payloadTypeOf(key);
  if (payloadType !== undefined && !map.has(payloadType)) map.set(payloadType, value);
}

function addFeedback(map: Map<string, string[]>, key: string, feedback: string): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [feedback]);
  else if (list.length < MAX_FEEDBACKS) list.push(feedback);
}

/** `H264/90000`, `opus/48000/2`, `PCMU`. */
function parseRtpmap(text: string): Mapping {
  const [encoding = '', clock = '', channels = ''] = text.split('/').map((part) => part.trim());
  return {
    encoding,
    clockRateHz: boundedNumber(clock, MAX_CLOCK_RATE_HZ) ?? 0,
    channelCount: Math.max(1, boundedNumber(channels, MAX_CHANNELS) ?? 1),
  };
}

function boundedNumber(text: string, max: number): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

function splitFirstWord(value: string): readonly [string, string] {
  const blank = value.search(/[ \t]/);
  return blank < 0 ? [value, ''] : [value.slice(0, blank), value.slice(blank + 1).trim()];
}
