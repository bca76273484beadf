// Frames of a signalling channel: JSON around base64 of JSON, in both directions.
import { z } from 'zod';
import { MediaError } from '../../../core/base/media-error.ts';
import { quotedWords } from '../../aws/quoted-words.ts';

/** What came in. Everything that another client wrote is bounded, but not trusted. */
export type KvsMessage =
  | {
      readonly type: 'description';
      readonly kind: 'offer' | 'answer';
      readonly sdp: string;
      /** Empty when the master sent it. */
      readonly sender: string;
    }
  | {
      readonly type: 'candidate';
      /** Empty text ends them. */
      readonly candidate: string;
      /** Whose description it belongs to; undefined when it does not say. */
      readonly ufrag: string | undefined;
      readonly sender: string;
    }
  | { readonly type: 'go-away' }
  | { readonly type: 'reconnect-ice-server' }
  /** A message of ours was not delivered. */
  | { readonly type: 'status'; readonly correlationId: string; readonly problem: string }
  | { readonly type: 'malformed'; readonly problem: string };

/** What goes out. */
export interface KvsOutgoing {
  readonly action: 'SDP_OFFER' | 'SDP_ANSWER' | 'ICE_CANDIDATE';
  readonly payload: Readonly<Record<string, unknown>>;
  /** To whom; undefined from a viewer, who only speaks to the master. */
  readonly recipient?: string;
  /** Asks to be told when the message can't be delivered. */
  readonly correlationId?: string;
}

/** Bytes of a payload, encoded; more is refused by the service. */
export const MAX_PAYLOAD_BYTES = 10_000;

const frame = z.object({
  messageType: z.string().max(64),
  messagePayload: z.string().nullish(),
  senderClientId: z.string().max(256).nullish(),
  statusResponse: z
    .object({
      correlationId: z.string().max(256).nullish(),
      errorType: z.string().max(256).nullish(),
      statusCode: z.union([z.string().max(16), z.number()]).nullish(),
      description: z.string().max(4096).nullish(),
    })
    .nullish(),
});
const description = z.object({ type: z.enum(['offer', 'answer']), sdp: z.string().min(1) });
const candidate = z.object({
  candidate: z.string().max(1024).nullish(),
  usernameFragment: z.string().max(256).nullish(),
});

const BASE64 = /^[A-Za-z0-9+/\r\n]+={0,2}\s*$/u;
const DESCRIPTIONS = { SDP_OFFER: 'offer', SDP_ANSWER: 'answer' } as const;

/** Reads a frame; undefined for the empty and foreign ones that the service sends at times. */
export function parseKvsMessage(text: string): KvsMessage | undefined {
  if (text.trim() === '') return undefined;
  const fields = frame.safeParse(jsonOf(text));
  // E.g. {"message":"Endpoint request timed out","connectionId":"...","requestId":"..."}.
  if (!fields.success) return undefined;
  const { messageType, messagePayload, senderClientId, statusResponse } = fields.data;
  const sender = senderClientId ?? '';
  switch (messageType) {
    case 'GO_AWAY':
      return { type: 'go-away' };
    case 'RECONNECT_ICE_SERVER':
      return { type: 'reconnect-ice-server' };
    case 'STATUS_RESPONSE':
      return readStatus(statusResponse ?? {});
    case 'SDP_OFFER':
    case 'SDP_ANSWER':
      return readDescription(messagePayload ?? '', DESCRIPTIONS[messageType], sender);
    case 'ICE_CANDIDATE':
      return readCandidate(messagePayload ?? '', sender);
    default:
      return malformed(`a frame of the unknown type '${plain(messageType)}'`);
  }
}

/** @throws MediaError failed-precondition `kvs-payload-too-large`. */
export function formatKvsMessage(message: KvsOutgoing): string {
  const { action, payload, recipient, correlationId } = message;
  const messagePayload = Buffer.from(JSON.stringify(payload)).toString('base64');
  if (messagePayload.length > MAX_PAYLOAD_BYTES) {
    const text = `${action} of ${messagePayload.length} bytes; a channel takes ${MAX_PAYLOAD_BYTES}`;
    throw new MediaError('failed-precondition', 'kvs-payload-too-large', text);
  }
  return JSON.stringify({
    ...{ action, messagePayload },
    ...(recipient === undefined ? {} : { recipientClientId: recipient }),
    ...(correlationId === undefined ? {} : { correlationId }),
  });
}

function readDescription(payload: string, kind: 'offer' | 'answer', sender: string): KvsMessage {
  const read = description.safeParse(decoded(payload));
  if (!read.success) return malformed(`an ${kind} that can't be read`);
  if (read.data.type !== kind) return malformed(`an ${kind} that calls itself ${read.data.type}`);
  return { type: 'description', kind, sdp: read.data.sdp, sender };
}

function readCandidate(payload: string, sender: string): KvsMessage {
  const read = candidate.safeParse(decoded(payload));
  if (!read.success) return malformed("a candidate that can't be read");
  const text = read.data.candidate ?? '';
  const ufrag = read.data.usernameFragment ?? / ufrag (\S{1,256})/u.exec(text)?.[1];
  return { type: 'candidate', candidate: text, ufrag, sender };
}

function readStatus(status: NonNullable<z.infer<typeof frame>['statusResponse']>): KvsMessage {
  const { correlationId, errorType, statusCode, description: words } = status;
  const name = plain(errorType ?? '') || 'an error';
  const code =
    statusCode === undefined || statusCode === null ? '' : ` (${plain(`${statusCode}`)})`;
  const said = plain(words ?? '');
  const problem = `${name}${code}${said === '' ? '' : `: ${said}`}`;
  return { type: 'status', correlationId: correlationId ?? '', problem };
}

function decoded(payload: string): unknown {
  if (!BASE64.test(payload)) return undefined;
  return jsonOf(Buffer.from(payload, 'base64').toString('utf8'));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Fit for a log line. */
function plain(text: string): string {
  return quotedWords(text, 200);
}

function malformed(problem: string): KvsMessage {
  return { type: 'malformed', problem };
}
