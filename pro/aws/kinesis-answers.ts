// Answers of the control plane, as far as they are used.
import { z } from 'zod';
import { MediaError } from '../../core/base/media-error.ts';

const name = z.string().min(1).max(2048);

/** Of describeSignalingChannel. */
export const channelAnswer = z.object({
  ChannelInfo: z.object({
    ChannelARN: name,
    ChannelStatus: z.string().default('ACTIVE'),
  }),
});

/** Of createSignalingChannel. */
export const createdChannelAnswer = z.object({ ChannelARN: name });

/** Of getSignalingChannelEndpoint. */
export const endpointsAnswer = z.object({
  ResourceEndpointList: z
    .array(z.object({ Protocol: z.string(), ResourceEndpoint: z.string() }))
    .max(16),
});

/** Of get-ice-server-config. */
export const iceServersAnswer = z.object({
  IceServerList: z
    .array(
      z.object({
        Uris: z.array(z.string().max(512)).max(16).default([]),
        Username: z.string().default(''),
        Password: z.string().default(''),
        Ttl: z.number().default(300),
      }),
    )
    .max(16)
    .default([]),
});

/** Of describeStream. */
export const streamAnswer = z.object({
  StreamInfo: z.object({
    Status: z.string().default('ACTIVE'),
    DataRetentionInHours: z.number().int().min(0).default(0),
  }),
});

/** Of getDataEndpoint. */
export const dataEndpointAnswer = z.object({ DataEndpoint: z.string() });

/** @throws MediaError unavailable `aws-answer-invalid` that names the field. */
export function readAnswer<T>(schema: z.ZodType<T>, value: unknown, action: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  const message = `AWS answered ${action} without a usable ${field === '' ? 'body' : field}`;
  throw new MediaError('unavailable', 'aws-answer-invalid', message);
}
