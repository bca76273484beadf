// The part of Tuya's open API that viewers need, over HTTP; answers and refusals in the vendor's shape.
import type { Clock } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import type { ErrorEnvelope } from '../../../core/http/error-reply.ts';
import { jsonReply, type HttpReply } from '../../../core/http/http-reply.ts';
import type { HttpMethod, HttpRequest } from '../../../core/http/http-request.ts';
import type { AccessRule, Route } from '../../../core/http/route.ts';
import type { FacadeAnswers } from './facade-answers.ts';
import { facadeErrorBody, parameterInvalid } from './facade-error.ts';
import type { FacadeGate, FacadeRequestFacts } from './facade-gate.ts';
import type { FacadeToken, FacadeTokens } from './facade-tokens.ts';

/** What the routes work with. */
export interface FacadeRoutesComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly gate: FacadeGate;
  readonly tokens: FacadeTokens;
  readonly answers: FacadeAnswers;
}

/** Whom tokens are given to. */
export interface FacadeRoutesOptions {
  readonly uid: string;
  /** Code of `grant_type=2`; empty = none. */
  readonly code: string;
}

const MAX_BODY_BYTES = 16_384;
const SIGNED: AccessRule = { type: 'public', reason: 'a signature over the request is checked' };
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

type Handler = (request: HttpRequest, body: Uint8Array) => unknown;

/** Refusals of the listener itself, in the vendor's shape. */
export function facadeEnvelope(clock: Clock): ErrorEnvelope {
  return (facts) => facadeErrorBody(facts, clock.nowMs());
}

/** The routes; each checks the signature itself. As the cloud does, refusals have status 200. */
export function facadeRoutes(
  components: FacadeRoutesComponents,
  { uid, code }: FacadeRoutesOptions,
): Route[] {
  const { gate, tokens, answers } = components;
  const route = (method: HttpMethod, pattern: string, handle: Handler): Route => ({
    methods: [method],
    ...{ pattern, maxBodyBytes: MAX_BODY_BYTES, access: SIGNED },
    action: (request) => reply(components, request, handle),
  });
  const login = (method: HttpMethod, pattern: string, handle: Handler): Route =>
    route(method, pattern, (request, body) => {
      gate.admitLogin(factsOf(request, body));
      return handle(request, body);
    });
  const business = (method: HttpMethod, pattern: string, handle: Handler): Route =>
    route(method, pattern, (request, body) => {
      gate.admit(factsOf(request, body), tokens);
      return handle(request, body);
    });
  const device = '/v1.0/devices/:device';
  const idOf = (request: HttpRequest): string => request.parameter('device');
  return [
    login('GET', '/v1.0/token', ({ query }) => tokenBody(grant(tokens, query, code), uid)),
    login('GET', '/v1.0/token/:refresh', (request) =>
      tokenBody(tokens.renew(request.parameter('refresh')), uid),
    ),
    business('GET', device, (request) => answers.device(idOf(request))),
    business('GET', `${device}/webrtc-configs`, (request) =>
      answers.webRtcConfig(idOf(request), '', request.signal),
    ),
    business('GET', '/v1.0/users/:user/devices/:device/webrtc-configs', (request) =>
      answers.webRtcConfig(idOf(request), request.parameter('user'), request.signal),
    ),
    business('POST', `${device}/stream/actions/allocate`, (request, body) =>
      answers.stream(idOf(request), parseJson(body), hostOf(request)),
    ),
    business('POST', '/v1.0/open-hub/access/config', (_request, body) =>
      answers.hub('v1', parseJson(body)),
    ),
    business('POST', '/v2.0/open-iot-hub/access/config', (_request, body) =>
      answers.hub('v2', parseJson(body)),
    ),
    ...METHODS.map((method) => route(method, '/*rest', nowhere)),
  ];
}

async function reply(
  { clock, logger }: FacadeRoutesComponents,
  request: HttpRequest,
  handle: Handler,
): Promise<HttpReply> {
  try {
    const result = await handle(request, await request.readBody());
    return answer({ result, success: true, t: clock.nowMs() });
  } catch (thrown) {
    const error = toMediaError(thrown);
    // A bug's text is for the log alone; the listener writes both.
    if (error.kind === 'internal' || error.kind === 'canceled') throw error;
    logger.debug(`${request.method} ${placeOf(request)} of ${request.ip}: ${error.message}`);
    return answer(facadeErrorBody({ error, text: error.message }, clock.nowMs()));
  }
}

/** Without the refresh token that is a part of its path. */
function placeOf({ path }: HttpRequest): string {
  return path.replace(/^(\/v1\.0\/token\/).*/su, '$1***').slice(0, 200);
}

function answer(body: unknown): HttpReply {
  const { headers, ...others } = jsonReply(body);
  return { ...others, headers: { ...headers, 'Cache-Control': 'no-store' } };
}

function factsOf(request: HttpRequest, body: Uint8Array): FacadeRequestFacts {
  const { method, rawTarget: target, headers, ip } = request;
  return { method, target, headers, ip, body };
}

/** @throws MediaError `tuya-parameter-invalid`. */
function grant(tokens: FacadeTokens, query: URLSearchParams, code: string): FacadeToken {
  const type = query.get('grant_type') ?? '';
  if (type === '1') return tokens.issue();
  if (type !== '2') throw parameterInvalid(`grant_type '${type.slice(0, 16)}' is neither 1 nor 2`);
  // The request is signed with the secret; the code adds nothing that its length could tell.
  if (code === '' || query.get('code') !== code) throw parameterInvalid('code');
  return tokens.issue();
}

function tokenBody(
  { accessToken, refreshToken, expiresInSeconds }: FacadeToken,
  uid: string,
): unknown {
  return {
    ...{ access_token: accessToken, refresh_token: refreshToken },
    ...{ expire_time: expiresInSeconds, uid },
  };
}

/** @throws MediaError `tuya-parameter-invalid`. */
function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString());
  } catch {
    throw parameterInvalid('the body is no JSON object');
  }
}

/** The name by which the client knows this server, without port. */
function hostOf({ headers }: HttpRequest): string {
  const host = headers.host ?? '';
  const [, name = ''] = /^(\[[0-9a-f:.]{2,45}\]|[\w.-]{1,253})(?::\d{1,5})?$/iu.exec(host) ?? [];
  return name;
}

function nowhere(request: HttpRequest): never {
  const message = `uri path invalid: ${placeOf(request)}`;
  throw new MediaError('not-found', 'tuya-path-invalid', message);
}
