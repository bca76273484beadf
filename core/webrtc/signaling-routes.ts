// WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) over HTTP: one pair of routes for each.
import { MediaError } from '../base/media-error.ts';
import { redactUrls } from '../base/url-redaction.ts';
import type { RedirectTarget } from '../config/redirect-target.ts';
import type { HttpReply } from '../http/http-reply.ts';
import { jsonReply } from '../http/http-reply.ts';
import type { HttpRequest } from '../http/http-request.ts';
import type { AccessRule, Route } from '../http/route.ts';
import type { PathManager } from '../path/path-manager.ts';
import { parseTrickleFragment, formatTrickleFragment } from '../sdp/trickle-fragment.ts';
import { iceServerLinks, type IceServerProvider } from './ice-server-provider.ts';
import type { CreatedSession, SessionRequest, WebRtcSessionManager } from './session-manager.ts';
import type { SkippedTrack } from './viewer-plan.ts';

/** Longest offer or fragment, in bytes. */
const MAX_BODY_BYTES = 128 * 1024;
const SDP_TYPE = 'application/sdp';
const FRAGMENT_TYPE = 'application/trickle-ice-sdpfrag';
const METHODS = 'OPTIONS, GET, POST, PATCH, DELETE';
const REQUEST_HEADERS = 'Authorization, Content-Type, If-Match';
/** Which tracks of the stream the viewer does not get: `kind;codec;code;message`, percent-encoded. */
const SKIPPED_HEADER = 'Mtx-Skipped-Tracks';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;

/** What the routes work with. */
export interface SignalingComponents {
  readonly manager: WebRtcSessionManager;
  readonly pathManager: PathManager;
  readonly iceServers: IceServerProvider;
}

type Verb = 'whip' | 'whep';

/** The routes of WHIP and WHEP. */
export function signalingRoutes(components: SignalingComponents): Route[] {
  return (['whip', 'whep'] as const).flatMap((verb) => [
    optionsRoute(components, verb),
    postRoute(components, verb),
    patchRoute(components, verb),
    deleteRoute(components, verb),
  ]);
}

function accessOf(verb: Verb): AccessRule {
  return {
    type: 'action',
    action: verb === 'whip' ? 'publish' : 'read',
    path: (request) => request.parameter('path'),
  };
}

/** PATCH and DELETE: whoever knows the secret of the location may use it. */
const SECRET_ACCESS: AccessRule = {
  type: 'public',
  reason: 'the secret in the URL is the capability',
};

function optionsRoute({ pathManager, iceServers }: SignalingComponents, verb: Verb): Route {
  return {
    methods: ['OPTIONS'],
    pattern: `/*path/${verb}`,
    access: accessOf(verb),
    exposeHeaders: ['Accept-Post', 'Link'],
    action: async (request) => {
      pathManager.grant(request.parameter('path'), { user: request.user });
      return {
        status: 204,
        headers: {
          'Accept-Post': SDP_TYPE,
          'Access-Control-Allow-Methods': METHODS,
          'Access-Control-Allow-Headers': REQUEST_HEADERS,
          Link: iceServerLinks(await iceServers.iceServers(request.signal)),
        },
      };
    },
  };
}

function postRoute(components: SignalingComponents, verb: Verb): Route {
  const { manager, pathManager, iceServers } = components;
  return {
    methods: ['POST'],
    pattern: `/*path/${verb}`,
    access: accessOf(verb),
    maxBodyBytes: MAX_BODY_BYTES,
    exposeHeaders: ['ETag', 'ID', 'Accept-Patch', 'Link', 'Location', SKIPPED_HEADER],
    action: async (request) => {
      requireType(request, SDP_TYPE);
      const pathName = request.parameter('path');
      const offer = await request.readText();
      const { user, expiresAt } = request;
      const grant = pathManager.grant(pathName, { user, expiresAt }, request.rawQuery);
      const redirect = verb === 'whep' ? pathManager.redirectOf(grant) : undefined;
      if (redirect) return redirectReply(request, pathName, redirect);
      const servers = await iceServers.iceServers(request.signal);
      const asked: SessionRequest = {
        grant,
        offer,
        identity: {
          user: request.user,
          remoteAddress: request.ip,
          query: request.rawQuery,
          userAgent: request.headers['user-agent'] ?? '',
        },
        signal: request.signal,
      };
      const created = await (verb === 'whip'
        ? manager.createPublisher(asked)
        : manager.createViewer(asked));
      return createdReply(request, created, iceServerLinks(servers));
    },
  };
}

function patchRoute({ manager }: SignalingComponents, verb: Verb): Route {
  return {
    methods: ['PATCH'],
    pattern: `/*path/${verb}/:secret`,
    access: SECRET_ACCESS,
    maxBodyBytes: MAX_BODY_BYTES,
    exposeHeaders: ['ETag'],
    action: async (request) => {
      requireType(request, FRAGMENT_TYPE);
      const secret = secretOf(request);
      const id = manager.idOf(secret);
      const fragment = parseTrickleFragment(await request.readText());
      const ufrag = fragment.iceUfrag ?? fragment.medias.find((media) => media.iceUfrag)?.iceUfrag;
      // Candidates need no storing: an ice-lite server learns addresses from checks.
      if (ufrag === undefined || manager.isCurrentUfrag(secret, ufrag)) return { status: 204 };
      const local = manager.restartIce(secret, ufrag);
      const body = formatTrickleFragment({
        iceUfrag: local.ufrag,
        icePwd: local.password,
        bundleGroups: fragment.bundleGroups,
        medias: [
          {
            mid: fragment.medias.find((media) => media.mid !== undefined)?.mid ?? '0',
            candidates: await manager.candidates(),
            hasEndOfCandidates: true,
          },
        ],
      });
      return {
        status: 200,
        headers: { 'Content-Type': FRAGMENT_TYPE, ETag: `"${local.ufrag}"`, ID: id },
        body,
      };
    },
  };
}

function deleteRoute({ manager }: SignalingComponents, verb: Verb): Route {
  return {
    methods: ['DELETE'],
    pattern: `/*path/${verb}/:secret`,
    access: SECRET_ACCESS,
    action: (request) => {
      manager.close(secretOf(request));
      return jsonReply({ status: 'ok' });
    },
  };
}

/** RFC 9725 section 4.5: clients send the offer again to where a 307 leads, with its credentials. */
function redirectReply(
  { rawQuery }: HttpRequest,
  pathName: string,
  target: RedirectTarget,
): HttpReply {
  if (target.type === 'url') {
    const message = `path '${pathName}' sends its readers to ${redactUrls(target.url)}, and WebRTC can't be redirected to RTSP; read that URL with an RTSP client`;
    throw new MediaError('failed-precondition', 'path-redirects', message);
  }
  const query = rawQuery === '' ? '' : `?${rawQuery}`;
  return { status: 307, headers: { Location: `/${target.name}/whep${query}` } };
}

function createdReply(
  request: HttpRequest,
  created: CreatedSession,
  links: readonly string[],
): HttpReply {
  const query = request.rawQuery === '' ? '' : `?${request.rawQuery}`;
  const location = `${encodeURI(request.path)}/${created.secret}${query}`;
  return {
    status: 201,
    headers: {
      'Content-Type': SDP_TYPE,
      ETag: '*',
      ID: created.id,
      'Accept-Patch': FRAGMENT_TYPE,
      Location: location,
      ...(links.length > 0 ? { Link: links } : {}),
      ...(created.skipped.length > 0 ? { [SKIPPED_HEADER]: skippedList(created.skipped) } : {}),
    },
    body: created.answer,
  };
}

/** Commas and semicolons never survive the encoding, so they can separate. */
function skippedList(skipped: readonly SkippedTrack[]): string {
  return skipped
    .map(({ kind, codec, code, message }) =>
      [kind, codec, code, message].map(encodeURIComponent).join(';'),
    )
    .join(', ');
}

function requireType(request: HttpRequest, wanted: string): void {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type === wanted) return;
  throw new MediaError(
    'unsupported',
    'invalid-content-type',
    `invalid Content-Type '${type ?? ''}': ${wanted} is needed`,
  );
}

function secretOf(request: HttpRequest): string {
  const secret = request.parameter('secret').toLowerCase();
  if (!UUID.test(secret)) {
    throw new MediaError('invalid-argument', 'invalid-secret', 'invalid secret');
  }
  return secret;
}
