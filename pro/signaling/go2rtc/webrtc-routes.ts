// WebRTC over POST: an offer as JSON, as WHEP, as a form or bare, and WHIP for clients that send.
import { z } from 'zod';
import { MediaError } from '../../../core/base/media-error.ts';
import { jsonReply, type HttpReply } from '../../../core/http/http-reply.ts';
import type { HttpRequest } from '../../../core/http/http-request.ts';
import type { Route } from '../../../core/http/route.ts';
import type { Go2rtcPeers, PeerRequest } from './go2rtc-peers.ts';
import type { StreamDirectory } from './stream-directory.ts';
import { go2rtcRoute, malformed, textReply } from './text-reply.ts';

/** What the routes work with. */
export interface WebRtcRoutesComponents {
  readonly peers: Go2rtcPeers;
  readonly directory: StreamDirectory;
}

/** Base64 in a form takes more than the offer itself. */
const MAX_BODY_BYTES = 192 * 1024;
const PATTERN = '/api/webrtc';
const SDP_TYPE = 'application/sdp';

const offerSchema = z.object({ type: z.literal('offer'), sdp: z.string().min(1) });

type Format = 'json' | 'whep' | 'form' | 'raw';

/** POST, DELETE and OPTIONS of `/api/webrtc`; PATCH is refused as there is no trickling over HTTP. */
export function webRtcRoutes(components: WebRtcRoutesComponents): Route[] {
  return [
    go2rtcRoute({
      methods: ['POST'],
      pattern: PATTERN,
      maxBodyBytes: MAX_BODY_BYTES,
      exposeHeaders: ['Location'],
      action: async (request) => await answerPost(components, request),
    }),
    go2rtcRoute({
      methods: ['DELETE'],
      pattern: PATTERN,
      action: ({ query }) => endSession(components.peers, query.get('id') ?? ''),
    }),
    go2rtcRoute({ methods: ['OPTIONS'], pattern: PATTERN, action: () => ({ status: 204 }) }),
  ];
}

async function answerPost(
  { peers, directory }: WebRtcRoutesComponents,
  request: HttpRequest,
): Promise<HttpReply> {
  const { query } = request;
  const src = query.get('src') ?? '';
  const dst = query.get('dst') ?? '';
  if (src !== '') {
    const { pathName } = directory.get(src);
    const { format, offer } = await readBody(request);
    const name = {
      json: 'webrtc/json',
      whep: 'webrtc/whep',
      form: 'webrtc/post',
      raw: 'webrtc/post',
    };
    const order = { direction: 'read', pathName, format: name[format], offer } as const;
    const { answer } = await peers.open(peerRequest(request, order));
    return replyOf(format, answer);
  }
  if (dst === '') throw malformed('neither src nor dst');
  const pathName = publishedPath({ peers, directory }, dst);
  const { offer } = await readBody(request);
  const order = { direction: 'publish', pathName, format: 'webrtc/whip', offer } as const;
  const { id, answer } = await peers.open(peerRequest(request, order));
  const headers = { 'Content-Type': SDP_TYPE, Location: `webrtc?id=${id}` };
  return { status: 201, headers, body: answer };
}

/** A name that the configuration lets be published to exists as soon as somebody does. */
export function publishedPath({ peers, directory }: WebRtcRoutesComponents, dst: string): string {
  const known = directory.find(dst);
  if (known) return known.pathName;
  try {
    return peers.grant(dst, '').pathName;
  } catch (cause) {
    const message = 'stream not found';
    throw new MediaError('not-found', 'go2rtc-stream-not-found', message, { cause });
  }
}

function peerRequest(
  request: HttpRequest,
  order: Pick<PeerRequest, 'direction' | 'pathName' | 'format' | 'offer'>,
): PeerRequest {
  const { user, ip, rawQuery, headers, signal } = request;
  const client = { user, ip, query: rawQuery, userAgent: headers['user-agent'] ?? '' };
  return { ...order, client, signal };
}

async function readBody(
  request: HttpRequest,
): Promise<{ readonly format: Format; readonly offer: string }> {
  const text = Buffer.from(await request.readBody()).toString();
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  switch (type) {
    case 'application/json':
      return { format: 'json', offer: offerInJson(text) };
    case SDP_TYPE:
      return { format: 'whep', offer: text };
    case 'application/x-www-form-urlencoded':
      return { format: 'form', offer: offerInForm(text) };
    default:
      return { format: 'raw', offer: text };
  }
}

function offerInJson(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const message = 'body is not JSON';
    throw new MediaError('invalid-argument', 'go2rtc-request-malformed', message, { cause });
  }
  const parsed = offerSchema.safeParse(value);
  if (parsed.success) return parsed.data.sdp;
  throw malformed('body is no {"type":"offer","sdp":"..."}');
}

/** A space is what a plus of base64 becomes when a client does not escape it. */
function offerInForm(text: string): string {
  const data = new URLSearchParams(text).get('data') ?? '';
  return Buffer.from(data.replaceAll(' ', '+'), 'base64').toString();
}

function replyOf(format: Format, answer: string): HttpReply {
  switch (format) {
    case 'json':
      return jsonReply({ type: 'answer', sdp: answer });
    case 'whep':
      return { status: 201, headers: { 'Content-Type': SDP_TYPE }, body: answer };
    case 'form':
      return textReply(Buffer.from(answer).toString('base64'));
    case 'raw':
      return textReply(answer);
  }
}

function endSession(peers: Go2rtcPeers, id: string): HttpReply {
  if (id === '') throw malformed('no id');
  try {
    peers.end(id);
    return { status: 200 };
  } catch {
    return { status: 404 };
  }
}
