// The messages that Tuya viewers and devices exchange over MQTT: bytes to typed envelope and back.
import { z } from 'zod';
import { MediaError } from '../../../core/base/media-error.ts';

/** Who talks to whom in which connection. */
export interface TuyaHeader {
  /** `msid` of a viewer, id of a device. */
  readonly from: string;
  readonly to: string;
  /** The same in all messages of one connection. */
  readonly sessionId: string;
  /** Node of a device behind a recorder; empty without one. */
  readonly subDeviceId: string;
  /** Empty where the cloud named none. */
  readonly motoId: string;
}

/** An ICE server as Tuya writes it; `urls` is one URL. */
export interface TuyaIceServer {
  readonly urls: string;
  readonly username?: string | undefined;
  readonly credential?: string | undefined;
  /** Seconds. */
  readonly ttl?: number | undefined;
}

/** A viewer asks for a stream. */
export interface TuyaOffer {
  readonly type: 'offer';
  readonly sdp: string;
  /** 0 = main stream, 1 = sub stream. */
  readonly streamType: number;
  /** Proof that the cloud gave to the viewer. */
  readonly auth: string;
  readonly isDataChannelEnabled: boolean;
  /** For the device; empty when the viewer sent none. */
  readonly iceServers: readonly TuyaIceServer[];
}

/** What a message says. `resolution`: 0 = HD, 1 = SD; `speaker`: 0 = off, 1 = on. */
export type TuyaBody =
  | TuyaOffer
  | { readonly type: 'answer'; readonly sdp: string }
  /** A line `a=candidate:...`; empty when there are no more. */
  | { readonly type: 'candidate'; readonly candidate: string }
  | { readonly type: 'disconnect' }
  | { readonly type: 'resolution'; readonly value: number }
  | { readonly type: 'speaker'; readonly value: number };

/** One message. */
export interface TuyaMessage {
  readonly header: TuyaHeader;
  readonly body: TuyaBody;
  /** Wall time of the sender in ms; undefined when it told none. Not needed to write. */
  readonly sentAtMs?: number | undefined;
}

/** Longest message that is read, in bytes. */
export const MAX_TUYA_MESSAGE_BYTES = 65_536;
/** Longest message that is written, in bytes: what firmware has room for. */
export const MAX_SENT_TUYA_MESSAGE_BYTES = 8192;
const SIGNALING_PROTOCOL = 302;
const CONTROL_PROTOCOL = 312;
/** Below it a time is in seconds, above in milliseconds: the year 5138, or March 1973. */
const SECONDS_LIMIT = 100_000_000_000;

const shortText = z.string().max(256);
const number = z.union([z.number(), z.string().regex(/^\d{1,16}$/u)]).transform(Number);
const flag = z.union([z.boolean(), z.literal([0, 1]).transform((bit) => bit === 1)]);
const iceServer = z.object({
  urls: z.string().max(512),
  username: z.string().max(512).optional(),
  credential: z.string().max(512).optional(),
  ttl: z.number().optional(),
});
const header = z.object({
  type: z.string().max(64),
  from: shortText.min(1),
  to: shortText.min(1),
  sessionid: z.string().min(1).max(64),
  sub_dev_id: shortText.optional(),
  sub_device_id: shortText.optional(),
  moto_id: shortText.nullish(),
});
// Once for all messages: a schema compiles code when it is first used.
const kind = z.object({ protocol: z.number() });
const frame = z.object({
  t: number.optional(),
  data: z.object({ header, msg: z.unknown().optional() }),
});
const sdp = z.string().min(1).max(MAX_TUYA_MESSAGE_BYTES);
const offer = z.object({
  sdp,
  stream_type: number.default(1),
  auth: z.string().max(1024).default(''),
  datachannel_enable: flag.default(false),
  token: z.array(iceServer).max(32).nullish(),
});
const answer = z.object({ sdp });
const candidate = z.object({ candidate: z.string().max(1024).nullish() });
const control = z.object({ cmdValue: number });

/**
 * Reads a message. Undefined for protocols and types that say nothing about streams.
 * @throws MediaError `invalid-argument` `tuya-message-invalid` that names the field, never its value.
 */
export function parseTuyaMessage(bytes: Uint8Array): TuyaMessage | undefined {
  const raw = parseJson(bytes);
  const { protocol } = read(kind, raw, '');
  if (protocol !== SIGNALING_PROTOCOL && protocol !== CONTROL_PROTOCOL) return undefined;
  const { t, data } = read(frame, raw, '');
  const body = readBody(protocol, data.header.type, data.msg);
  if (!body) return undefined;
  return {
    header: {
      from: data.header.from,
      to: data.header.to,
      sessionId: data.header.sessionid,
      subDeviceId: data.header.sub_dev_id ?? data.header.sub_device_id ?? '',
      motoId: data.header.moto_id ?? '',
    },
    body,
    sentAtMs: t === undefined ? undefined : t < SECONDS_LIMIT ? t * 1000 : t,
  };
}

/**
 * Writes a message of now.
 * @throws MediaError `resource-exhausted` `tuya-message-too-large` above 8 KB.
 */
export function formatTuyaMessage({ header: to, body }: TuyaMessage, nowMs: number): Buffer {
  const isControl = body.type === 'resolution' || body.type === 'speaker';
  const text = JSON.stringify({
    protocol: isControl ? CONTROL_PROTOCOL : SIGNALING_PROTOCOL,
    pv: '2.2',
    t: Math.floor(nowMs / 1000),
    data: {
      header: {
        type: body.type,
        from: to.from,
        to: to.to,
        sub_dev_id: to.subDeviceId,
        sessionid: to.sessionId,
        ...(to.motoId === '' ? {} : { moto_id: to.motoId }),
        tid: '',
      },
      msg: { mode: 'webrtc', ...fieldsOf(body) },
    },
  });
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_SENT_TUYA_MESSAGE_BYTES) {
    const message = `the ${body.type} has ${bytes.length} bytes, devices read ${MAX_SENT_TUYA_MESSAGE_BYTES}`;
    throw new MediaError('resource-exhausted', 'tuya-message-too-large', message);
  }
  return bytes;
}

function readBody(protocol: number, type: string, msg: unknown): TuyaBody | undefined {
  if (protocol === CONTROL_PROTOCOL) {
    if (type !== 'resolution' && type !== 'speaker') return undefined;
    return { type, value: read(control, msg, 'data.msg').cmdValue };
  }
  switch (type) {
    case 'offer': {
      const fields = read(offer, msg, 'data.msg');
      return {
        ...{ type, sdp: fields.sdp, streamType: fields.stream_type, auth: fields.auth },
        isDataChannelEnabled: fields.datachannel_enable,
        iceServers: fields.token ?? [],
      };
    }
    case 'answer':
      return { type, sdp: read(answer, msg, 'data.msg').sdp };
    case 'candidate':
      return { type, candidate: (read(candidate, msg, 'data.msg').candidate ?? '').trim() };
    case 'disconnect':
      return { type };
    default:
      return undefined;
  }
}

function fieldsOf(body: TuyaBody): Readonly<Record<string, unknown>> {
  switch (body.type) {
    case 'offer':
      return {
        ...{ sdp: body.sdp, stream_type: body.streamType, auth: body.auth },
        ...(body.iceServers.length === 0 ? {} : { token: body.iceServers }),
        datachannel_enable: body.isDataChannelEnabled,
      };
    case 'answer':
      return { sdp: body.sdp };
    case 'candidate':
      return { candidate: body.candidate };
    case 'disconnect':
      return {};
    case 'resolution':
    case 'speaker':
      return { cmdValue: body.value };
  }
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_TUYA_MESSAGE_BYTES) {
    throw invalid(`it has ${bytes.length} bytes, more than ${MAX_TUYA_MESSAGE_BYTES}`);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw invalid('it is no JSON text', thrown);
  }
}

function read<T>(schema: z.ZodType<T>, value: unknown, place: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [...(place === '' ? [] : [place]), ...(issue?.path ?? [])].join('.');
  // Not the issue's own text: it may quote the value.
  throw invalid(`'${path || 'message'}' is missing or wrong`);
}

function invalid(problem: string, cause?: unknown): MediaError {
  const message = `invalid Tuya message: ${problem}`;
  return new MediaError('invalid-argument', 'tuya-message-invalid', message, { cause });
}
