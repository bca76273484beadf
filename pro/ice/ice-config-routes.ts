// The ICE service over HTTP: which STUN and TURN servers a browser should use, and whether it works.
import { MediaError } from '../../core/base/media-error.ts';
import { jsonReply, type HttpReply } from '../../core/http/http-reply.ts';
import type { HttpRequest } from '../../core/http/http-request.ts';
import type { ErrorFacts } from '../../core/http/error-reply.ts';
import type { Route } from '../../core/http/route.ts';
import type { IceServer } from '../../core/webrtc/ice-server-provider.ts';
import type { IceService } from './ice-service.ts';

/** Longest token that is looked at, in characters. */
const MAX_TOKEN_CHARS = 8192;

/**
 * Decides about the token of `/webrtc/ice-config`.
 * @throws MediaError `unauthenticated` or `permission-denied`.
 */
export type IceTokenVerifier = (
  token: string,
  facts: { readonly ip: string; readonly signal: AbortSignal },
) => void | Promise<void>;

/** What the routes work with. */
export interface IceConfigComponents {
  readonly service: IceService;
  /** Absent when the API asks nobody for a token: then one that comes is ignored. */
  readonly verifyToken?: IceTokenVerifier;
}

/** `{iceServers}` entries as RTCPeerConnection takes them: one URL each, credentials only for TURN. */
export interface IceServerEntry {
  readonly urls: string;
  readonly username?: string;
  readonly credential?: string;
}

/** One server in the form that browsers take. */
export function toIceServerEntry({ url, username, credential }: IceServer): IceServerEntry {
  if (username === '' && credential === '') return { urls: url };
  return { urls: url, username, credential };
}

/** `GET /webrtc/ice-config` and `GET /webrtc/health`; no guard of the listener stands before them. */
export function iceConfigRoutes(components: IceConfigComponents): Route[] {
  const { service } = components;
  return [
    {
      methods: ['GET'],
      pattern: '/webrtc/ice-config',
      access: { type: 'public', reason: 'checks the token of the query itself' },
      errorEnvelope: ({ text }: ErrorFacts) => ({ error: text }),
      action: (request) => iceConfig(components, request),
    },
    {
      methods: ['GET'],
      pattern: '/webrtc/health',
      access: { type: 'public', reason: 'tells only whether TURN is set up' },
      action: () =>
        jsonReply({
          status: 'healthy',
          turn_configured: service.isTurnConfigured,
          message: 'WebRTC ICE config service is running',
        }),
    },
  ];
}

async function iceConfig(
  { service, verifyToken }: IceConfigComponents,
  request: HttpRequest,
): Promise<HttpReply> {
  const { ip, signal } = request;
  if (verifyToken) await verifyToken(tokenOf(request), { ip, signal });
  const { servers, ttlSeconds, hasTurn } = await service.iceConfig(signal);
  const reply = jsonReply({
    iceServers: servers.map(toIceServerEntry),
    ttl: ttlSeconds,
    turnEnabled: hasTurn,
  });
  // Credentials must not stay in a cache on the way.
  return { ...reply, headers: { ...reply.headers, 'Cache-Control': 'private, no-store' } };
}

/** `?token=`, else `Authorization: Bearer`. @throws MediaError unauthenticated. */
function tokenOf({ query, headers }: HttpRequest): string {
  const bearer = /^Bearer +(\S+)$/iu.exec(headers.authorization ?? '')?.[1];
  const token = query.get('token') ?? bearer ?? '';
  if (token === '') {
    throw new MediaError('unauthenticated', 'token-missing', 'token is missing');
  }
  if (token.length > MAX_TOKEN_CHARS) {
    throw new MediaError('unauthenticated', 'token-invalid', 'token is too long');
  }
  return token;
}
