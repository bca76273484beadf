// Requests through a real listener: answers, errors, access, bodies, cross-origin.
import assert from 'node:assert/strict';
import http from 'node:http';
import { Readable } from 'node:stream';
import { MediaError } from '../../../core/base/media-error.ts';
import { jsonReply } from '../../../core/http/http-reply.ts';
import { errorReply } from '../../../core/http/error-reply.ts';
import type { AccessQuestion, Route } from '../../../core/http/route.ts';
import { httpRequest, rawExchange } from '../../support/http-client.ts';
import {
  open,
  startListener,
  type FixtureOptions,
  type ListenerFixture,
} from './listener-fixture.ts';

type Action = Route['action'];

function get(pattern: string, action: Action, extra: Partial<Route> = {}): Route {
  return { methods: ['GET'], pattern, access: open, action, ...extra };
}

function post(pattern: string, action: Action, extra: Partial<Route> = {}): Route {
  return { methods: ['POST'], pattern, access: open, action, ...extra };
}

describe('HttpListener', () => {
  const asked: AccessQuestion[] = [];
  let streamOfHead: Readable | undefined;
  let fixture: ListenerFixture;

  const routes: readonly Route[] = [
    get('/echo/*tail', (request) =>
      jsonReply({
        tail: request.parameter('tail'),
        q: request.query.getAll('q'),
        ip: request.ip,
        user: request.user,
        id: request.requestId,
        method: request.method,
      }),
    ),
    get('/bytes', () => ({ status: 200, body: Uint8Array.of(65, 66).subarray(1) })),
    get('/stream', () => {
      streamOfHead = Readable.from(['a', 'b']);
      return { status: 206, headers: { 'Content-Type': 'video/mp4' }, body: streamOfHead };
    }),
    get('/empty', () => ({ status: 200, headers: { Link: ['<a>', '<b>'] } })),
    get('/nothing', () => ({ status: 204 }), { exposeHeaders: ['ETag', 'Location'] }),
    get('/bug', () => {
      throw new TypeError('password of the database is hunter2');
    }),
    get('/bad-header', () => ({ status: 200, headers: { 'X-Name': 'a\r\nX-Evil: 1' }, body: 'x' })),
    get('/url', () => {
      const message = 'rtsp://u:secret@cam/1 did not answer';
      throw new MediaError('deadline-exceeded', 'source-timeout', message);
    }),
    get('/break', () => ({
      status: 200,
      body: new Readable({
        read(): void {
          this.push('part');
          this.destroy(new Error('disk failed'));
        },
      }),
    })),
    get('/protected/*path', ({ user }) => jsonReply({ user }), {
      access: { type: 'action', action: 'read', path: (request) => request.parameter('path') },
    }),
    get('/own-envelope', () => Promise.reject(new MediaError('not-found', 'no-stream', 'none')), {
      errorEnvelope: ({ status, error, requestId }) => ({ status, code: error.code, requestId }),
    }),
    post('/json', async (request) => jsonReply(await request.readJson())),
    post('/twice', async (request) => {
      await request.readBody();
      return { status: 200, body: await request.readText() };
    }),
    post('/small', async (request) => ({ status: 200, body: await request.readText() }), {
      maxBodyBytes: 10,
    }),
    post('/protected-small', () => ({ status: 200 }), {
      maxBodyBytes: 10,
      access: { type: 'action', action: 'api' },
    }),
  ];

  before(async () => {
    fixture = await startListener({
      routes,
      access: (question) => {
        asked.push(question);
        const { authorization } = question.headers;
        if (authorization === 'Basic b2s=') return Promise.resolve({ user: 'alice' });
        const context = { hadCredentials: authorization !== undefined };
        const message = 'authentication error';
        throw new MediaError('unauthenticated', 'authentication-failed', message, { context });
      },
      limits: { maxUrlChars: 2000, maxBodyBytes: 1000 },
    });
  });

  after(() => fixture.listener.close());

  const ask = (
    path: string,
    rest: Omit<Parameters<typeof httpRequest>[0], 'port' | 'path'> = {},
  ): ReturnType<typeof httpRequest> => httpRequest({ port: fixture.port, path, ...rest });

  it('gives the route decoded parameters, the query, the address and an id', async () => {
    const { status, headers, body } = await ask('/echo/caf%C3%A9/b?q=1&q=%2F&__proto__=x');
    assert.equal(status, 200);
    const { id, ...value } = JSON.parse(body) as Record<string, unknown>; // a test's own answer
    assert.deepEqual(value, {
      tail: 'café/b',
      q: ['1', '/'],
      ip: '127.0.0.1',
      user: '',
      method: 'GET',
    });
    assert.equal(headers['x-request-id'], id);
    assert.match(String(id), /^[0-9a-f]{16}$/u);
  });

  it('sets the headers that every answer has, also errors', async () => {
    for (const path of ['/nothing', '/missing', '/bug', '/a%']) {
      const { headers } = await ask(path);
      assert.equal(headers['server'], 'mediamtx-pro');
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['access-control-allow-origin'], '*');
      assert.equal(headers['x-powered-by'], undefined);
    }
  });

  it('sends text, bytes, streams and nothing as they are', async () => {
    assert.equal((await ask('/bytes')).body, 'B');
    const stream = await ask('/stream');
    assert.deepEqual(
      [stream.status, stream.headers['content-type'], stream.body],
      [206, 'video/mp4', 'ab'],
    );
    const empty = await ask('/empty');
    assert.deepEqual([empty.status, empty.headers['content-length'], empty.body], [200, '0', '']);
    assert.equal(empty.headers['link'], '<a>, <b>');
    const nothing = await ask('/nothing');
    assert.deepEqual([nothing.status, nothing.headers['content-length']], [204, undefined]);
    assert.equal(nothing.headers['access-control-expose-headers'], 'ETag, Location');
  });

  it('answers HEAD like GET without the body, and reads no stream for it', async () => {
    const bytes = await ask('/bytes', { method: 'HEAD' });
    assert.deepEqual([bytes.status, bytes.headers['content-length'], bytes.body], [200, '1', '']);
    const stream = await ask('/stream', { method: 'HEAD' });
    assert.deepEqual(
      [stream.status, stream.headers['content-type'], stream.body],
      [206, 'video/mp4', ''],
    );
    assert.equal(streamOfHead?.destroyed, true);
    assert.equal((await ask('/missing', { method: 'HEAD' })).status, 404);
  });

  it('answers 405 with the methods that are allowed', async () => {
    const { status, headers, body } = await ask('/bytes', { method: 'DELETE' });
    assert.deepEqual([status, headers['allow']], [405, 'GET, HEAD']);
    assert.deepEqual(JSON.parse(body), { status: 'error', error: 'method not allowed' });
  });

  for (const [path, status, error] of [
    ['/missing', 404, /nothing is at '\/missing'/u],
    ['/echo/a%', 400, /malformed percent-encoding/u],
    ['/echo/../bytes', 400, /dot segment/u],
    ['/echo/%2e%2e/bytes', 400, /dot segment/u],
    ['/echo/a%00b', 400, /control character/u],
    ['/echo/a%5cb', 400, /backslash/u],
    ['/echo%2Fa', 400, /encoded slash/u],
    [`/echo/${'a'.repeat(2000)}`, 414, /2006 characters, more than 2000/u],
    ['/url', 504, /^rtsp:\/\/\*\*\*@cam\/1 did not answer$/u],
  ] as const) {
    it(`answers ${status} to '${path.slice(0, 30)}'`, async () => {
      const reply = await ask(path);
      assert.equal(reply.status, status);
      assert.match(reply.headers['content-type'] ?? '', /^application\/json/u);
      const body = JSON.parse(reply.body) as { status: string; error: string }; // a test's own answer
      assert.equal(body.status, 'error');
      assert.match(body.error, error);
    });
  }

  it('hides a bug behind the request id, logs it once, and lives on', async () => {
    for (const path of ['/bug', '/bad-header']) {
      fixture.logger.lines.length = 0;
      const { status, headers, body } = await ask(path);
      assert.equal(status, 500);
      const requestId = headers['x-request-id'];
      assert.equal(
        body,
        `{"status":"error","error":"internal error, request ${String(requestId)}"}`,
      );
      assert.equal(headers['x-name'], undefined);
      const errors = fixture.logger.lines.filter(({ level }) => level === 'error');
      assert.equal(errors.length, 1);
      assert.equal(errors[0]?.fields?.['requestId'], requestId);
      assert.match(String(errors[0]?.fields?.['stack']), /TypeError/u);
    }
    assert.equal((await ask('/bytes')).status, 200);
  });

  it('ends the connection when a stream breaks off', async () => {
    await assert.rejects(ask('/break'), { code: 'ECONNRESET' });
    assert.equal((await ask('/bytes')).status, 200);
  });

  it('lets a route have its own envelope', async () => {
    const { status, headers, body } = await ask('/own-envelope');
    assert.equal(status, 404);
    assert.deepEqual(JSON.parse(body), {
      status: 404,
      code: 'no-stream',
      requestId: headers['x-request-id'],
    });
  });

  describe('access', () => {
    it('challenges only who showed no credentials', async () => {
      const without = await ask('/protected/cam1?x=1');
      assert.equal(without.status, 401);
      assert.equal(without.headers['www-authenticate'], 'Basic realm="mediamtx"');
      assert.equal(without.body, '{"status":"error","error":"authentication error"}');
      const wrong = await ask('/protected/cam1', { headers: { authorization: 'Basic bm8=' } });
      assert.equal(wrong.status, 401);
      assert.equal(wrong.headers['www-authenticate'], undefined);
    });

    it('asks the gate what the route protects and tells the route who it is', async () => {
      asked.length = 0;
      const headers = { authorization: 'Basic b2s=' };
      const { body } = await ask('/protected/a/cam?x=1', { headers });
      assert.deepEqual(JSON.parse(body), { user: 'alice' });
      const [question] = asked;
      assert(question !== undefined);
      const { action, path, ip, query, method, urlPath } = question;
      assert.deepEqual(
        { action, path, ip, query, method, urlPath },
        {
          ...{ action: 'read', path: 'a/cam', ip: '127.0.0.1', query: 'x=1' },
          ...{ method: 'GET', urlPath: '/protected/a/cam' },
        },
      );
    });

    it("answers with the gate's own challenge when it has one", () => {
      const context = { hadCredentials: true, challenge: 'Bearer realm="r"' };
      const error = new MediaError('unauthenticated', 'authentication-failed', 'no', { context });
      const { headers } = errorReply(error, { requestId: '', path: '' });
      assert.equal(headers['WWW-Authenticate'], 'Bearer realm="r"');
    });

    it('is not asked for public routes', async () => {
      asked.length = 0;
      await ask('/bytes');
      assert.equal(asked.length, 0);
    });
  });

  describe('body', () => {
    const method = 'POST';

    it('is read as JSON', async () => {
      assert.equal((await ask('/json', { method, body: '{"a":[1]}' })).body, '{"a":[1]}');
      assert.equal((await ask('/json', { method, body: '{' })).status, 400);
      assert.equal((await ask('/json', { method, body: Uint8Array.of(0xff) })).status, 400);
      assert.equal((await ask('/json', { method })).status, 400);
    });

    it('is refused with 413 by its declared length, before access is asked', async () => {
      asked.length = 0;
      const { status, body } = await ask('/protected-small', { method, body: 'x'.repeat(11) });
      assert.equal(status, 413);
      assert.match(body, /larger than 10 bytes/u);
      assert.equal(asked.length, 0);
    });

    it('is refused with 413 by what arrives when no length is declared', async () => {
      const headers = { 'Transfer-Encoding': 'chunked' };
      assert.equal((await ask('/small', { method, headers, body: 'x'.repeat(10) })).status, 200);
      assert.equal((await ask('/small', { method, headers, body: 'x'.repeat(11) })).status, 413);
      const large = 'x'.repeat(3_000_000);
      assert.equal((await ask('/json', { method, headers, body: large })).status, 413);
    });

    it('is refused with 415 when it is compressed', async () => {
      const headers = { 'Content-Encoding': 'gzip' };
      assert.equal((await ask('/json', { method, headers, body: '{}' })).status, 415);
    });

    it('cannot be read twice', async () => {
      assert.equal((await ask('/twice', { method, body: 'x' })).status, 500);
    });

    it('is asked for with 100 Continue only when the route reads it', async () => {
      const send = (path: string, body: string): Promise<{ status: number; continued: boolean }> =>
        new Promise((resolve, reject) => {
          let continued = false;
          const headers = { Expect: '100-continue', 'Content-Length': body.length };
          const options = { host: '127.0.0.1', port: fixture.port, method, path, headers };
          const outgoing = http.request({ ...options, agent: false }, (response) => {
            response.resume();
            resolve({ status: response.statusCode ?? 0, continued });
            outgoing.destroy();
          });
          outgoing.on('error', reject).on('continue', () => {
            continued = true;
            outgoing.end(body);
          });
          outgoing.flushHeaders();
        });
      assert.deepEqual(await send('/small', 'x'), { status: 200, continued: true });
      assert.deepEqual(await send('/small', 'x'.repeat(11)), { status: 413, continued: false });
    });
  });

  describe('cross-origin', () => {
    it('answers a preflight on any URL with 204, without asking for access', async () => {
      asked.length = 0;
      const headers = { Origin: 'https://a.example', 'Access-Control-Request-Method': 'PATCH' };
      for (const path of ['/protected/x', '/missing', '/bytes']) {
        const reply = await ask(path, { method: 'OPTIONS', headers });
        assert.equal(reply.status, 204);
        const methods = reply.headers['access-control-allow-methods'];
        assert.equal(methods, 'OPTIONS, GET, POST, PATCH, DELETE');
        const allowed = reply.headers['access-control-allow-headers'];
        assert.equal(allowed, 'Authorization, Content-Type, If-Match');
        assert.equal(reply.headers['access-control-allow-origin'], '*');
      }
      assert.equal(asked.length, 0);
    });

    it('takes a plain OPTIONS as any other method', async () => {
      assert.equal((await ask('/bytes', { method: 'OPTIONS' })).status, 405);
    });
  });

  it('refuses what is no HTTP, ambiguous or has too many headers, in JSON', async () => {
    const garbage = await rawExchange(fixture.port, 'RTSP/1.0 hello\r\n\r\n');
    assert.match(garbage, /^HTTP\/1\.1 400 Bad Request\r\n.*not valid HTTP/su);
    const overflow = `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(16_500)}\r\n\r\n`;
    assert.match(await rawExchange(fixture.port, overflow), /^HTTP\/1\.1 431 .*16384 bytes/su);
    const smuggled =
      'POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    assert.match(await rawExchange(fixture.port, smuggled), /^HTTP\/1\.1 400 /u);
  });
});

describe('HttpListener with a list of origins and a trusted proxy', () => {
  const options: FixtureOptions = {
    routes: [post('/do', ({ ip, isSecure, requestId }) => jsonReply({ ip, isSecure, requestId }))],
    cors: { allowOrigins: ['https://*.good.example'], allowMethods: 'POST', allowHeaders: 'X-A' },
    trustedProxies: [{ text: '127.0.0.0/8' }],
    errorEnvelope: ({ text }) => ({ failure: text }),
  };

  it('marks allowed origins, refuses changes from others, uses its envelope', async () => {
    await using fixture = await startListener(options);
    const send = (origin: string): ReturnType<typeof httpRequest> =>
      httpRequest({ port: fixture.port, method: 'POST', path: '/do', headers: { origin } });
    const good = await send('https://a.good.example');
    assert.equal(good.status, 200);
    assert.equal(good.headers['access-control-allow-origin'], 'https://a.good.example');
    assert.equal(good.headers['access-control-allow-credentials'], 'true');
    const evil = await send('https://evil.example');
    assert.equal(evil.status, 403);
    assert.equal(evil.headers['access-control-allow-origin'], undefined);
    assert.match(evil.body, /^\{"failure":"origin 'https:\/\/evil\.example' is not/u);
    assert.equal((await send(`http://127.0.0.1:${fixture.port}`)).status, 200);
  });

  it('believes the proxy about address, TLS and request id', async () => {
    await using fixture = await startListener(options);
    const headers = {
      'X-Forwarded-For': '6.6.6.6, 192.0.2.9, 127.0.0.2',
      'X-Forwarded-Proto': 'https',
      'X-Request-Id': 'from-proxy.1',
    };
    const reply = await httpRequest({ port: fixture.port, method: 'POST', path: '/do', headers });
    assert.deepEqual(JSON.parse(reply.body), {
      ip: '192.0.2.9',
      isSecure: true,
      requestId: 'from-proxy.1',
    });
  });
});
