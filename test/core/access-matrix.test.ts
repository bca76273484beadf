// Who gets through which door: every route of the core's listeners, and RTSP, by each method of authentication.
import assert from 'node:assert/strict';
import { controlApi, type ControlApiServices } from '../../core/api/control-api.ts';
import type { AuthAction } from '../../core/auth/access-request.ts';
import { formatBasicAuthorization } from '../../core/auth/digest.ts';
import { httpAccess } from '../../core/auth/http-access.ts';
import { MethodAuthorizer } from '../../core/auth/method-authorizer.ts';
import { loadConfig } from '../../core/config/load-config.ts';
import type { HttpRequest } from '../../core/http/http-request.ts';
import type { Route } from '../../core/http/route.ts';
import { playbackRoutes } from '../../core/playback/playback-routes.ts';
import { ConfiguredIceServers } from '../../core/webrtc/configured-ice-servers.ts';
import { pageRoutes } from '../../core/webrtc/page-routes.ts';
import { signalingRoutes } from '../../core/webrtc/signaling-routes.ts';
import { AuthService } from '../support/auth-service.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { httpRequest } from '../support/http-client.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { GENERIC_SDP, RtspFixture } from '../support/rtsp-fixture.ts';
import { keySetOf, TokenMaker } from '../support/token-maker.ts';
import { startListener } from './http/listener-fixture.ts';
import { ManagerFixture } from './webrtc/manager-fixture.ts';

/** Everybody who may stand at a door. `other` is known, and may do nothing here. */
const VISITORS = ['none', 'wrong', 'right', 'other'] as const;
type Visitor = (typeof VISITORS)[number];

const METHODS = ['internal', 'http', 'jwt'] as const;
type Method = (typeof METHODS)[number];

const ACTIONS: readonly AuthAction[] = ['publish', 'read', 'playback', 'api', 'metrics', 'pprof'];
const SECRETS: Readonly<Record<Exclude<Visitor, 'none'>, string>> = {
  wrong: 'guessed',
  right: 'wonder',
  other: 'land',
};
/** What visitors may do elsewhere; `other` may it only there. */
const PATH = 'cam';
const clock = new FakeClock(Date.UTC(2026, 0, 1));

/** A method with its service, where nobody is blocked or paused for what this test does wrong. */
interface Gatehouse extends AsyncDisposable {
  readonly authorizer: MethodAuthorizer;
  /** Value of Authorization; undefined for none. */
  readonly showOf: (visitor: Visitor) => string | undefined;
}

async function open(method: Method): Promise<Gatehouse> {
  const maker = new TokenMaker();
  const service = await AuthService.start(({ body }) =>
    method === 'jwt' ? { status: 200, body: keySetOf(maker.jwk()) } : judge(body),
  );
  const permissions = ACTIONS.map((action) => `{ action: ${action} }`).join(', ');
  const { global } = loadConfig({
    env: {},
    text: [
      ...[`authMethod: ${method}`, `authHTTPAddress: ${service.url}`],
      ...[`authJWTJWKS: ${service.url}`, 'authInternalUsers:'],
      `  - { user: right, pass: ${SECRETS.right}, permissions: [${permissions}] }`,
      `  - { user: other, pass: ${SECRETS.other}, permissions: [{ action: read, path: else }] }`,
    ].join('\n'),
  });
  const authorizer = new MethodAuthorizer(
    global,
    { clock, logger: new RecordingLogger() },
    { maxDelayMs: 0, failures: { burst: 100_000 } },
  );
  return {
    authorizer,
    showOf: (visitor) => {
      if (visitor === 'none') return undefined;
      if (method === 'jwt') return `Bearer ${tokenOf(maker, visitor)}`;
      return formatBasicAuthorization(visitor, SECRETS[visitor]);
    },
    [Symbol.asyncDispose]: async () => {
      authorizer.close();
      await service[Symbol.asyncDispose]();
    },
  };
}

/** The service of authMethod http. */
function judge(body: string): { readonly status: number } {
  if (body.includes(`"${SECRETS.right}"`)) return { status: 200 };
  return { status: body.includes(`"${SECRETS.other}"`) ? 403 : 401 };
}

function tokenOf(maker: TokenMaker, visitor: Exclude<Visitor, 'none'>): string {
  const all = ACTIONS.map((action) => ({ action }));
  const claims = {
    mediamtx_permissions: visitor === 'other' ? [{ action: 'read', path: 'else' }] : all,
  };
  const signer = visitor === 'wrong' ? new TokenMaker('p256', 'stranger') : maker;
  return signer.sign(claims, { kid: maker.id });
}

const STATUS: Readonly<Record<Visitor, number>> = { none: 401, wrong: 401, right: 204, other: 403 };

/** Routes by listener; a new one is one line more. What they do is not the question here. */
function listeners(): readonly (readonly [name: string, routes: readonly Route[]])[] {
  const { manager, pathManager } = new ManagerFixture();
  const iceServers = new ConfiguredIceServers(clock, []);
  // Nobody asks the services: every route does nothing but tell that it was reached.
  const services = {
    server: {},
    configuration: {},
    paths: {},
    sessions: {},
    recordings: {},
  } as ControlApiServices;
  const recordings = {} as Parameters<typeof playbackRoutes>[0];
  return [
    ['WebRTC signaling', signalingRoutes({ manager, pathManager, iceServers })],
    ['API v3', [...controlApi(services).routes, ...playbackRoutes(recordings)]],
  ];
}

/** Doors without a guard: read each of them before one is added. */
const PUBLIC_ROUTES: Readonly<Record<string, readonly string[]>> = {
  'WebRTC signaling': [
    ...['PATCH /*path/whip/:secret', 'DELETE /*path/whip/:secret'],
    ...['PATCH /*path/whep/:secret', 'DELETE /*path/whep/:secret'],
  ],
  'API v3': [],
  // Files that are the same for everybody, redirects, and pages that ask the authorizer themselves.
  pages: [
    ...['/', '/favicon.ico', '/mediamtx-pro/paths.json', '/mediamtx-pro/login'],
    ...['/mediamtx-pro/:file', '/reader.js', '/*path/reader.js', '/publisher.js'],
    ...['/*path/publisher.js', '/*path/whip', '/*path/whip/:secret', '/*path/whep'],
    ...['/*path/whep/:secret', '/*path/publish', '/*path/', '/*path'],
  ].map((pattern) => `GET ${pattern}`),
};

function urlOf(pattern: string): string {
  return pattern.replace(/[*:]path\b/gu, PATH).replace(/[*:]\w+/gu, 'some');
}

function reached(route: Route): Route {
  return { ...route, action: () => ({ status: 204 }) };
}

describe('access', () => {
  for (const method of METHODS) {
    for (const [name, routes] of listeners()) {
      it(`to every route of ${name} follows its rule (authMethod: ${method})`, async () => {
        await using gatehouse = await open(method);
        const { authorizer, showOf } = gatehouse;
        const access = httpAccess(authorizer, name === 'API v3' ? 'http' : 'webrtc');
        await using fixture = await startListener({ routes: routes.map(reached), access });
        assert.ok(routes.length >= 8);
        for (const { methods, pattern, access: rule } of routes) {
          for (const visitor of VISITORS) {
            const shown = showOf(visitor);
            const reply = await httpRequest({
              ...{ port: fixture.port, method: methods[0], path: urlOf(pattern) },
              headers: shown === undefined ? {} : { Authorization: shown },
            });
            const expected = rule.type === 'public' ? 204 : STATUS[visitor];
            assert.equal(reply.status, expected, `${methods[0]} ${pattern} by ${visitor}`);
            const isAsked = expected === 401 && visitor === 'none';
            assert.equal(reply.headers['www-authenticate'] !== undefined, isAsked);
          }
        }
      });
    }

    it(`to the pages follows the action of the page (authMethod: ${method})`, async () => {
      await using gatehouse = await open(method);
      const { authorizer, showOf } = gatehouse;
      const { pathManager } = new ManagerFixture();
      await using fixture = await startListener({
        routes: pageRoutes({ pathManager, authorizer }),
      });
      for (const path of [`/${PATH}/`, `/${PATH}/publish`]) {
        for (const visitor of VISITORS) {
          const shown = showOf(visitor);
          const headers = shown === undefined ? {} : { Authorization: shown };
          const reply = await httpRequest({ port: fixture.port, path, headers });
          const expected = visitor === 'right' ? 200 : STATUS[visitor];
          assert.equal(reply.status, expected, `${path} by ${visitor}`);
        }
      }
    });

    it(`over RTSP is asked for before anything else (authMethod: ${method})`, async () => {
      await using gatehouse = await open(method);
      const { authorizer, showOf } = gatehouse;
      await using fixture = await RtspFixture.start({
        authorize: (request) => authorizer.authorize(request),
      });
      const url = fixture.url(PATH);
      const transport = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' };
      for (const [verb, target, headers, body, granted] of [
        ['DESCRIBE', url, {}, '', 404],
        ['SETUP', `${url}/trackID=0`, transport, '', 404],
        ['ANNOUNCE', url, { 'Content-Type': 'application/sdp' }, GENERIC_SDP, 200],
      ] as const) {
        for (const visitor of VISITORS) {
          await using client = await fixture.connect();
          const shown = showOf(visitor);
          const reply = await client.request(verb, target, {
            headers: { ...headers, ...(shown === undefined ? {} : { Authorization: shown }) },
            body,
          });
          const expected = visitor === 'right' ? granted : STATUS[visitor];
          assert.equal(reply.statusCode, expected, `${verb} by ${visitor}`);
          // Who showed nothing may try again on the connection; who was refused may not.
          if (visitor === 'none') assert.ok(reply.headers.get('WWW-Authenticate'));
          else if (visitor !== 'right') await client.waitForClose();
        }
      }
    });
  }

  it('needs no proof on these routes only', () => {
    const { pathManager } = new ManagerFixture();
    const authorizer = { authorize: () => Promise.reject(new Error('nobody asks')) };
    const all = [...listeners(), ['pages', pageRoutes({ pathManager, authorizer })] as const];
    const found = all.map(([name, routes]) => {
      const open = routes.filter(({ access }) => access.type === 'public');
      return [name, open.map(({ methods, pattern }) => `${methods.join()} ${pattern}`)];
    });
    assert.deepEqual(Object.fromEntries(found), PUBLIC_ROUTES);
  });

  it('to a session of WHIP or WHEP is its secret, not somebody else’s', async () => {
    const fixture = new ManagerFixture();
    const { manager, pathManager } = fixture;
    const iceServers = new ConfiguredIceServers(clock, []);
    await using listener = await startListener({
      routes: signalingRoutes({ manager, pathManager, iceServers }),
      access: () => Promise.reject(new Error('nobody asks')),
    });
    const secret = '00000000-0000-4000-8000-000000000000';
    const headers = { 'Content-Type': 'application/trickle-ice-sdpfrag' };
    for (const method of ['PATCH', 'DELETE']) {
      for (const [path, expected] of [
        [`/${PATH}/whep/${secret}`, 404],
        [`/${PATH}/whip/${secret}`, 404],
        [`/${PATH}/whep/guess`, 400],
      ] as const) {
        const reply = await httpRequest({ port: listener.port, method, path, headers });
        assert.equal(reply.status, expected, `${method} ${path}`);
      }
    }
  });

  it('of routes is asked for the path that the URL names', () => {
    for (const [, routes] of listeners()) {
      for (const { access, pattern } of routes) {
        if (access.type !== 'action' || !['publish', 'read'].includes(access.action)) continue;
        const request = { parameter: (name: string) => `<${name}>` } as HttpRequest; // asked no more
        assert.equal(access.path?.(request), '<path>', pattern);
      }
    }
  });
});
