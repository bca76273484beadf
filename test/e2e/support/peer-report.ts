// What a page tells about its peer connection, checked; names of RTCStats are kept.
import { z } from 'zod';

const count = z.number().default(0);

const exchangeSchema = z.object({
  status: z.number(),
  body: z.string(),
  /** Absolute URL of the session; empty when there is none. */
  location: z.string(),
  headers: z.record(z.string(), z.string()),
});

const inboundSchema = z.object({
  codec: z.string(),
  fmtp: z.string().default(''),
  packetsReceived: count,
  packetsLost: count,
  bytesReceived: count,
  nackCount: count,
  pliCount: count,
  firCount: count,
  retransmittedPacketsReceived: count,
  framesReceived: count,
  framesDecoded: count,
  keyFramesDecoded: count,
  framesDropped: count,
  freezeCount: count,
  totalFreezesDuration: count,
  jitterBufferDelay: count,
  jitterBufferEmittedCount: count,
  totalAudioEnergy: count,
  totalSamplesReceived: count,
  concealedSamples: count,
});

const outboundSchema = z.object({
  codec: z.string(),
  packetsSent: count,
  bytesSent: count,
  framesEncoded: count,
  keyFramesEncoded: count,
  frameWidth: count,
  frameHeight: count,
  framesPerSecond: count,
  targetBitrate: count,
  nackCount: count,
  pliCount: count,
  firCount: count,
  retransmittedPacketsSent: count,
});

const pairSchema = z.object({ local: z.string(), remote: z.string() }).nullable();

const whepReportSchema = z.object({
  connectionState: z.string(),
  /** Milliseconds from the start of the offer; -1 before it happened. */
  connectedMs: z.number(),
  /** Milliseconds from the start of the offer to the first picture; -1 before it happened. */
  firstFrameMs: z.number(),
  exchange: exchangeSchema.optional(),
  video: inboundSchema.nullable(),
  audio: inboundSchema.nullable(),
  /** The candidate pair in use, each end as `type protocol address:port`. */
  pair: pairSchema,
  /** Size, average brightness and contrast (0 to 255) of what is shown. */
  picture: z
    .object({ width: z.number(), height: z.number(), meanLuma: z.number(), contrast: z.number() })
    .nullable(),
});

const whipReportSchema = z.object({
  connectionState: z.string(),
  exchange: exchangeSchema.optional(),
  video: outboundSchema.nullable(),
  audio: outboundSchema.nullable(),
  pair: pairSchema,
});

const barcodeReportSchema = z.object({
  latenciesMs: z.array(z.number()),
  gapsMs: z.array(z.number()),
  badReads: z.number(),
  presentedFrames: z.number(),
});

const iceRestartSchema = z.object({
  status: z.number(),
  etag: z.string().nullable(),
  fragment: z.string(),
});

/** The server's answer to an offer. */
export type Exchange = z.infer<typeof exchangeSchema>;
/** The server's answer to an ICE restart. */
export type IceRestart = z.infer<typeof iceRestartSchema>;
/** State of a WHEP viewer in the browser. */
export type WhepReport = z.infer<typeof whepReportSchema>;
/** State of a WHIP publisher in the browser. */
export type WhipReport = z.infer<typeof whipReportSchema>;
/** Measured delay of each frame from paint to presentation. */
export type BarcodeReport = z.infer<typeof barcodeReportSchema>;

export const parseExchange = (value: unknown): Exchange => exchangeSchema.parse(value);
export const parseIceRestart = (value: unknown): IceRestart => iceRestartSchema.parse(value);
export const parseWhepReport = (value: unknown): WhepReport => whepReportSchema.parse(value);
export const parseWhipReport = (value: unknown): WhipReport => whipReportSchema.parse(value);
export const parseBarcodeReport = (value: unknown): BarcodeReport =>
  barcodeReportSchema.parse(value);
