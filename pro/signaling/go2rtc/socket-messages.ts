// The messages of `/api/ws`: text frames {type, value}.
import { z } from 'zod';

/** What a client asks for. */
export type SocketCommand =
  | {
      readonly type: 'offer';
      /** Type of the message; the answer has the type that belongs to it. */
      readonly via: 'webrtc' | 'webrtc/offer';
      readonly sdp: string;
    }
  /** Empty text ends the candidates. */
  | { readonly type: 'candidate'; readonly candidate: string }
  /** Known to go2rtc, but not to us; or a value that is none. `via` is the type of the message. */
  | { readonly type: 'refused'; readonly via: string; readonly why: string };

const messageSchema = z.object({ type: z.string(), value: z.unknown() });
const offerSchema = z.object({ type: z.literal('offer'), sdp: z.string() });
/** Other ways to get media over the socket; clients try several at once and take what works. */
const OTHER_MEDIA: ReadonlySet<string> = new Set(['mse', 'mp4', 'mjpeg', 'hls', 'hls/fmp4']);

/** Reads a frame; undefined for types that nobody knows. */
export function parseSocketMessage(text: string): SocketCommand | undefined {
  const message = messageSchema.safeParse(jsonOf(text)).data;
  if (!message) return { type: 'refused', via: 'message', why: 'no {"type":...,"value":...}' };
  const { type: via, value } = message;
  switch (via) {
    case 'webrtc': {
      const offer = offerSchema.safeParse(value).data;
      if (offer) return { type: 'offer', via, sdp: offer.sdp };
      return { type: 'refused', via, why: 'value is no offer' };
    }
    case 'webrtc/offer':
      if (typeof value === 'string') return { type: 'offer', via, sdp: value };
      return { type: 'refused', via, why: 'value is no text' };
    case 'webrtc/candidate':
      if (typeof value === 'string') return { type: 'candidate', candidate: value };
      return { type: 'refused', via, why: 'value is no text' };
    default:
      if (!OTHER_MEDIA.has(via)) return undefined;
      return { type: 'refused', via, why: 'not supported, use webrtc' };
  }
}

/** The answer to an offer, in the form in which that was made. */
export function formatAnswer(via: 'webrtc' | 'webrtc/offer', sdp: string): string {
  if (via === 'webrtc') return JSON.stringify({ type: via, value: { type: 'answer', sdp } });
  return JSON.stringify({ type: 'webrtc/answer', value: sdp });
}

/** One of our candidates, `candidate:...`. */
export function formatCandidate(candidate: string): string {
  return JSON.stringify({ type: 'webrtc/candidate', value: candidate });
}

/** `via` is the type of the message that failed. */
export function formatFailure(via: string, why: string): string {
  return JSON.stringify({ type: 'error', value: `${via}: ${why}` });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
