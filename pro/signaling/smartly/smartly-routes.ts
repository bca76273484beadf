// The Smartly dialect over HTTP: four endpoints that carry their own authentication.
import { MediaError } from '../../../core/base/media-error.ts';
import { normalizeIp } from '../../../core/base/ip-address.ts';
import { jsonReply } from '../../../core/http/http-reply.ts';
import type { HttpRequest } from '../../../core/http/http-request.ts';
import type { AccessRule, Route } from '../../../core/http/route.ts';
import { failureBody, successBody } from './smartly-bodies.ts';
import type { EntityMessage, SmartlyBridge } from './smartly-bridge.ts';
import type { TrustProxy } from './smartly-options.ts';

/** Longest body with an offer inside, in bytes; other bodies are short. */
const MAX_OFFER_BYTES = 128 * 1024;
const MAX_BODY_BYTES = 8 * 1024;
const BASE = '/api/smartly/camera';

/** A signature, a token or the id of a session: each endpoint checks its own. */
const SELF_GUARDED: AccessRule = {
  type: 'public',
  reason: 'a signature, a single-use token or a session id is the credential',
};

/** Headers that scripts of other origins have to be allowed to send, for the listener's CORS. */
export const SMARTLY_HEADERS: readonly string[] = [
  'X-Client-Id',
  'X-Timestamp',
  'X-Nonce',
  'X-Signature',
];

type Handler = (message: EntityMessage, request: HttpRequest) => unknown;

/** The routes of the dialect; no guard of the listener stands before them. */
export function smartlyRoutes(bridge: SmartlyBridge): Route[] {
  const { hasEnvelope, trustProxy } = bridge.options;
  const post = (pattern: string, maxBodyBytes: number, handle: Handler): Route => ({
    methods: ['POST'],
    ...{ pattern, maxBodyBytes },
    access: SELF_GUARDED,
    errorEnvelope: (facts) => failureBody(facts, hasEnvelope),
    action: async (request) => {
      const message = await messageOf(request, trustProxy);
      const reply = jsonReply(successBody(await handle(message, request), hasEnvelope));
      return { ...reply, headers: { ...reply.headers, 'Cache-Control': 'no-store' } };
    },
  });
  const entity = `${BASE}/:entity/webrtc`;
  return [
    { ...post(`${BASE}/webrtc`, MAX_BODY_BYTES, noEntity), action: noEntity },
    post(entity, MAX_BODY_BYTES, (message, request) => issueToken(bridge, message, request)),
    post(`${entity}/offer`, MAX_OFFER_BYTES, (message) => bridge.answerOffer(message)),
    post(`${entity}/ice`, MAX_BODY_BYTES, (message) => bridge.addCandidate(message)),
    post(`${entity}/hangup`, MAX_BODY_BYTES, (message) => bridge.hangUp(message)),
  ];
}

async function messageOf(request: HttpRequest, trustProxy: TrustProxy): Promise<EntityMessage> {
  return {
    entityId: request.parameter('entity'),
    body: await request.readBody(),
    ip: clientIp(request, trustProxy),
    userAgent: request.headers['user-agent'] ?? '',
    signal: request.signal,
  };
}

function issueToken(
  bridge: SmartlyBridge,
  message: EntityMessage,
  request: HttpRequest,
): Promise<unknown> {
  const { path, rawQuery, rawTarget, method } = request;
  const decoded = rawQuery === '' ? path : `${path}?${rawQuery}`;
  return bridge.issueToken(message, {
    ...{ ip: message.ip, method },
    targets: decoded === rawTarget ? [rawTarget] : [rawTarget, decoded],
    clientId: headerOf(request, 'x-client-id'),
    timestamp: headerOf(request, 'x-timestamp'),
    nonce: headerOf(request, 'x-nonce'),
    signature: headerOf(request, 'x-signature'),
  });
}

function noEntity(): never {
  throw new MediaError('invalid-argument', 'invalid-entity-id', 'the URL names no entity');
}

/**
 * `auto` believes the proxies that the listener trusts, `never` nobody, `always` the proxy in
 * front, whoever that is: it wrote the last address of the list; those before may be invented.
 */
function clientIp(request: HttpRequest, trustProxy: TrustProxy): string {
  if (trustProxy === 'auto') return request.ip;
  if (trustProxy === 'never') return request.peerIp;
  const last = headerOf(request, 'x-forwarded-for').split(',').at(-1)?.trim() ?? '';
  return normalizeIp(last) ?? request.peerIp;
}

function headerOf(request: HttpRequest, name: string): string {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : (value ?? '');
}
