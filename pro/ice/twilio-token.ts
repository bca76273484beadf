// Reads Twilio's answer to a request for a Network Traversal token.
import { z } from 'zod';
import { MediaError } from '../../core/base/media-error.ts';
import type { IceServer } from '../../core/webrtc/ice-server-provider.ts';
import { isTurnUrl } from './turn-provider.ts';

const MAX_SERVERS = 32;
const MAX_TEXT_CHARS = 1024;

const text = z.string().max(MAX_TEXT_CHARS);
/** `url` is the old name of `urls`; both are the same text today. */
const serverSchema = z.object({
  urls: text.optional(),
  url: text.optional(),
  username: text.optional(),
  credential: text.optional(),
});
const tokenSchema = z.object({
  ttl: z.union([z.string().regex(/^\d{1,6}$/u), z.number().int().nonnegative()]),
  ice_servers: z.array(serverSchema).min(1).max(MAX_SERVERS),
});

/** What a token holds that clients need. */
export interface TwilioToken {
  readonly servers: readonly IceServer[];
  readonly ttlSeconds: number;
}

/**
 * The servers in Twilio's order, without Twilio's extra names; a STUN server has no credentials.
 * @throws MediaError unavailable `twilio-invalid-answer`; the text shows nothing of the answer.
 */
export function parseTwilioToken(body: string): TwilioToken {
  const token = tokenSchema.safeParse(parseJson(body));
  if (!token.success) throw invalid();
  const servers = token.data.ice_servers.flatMap(toServer);
  if (servers.length === 0) throw invalid();
  return { servers, ttlSeconds: Number(token.data.ttl) };
}

function toServer(entry: z.infer<typeof serverSchema>): IceServer[] {
  const url = entry.urls ?? entry.url ?? '';
  if (isTurnUrl(url)) {
    const { username = '', credential = '' } = entry;
    return username === '' || credential === '' ? [] : [{ url, username, credential }];
  }
  return /^stuns?:/iu.test(url) ? [{ url, username: '', credential: '' }] : [];
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function invalid(): MediaError {
  return new MediaError(
    'unavailable',
    'twilio-invalid-answer',
    'Twilio API error: the answer is no Network Traversal token',
  );
}
