// What the KVS pages tell, as types.
import { z } from 'zod';

const rtpSchema = z
  .object({
    codec: z.string(),
    framesEncoded: z.number().optional(),
    keyFramesEncoded: z.number().optional(),
    framesDecoded: z.number().optional(),
    keyFramesDecoded: z.number().optional(),
    frameWidth: z.number().optional(),
    frameHeight: z.number().optional(),
    packetsSent: z.number().optional(),
    packetsReceived: z.number().optional(),
    pliCount: z.number().optional(),
    totalSamplesReceived: z.number().optional(),
  })
  .nullable();

/** Each as `type protocol address:port`. */
const pairSchema = z.object({ local: z.string(), remote: z.string() }).nullable();

const socketSchema = z.object({
  /** `open`, `close`, `error`, in order. */
  events: z.array(z.string()),
  statusResponses: z.array(
    z.object({
      correlationId: z.string(),
      errorType: z.string(),
      statusCode: z.string(),
      description: z.string(),
    }),
  ),
});

const connectionSchema = z.object({
  connectionState: z.string(),
  /** Every connectionState so far. */
  states: z.array(z.string()),
  errors: z.array(z.string()),
  video: rtpSchema,
  audio: rtpSchema,
  pair: pairSchema,
});

export const masterReportSchema = socketSchema.extend({
  viewers: z.array(connectionSchema.extend({ clientId: z.string() })),
});

export const viewerReportSchema = socketSchema
  .extend(connectionSchema.shape)
  .extend({ candidateCount: z.number() });

export type KvsMasterReport = z.infer<typeof masterReportSchema>;
export type KvsViewerReport = z.infer<typeof viewerReportSchema>;
