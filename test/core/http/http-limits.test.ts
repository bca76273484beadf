// Slow, many and rude clients; and the end of a listener.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { MediaError } from '../../../core/base/media-error.ts';
import type { Route } from '../../../core/http/route.ts';
import { httpRequest, rawExchange } from '../../support/http-client.ts';
import { open, startListener } from './listener-fixture.ts';

const ok: Route = {
  methods: ['GET', 'POST'],
  pattern: '/ok',
  access: open,
  action: async (request) => ({ status: 200, body: await request.readText() }),
};
const TIMEOUT_MS = 60;

async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  return socket;
}

/** A route whose requests wait until told; `arrived` resolves with the next one. */
function gatedRoute(): { route: Route; release: () => void; arrived: Promise<AbortSignal> } {
  const gate = Promise.withResolvers<undefined>();
  const arrival = Promise.withResolvers<AbortSignal>();
  const route: Route = {
    methods: ['GET'],
    pattern: '/slow',
    access: open,
    action: async ({ signal }) => {
      arrival.resolve(signal);
      await gate.promise;
      return { status: 200, body: 'late' };
    },
  };
  return { route, release: () => gate.resolve(undefined), arrived: arrival.promise };
}

describe('HttpListener against slow clients', () => {
  const limits = { headersTimeoutMs: TIMEOUT_MS, requestTimeoutMs: TIMEOUT_MS };

  for (const [name, bytes] of [
    ['sends nothing', ''],
    ['never ends its headers', 'GET /ok HTTP/1.1\r\nHost: a\r\nX-Drip: 1\r\n'],
    ['never ends its body', 'POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc'],
  ] as const) {
    it(`answers 408 to one that ${name}`, async () => {
      await using fixture = await startListener({ routes: [ok], limits });
      const answer = await rawExchange(fixture.port, bytes);
      assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n.*took too long"\}$/su);
    });
  }

  it('closes a connection that idles between requests', async () => {
    const idle = { keepAliveTimeoutMs: TIMEOUT_MS };
    await using fixture = await startListener({ routes: [ok], limits: idle });
    const request = 'GET /ok HTTP/1.1\r\nHost: a\r\n\r\n';
    assert.match(await rawExchange(fixture.port, request), /^HTTP\/1\.1 200 OK/u);
  });

  it('drops one that takes no byte of its answer', async () => {
    const body = Buffer.alloc(16_000_000);
    const large: Route = { ...ok, methods: ['GET'], action: () => ({ status: 200, body }) };
    const slow = { writeTimeoutMs: TIMEOUT_MS };
    await using fixture = await startListener({ routes: [large], limits: slow });
    const socket = connect({ host: '127.0.0.1', port: fixture.port });
    socket.on('error', () => undefined).pause();
    socket.write('GET /ok HTTP/1.1\r\nHost: a\r\n\r\n');
    await waitUntil(() => fixture.listener.stats.openConnections === 1);
    await waitUntil(() => fixture.listener.stats.openConnections === 0);
    socket.destroy();
  });

  it('stops reading a refused body after a moment, having answered', async () => {
    await using fixture = await startListener({
      routes: [{ ...ok, maxBodyBytes: 10 }],
      limits: { lingerMs: TIMEOUT_MS },
    });
    const head = 'POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n';
    const answer = await rawExchange(fixture.port, `${head}${'x'.repeat(1000)}`);
    assert.match(answer, /^HTTP\/1\.1 413 Payload Too Large\r\n.*larger than 10 bytes/su);
  });

  it('tells the route when the client leaves', async () => {
    const { route, release, arrived } = gatedRoute();
    await using fixture = await startListener({ routes: [route] });
    const socket = await openSocket(fixture.port);
    socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    const signal = await arrived;
    socket.destroy();
    if (!signal.aborted) await once(signal, 'abort');
    assert(signal.reason instanceof MediaError && signal.reason.code === 'client-left');
    release();
  });

  it('does not wait for the body of a client that has left', async () => {
    const failed = Promise.withResolvers<unknown>();
    const route: Route = {
      ...ok,
      action: async (request) => {
        await request.readBody().catch(failed.resolve);
        return { status: 200 };
      },
    };
    await using fixture = await startListener({ routes: [route] });
    const socket = await openSocket(fixture.port);
    socket.write('POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab', () => socket.end());
    const failure = await failed.promise;
    assert(failure instanceof MediaError && failure.code === 'request-aborted');
  });
});

describe('HttpListener against many connections', () => {
  for (const [name, limits] of [
    ['from one address', { maxConnectionsPerIp: 2 }],
    ['in all', { maxConnections: 2 }],
  ] as const) {
    it(`refuses too many ${name} and takes new ones when others end`, async () => {
      await using fixture = await startListener({ routes: [ok], limits });
      const first = await openSocket(fixture.port);
      const second = await openSocket(fixture.port);
      const third = await openSocket(fixture.port);
      if (!third.closed) await once(third, 'close');
      assert.deepEqual(fixture.listener.stats, { openConnections: 2, refusedConnections: 1 });
      first.destroy();
      await waitUntil(() => fixture.listener.stats.openConnections === 1);
      assert.equal((await httpRequest({ port: fixture.port, path: '/ok' })).status, 200);
      second.destroy();
    });
  }

  it('exempts trusted proxies from the limit per address', async () => {
    const limits = { maxConnectionsPerIp: 1 };
    const trustedProxies = ['127.0.0.1'];
    await using fixture = await startListener({ routes: [ok], limits, trustedProxies });
    const first = await openSocket(fixture.port);
    assert.equal((await httpRequest({ port: fixture.port, path: '/ok' })).status, 200);
    first.destroy();
  });
});

describe('HttpListener.close()', () => {
  it('closes idle connections at once and lets running requests finish', async () => {
    const { route, release, arrived } = gatedRoute();
    const fixture = await startListener({ routes: [route], limits: { closeGraceMs: 60_000 } });
    const agent = new http.Agent({ keepAlive: true });
    const idle = await openSocket(fixture.port);
    const reply = new Promise<http.IncomingMessage>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: fixture.port, path: '/slow', agent };
      http.get(options, resolve).on('error', reject);
    });
    await arrived;
    const closed = fixture.listener.close();
    if (!idle.closed) await once(idle, 'close');
    release();
    const response = (await reply).resume();
    assert.equal(response.statusCode, 200);
    await closed;
    await fixture.listener.close();
    agent.destroy();
    await assert.rejects(httpRequest({ port: fixture.port }), { code: 'ECONNREFUSED' });
  });

  it('aborts what still runs after the grace period', async () => {
    const { route, release, arrived } = gatedRoute();
    const fixture = await startListener({ routes: [route], limits: { closeGraceMs: 20 } });
    const reply = assert.rejects(httpRequest({ port: fixture.port, path: '/slow' }));
    const signal = await arrived;
    await fixture.listener.close();
    assert(signal.reason instanceof MediaError && signal.reason.code === 'listener-closing');
    await reply;
    release();
  });
});

describe('HttpListener.start()', () => {
  it('says which key names an address that is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const bound = other.address();
    assert(bound !== null && typeof bound === 'object');
    const address = { host: '127.0.0.1', port: bound.port };
    await assert.rejects(startListener({ routes: [], address, addressKey: 'apiAddress' }), {
      code: 'address-in-use',
      message: `apiAddress '127.0.0.1:${bound.port}' is in use already`,
    });
    other.close();
  });

  it('says which key names an address that does not exist here', async () => {
    const address = { host: '192.0.2.1', port: 0 };
    await assert.rejects(startListener({ routes: [], address, addressKey: 'apiAddress' }), {
      code: 'listen-failed',
      message: /^apiAddress '192\.0\.2\.1:0' cannot be listened on \(EADDRNOTAVAIL\)$/u,
    });
  });

  it('listens on IPv4 and IPv6 when no host is given', async () => {
    await using fixture = await startListener({ routes: [ok], address: { host: '', port: 0 } });
    const reply = await httpRequest({ port: fixture.port, path: '/ok' });
    assert.equal(reply.status, 200);
    assert.equal(fixture.listener.address.host, '');
  });

  it('refuses a malformed trusted proxy, naming the key', async () => {
    const trustedProxies = ['proxy.example'];
    await assert.rejects(startListener({ routes: [], trustedProxies, addressKey: 'apiAddress' }), {
      message: "invalid IP or CIDR 'proxy.example'; apiTrustedProxies",
    });
  });
});

/** Gives the event loop turns, a thousand at most and 5 ms each, until `condition` holds. */
async function waitUntil(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !condition(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert(condition(), 'condition did not come true');
}
