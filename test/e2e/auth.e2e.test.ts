// The whole program with another judge than its own users: tokens, and a service that is asked.
import assert from 'node:assert/strict';
import { formatBasicAuthorization } from '../../core/auth/digest.ts';
import { AuthService } from '../support/auth-service.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { keySetOf, TokenMaker } from '../support/token-maker.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { decodeWithFfmpeg, probeWithFfprobe } from './support/ffmpeg-reader.ts';
import { ServerProcess } from './support/server-process.ts';

const maker = new TokenMaker('ed25519');

function token(action: string, path: string, lifetimeSeconds = 3600): string {
  const exp = Math.floor(Date.now() / 1000) + lifetimeSeconds;
  return maker.sign({ sub: 'ann', exp, mediamtx_permissions: [{ action, path }] });
}

/** URL with user and password. */
function as(url: string, user: string, password: string): string {
  return url.replace('://', `://${user}:${encodeURIComponent(password)}@`);
}

function post(url: string, headers: Record<string, string> = {}): Promise<Response> {
  const type = { 'Content-Type': 'application/sdp' };
  return fetch(url, { method: 'POST', body: 'v=0', headers: { ...type, ...headers } });
}

describe('authMethod: jwt', () => {
  const opened = new AsyncDisposableStack();
  let server: ServerProcess;

  before(async () => {
    const service = opened.use(
      await AuthService.start(() => ({ status: 200, body: keySetOf(maker.jwk()) })),
    );
    const settings = { authMethod: 'jwt', authJWTJWKS: service.url, api: true };
    server = opened.use(await ServerProcess.start({ settings }));
    const url = `${server.rtspUrl('cam')}?jwt=${token('publish', 'cam')}`;
    opened.use(await publishWithFfmpeg({ url, video: 'h264', audio: 'none' }));
  });

  after(() => opened.disposeAsync());

  it('lets in who brings a token by the query, as ffmpeg must', async () => {
    const url = `${server.rtspUrl('cam')}?jwt=${token('read', '~^c')}`;
    const report = await probeWithFfprobe({ url });
    assert.equal(report.streams[0]?.codec_name, 'h264');
  });

  it('lets in who brings it as the password', async () => {
    // Not by ffmpeg, which cuts a password after 127 characters.
    await using client = await RtspClient.connect(server.ports.rtsp);
    const url = server.rtspUrl('cam');
    const headers = { Authorization: formatBasicAuthorization('any', token('read', '~^c')) };
    assert.equal((await client.request('DESCRIBE', url)).statusCode, 401);
    assert.equal((await client.request('DESCRIBE', url, { headers })).statusCode, 200);
  });

  it('refuses whoever has none, or one for something else', async () => {
    const bearer = (text: string): Record<string, string> => ({ Authorization: `Bearer ${text}` });
    const url = server.whepUrl('cam');
    assert.equal((await post(url)).status, 401);
    assert.equal((await post(url, bearer(token('read', 'other')))).status, 403);
    assert.equal((await post(url, bearer(token('publish', 'cam')))).status, 403);
    assert.equal((await post(url, bearer(token('read', 'cam', -10)))).status, 401);
    // Let in: now it is the offer that is wrong.
    assert.equal((await post(url, bearer(token('read', 'cam')))).status, 400);
    const info = server.apiUrl('/v3/info');
    assert.equal((await fetch(info)).status, 401);
    const headers = bearer(token('api', ''));
    assert.equal((await fetch(info, { headers })).status, 200);
    const refreshed = await fetch(server.apiUrl('/v3/auth/jwks/refresh'), {
      ...{ method: 'POST', headers },
    });
    assert.equal(refreshed.status, 200);
  });

  it('ends a viewer whose token expires, and not the publisher', async () => {
    const url = `${server.rtspUrl('cam')}?jwt=${token('read', 'cam', 4)}`;
    const report = await decodeWithFfmpeg({ url, durationSeconds: 15, timeoutMs: 18_000 });
    assert.ok(report.videoFrames > 10 && report.videoFrames < 200, `${report.videoFrames} frames`);
    await server.waitForLog(/closed: the token has expired/u);
    const allowed = `${server.rtspUrl('cam')}?jwt=${token('read', 'cam')}`;
    assert.equal((await probeWithFfprobe({ url: allowed })).streams.length, 1);
  });

  it('writes no token into its log', () => {
    assert.doesNotMatch(server.log, /eyJ/u);
  });
});

describe('authMethod: http', () => {
  it('asks the service for everybody, and a slow answer holds up nobody else', async () => {
    const slow = Promise.withResolvers<{ readonly status: number }>();
    await using service = await AuthService.start(({ body }) => {
      if (body.includes('"slow"')) return slow.promise;
      return { status: body.includes('"wonder"') ? 200 : 401 };
    });
    const settings = { authMethod: 'http', authHTTPAddress: service.url };
    await using server = await ServerProcess.start({ settings });
    const held = post(server.whepUrl('slow'));
    const url = as(server.rtspUrl('cam'), 'ann', 'wonder');
    await using publisher = await publishWithFfmpeg({ url, video: 'h264', audio: 'none' });
    assert.equal((await probeWithFfprobe({ url })).streams.length, 1);
    assert.equal((await post(server.whepUrl('cam'))).status, 401);
    assert.equal(publisher.exit, undefined);
    slow.resolve({ status: 401 });
    assert.equal((await held).status, 401);
    const asked = service.questions.map(({ body }): unknown => JSON.parse(body));
    assert.ok(asked.some((question) => isQuestion(question, { action: 'publish', user: '' })));
    assert.ok(asked.some((question) => isQuestion(question, { action: 'publish', user: 'ann' })));
    assert.doesNotMatch(server.log, /wonder/u);
  });

  it('answers 503 while the service is not there', async () => {
    const settings = { authMethod: 'http', authHTTPAddress: 'http://127.0.0.1:9/' };
    await using server = await ServerProcess.start({ settings });
    const reply = await post(server.whepUrl('cam'));
    assert.equal(reply.status, 503);
    assert.ok(reply.headers.get('retry-after'));
    await server.waitForLog(/authHTTPAddress: request failed: ECONNREFUSED; 127\.0\.0\.1:9/u);
  });
});

function isQuestion(
  question: unknown,
  { action, user }: { readonly action: string; readonly user: string },
): boolean {
  const text = JSON.stringify(question);
  return text.includes(`"action":"${action}"`) && text.includes(`"user":"${user}"`);
}
