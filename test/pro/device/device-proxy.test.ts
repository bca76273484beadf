// The device proxy behind a real listener: what reaches a device, what comes back, and what attacks reach.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { systemClock } from '../../../core/base/clock.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import { HttpListener } from '../../../core/http/http-listener.ts';
import type { Route } from '../../../core/http/route.ts';
import { Router } from '../../../core/http/router.ts';
import {
  DeviceProxy,
  maxDeviceBodyBytes,
  type DeviceProxyOptions,
} from '../../../pro/device/device-proxy.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { httpRequest, rawExchange, type TestReply } from '../../support/http-client.ts';
import { rawReply, startScriptedServer } from '../../support/scripted-server.ts';

interface ProxyFixture extends AsyncDisposable {
  readonly port: number;
  readonly clock: FakeClock;
  readonly resolved: string[];
  allow(allowedDevices: readonly string[]): void;
  get(pathAndQuery: string, headers?: Readonly<Record<string, string>>): Promise<TestReply>;
}

interface FixtureOptions extends Partial<DeviceProxyOptions> {
  readonly devices?: Readonly<Record<string, string>>;
  /** Addresses that names resolve to, one list per question. */
  readonly answers?: readonly (readonly string[])[];
}

async function startProxy(options: FixtureOptions = {}): Promise<ProxyFixture> {
  const { devices = {}, answers = [], ...rest } = options;
  const clock = new FakeClock();
  const resolved: string[] = [];
  const proxy = new DeviceProxy(
    {
      ...{ clock, logger: silentLogger },
      devices: { addressOf: (name) => devices[name], addresses: () => Object.values(devices) },
      resolver: (host) => Promise.resolve(answers[resolved.push(host) - 1] ?? []),
    },
    { allowedDevices: ['127.0.0.1'], ...rest },
  );
  const route: Route = {
    ...{ methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], pattern: '/proxy/*path' },
    access: { type: 'public', reason: 'test' },
    maxBodyBytes: maxDeviceBodyBytes,
    action: (request) => proxy.forward(request.parameter('path'), request),
    errorEnvelope: ({ text }) => ({ success: false, error: text }),
  };
  const listener = new HttpListener(
    {
      ...{ router: new Router([route]), clock: systemClock, logger: silentLogger },
      access: () => Promise.resolve({ user: '' }),
    },
    {
      address: { host: '127.0.0.1', port: 0 },
      addressKey: 'apiAddress',
      cors: { allowOrigins: ['*'] },
    },
  );
  await listener.start();
  const { port } = listener.address;
  return {
    ...{ port, clock, resolved },
    allow: (allowedDevices) => proxy.allow(allowedDevices),
    get: (path, headers = {}) => httpRequest({ port, path, headers }),
    [Symbol.asyncDispose]: () => listener.close(),
  };
}

const ok = (socket: Socket): void => void socket.end(rawReply('hello'));
const errorOf = ({ body }: TestReply): unknown => {
  const value: unknown = JSON.parse(body);
  return typeof value === 'object' && value !== null && 'error' in value ? value.error : undefined;
};

describe('DeviceProxy', () => {
  it('sends method, path, query and body to /iw, and streams the answer', async () => {
    await using device = await startScriptedServer(ok);
    await using proxy = await startProxy();
    const reply = await httpRequest({
      ...{ port: proxy.port, method: 'POST', body: '{"a":1}' },
      path: `/proxy/api/set%20x?b=1%2B1&deviceAddr=127.0.0.1:${device.port}&name=eth0&access_token=s3cret`,
      headers: { 'Content-Type': 'application/json', 'X-Custom': 'yes' },
    });
    assert.deepEqual([reply.status, reply.body], [200, 'hello']);
    const [request = ''] = device.received;
    assert.match(request, /^POST \/iw\/api\/set%20x\?b=1%2B1&name=eth0 HTTP\/1\.1\r\n/u);
    assert.match(request, /^x-custom: yes\r$/mu);
    assert.match(request, /^content-type: application\/json\r$/imu);
    assert.ok(request.endsWith('\r\n\r\n{"a":1}'));
  });

  it('picks the device by path name', async () => {
    await using device = await startScriptedServer(ok);
    const devices = { 'ward/1': `127.0.0.1:${device.port}`, plain: '' };
    await using proxy = await startProxy({ devices });
    assert.equal((await proxy.get('/proxy/a?name=ward/1&x=1')).body, 'hello');
    assert.match(device.received[0] ?? '', /^GET \/iw\/a\?x=1 HTTP/u);
    const unknown = await proxy.get('/proxy/a?name=nobody');
    assert.deepEqual([unknown.status, errorOf(unknown)], [404, 'path not found']);
    for (const query of ['', '?name=', '?name=plain', '?deviceAddr=']) {
      const reply = await proxy.get(`/proxy/a${query}`);
      assert.deepEqual([reply.status, errorOf(reply)], [400, 'deviceAddr parameter required']);
    }
  });

  it('reaches what the newest list allows, as a proxy does that begins with it', async () => {
    await using device = await startScriptedServer(ok);
    const devices = { box: `127.0.0.1:${device.port}` };
    await using proxy = await startProxy({ devices, allowedDevices: [] });
    assert.equal((await proxy.get('/proxy/a?name=box')).status, 403);
    proxy.allow(['127.0.0.1']);
    assert.equal((await proxy.get('/proxy/a?name=box')).body, 'hello');
    assert.throws(() => proxy.allow(['a b']), { code: 'invalid-allow-entry' });
    assert.equal((await proxy.get('/proxy/a?name=box')).status, 200);
    proxy.allow(['10.0.0.0/8']);
    assert.equal((await proxy.get('/proxy/a?name=box')).status, 403);
  });

  it('keeps secrets and connection headers to itself', async () => {
    await using device = await startScriptedServer(ok);
    await using proxy = await startProxy();
    await proxy.get(
      `/proxy/a?deviceAddr=127.0.0.1:${device.port}&access%5Ftoken=s3cret&jwt=s3cret`,
      {
        Authorization: 'Bearer s3cret',
        Cookie: 'session=s3cret',
        Referer: 'http://ui/?access_token=s3cret',
        Origin: 'http://ui',
        Connection: 'close, X-Hop',
        'X-Hop': 's3cret',
        'X-Forwarded-For': '1.2.3.4',
        'Proxy-Authorization': 's3cret',
        'X-Device-Authorization': 'Basic ZGV2aWNl',
      },
    );
    const [request = ''] = device.received;
    assert.doesNotMatch(request, /s3cret|cookie|referer|origin|forwarded|x-hop|x-device/iu);
    assert.match(request, /^authorization: Basic ZGV2aWNl\r$/imu);
    assert.match(request, /^GET \/iw\/a HTTP/u);
  });

  it('lets no page of a device act on our origin', async () => {
    await using device = await startScriptedServer((socket) => {
      const evil = [
        ...['HTTP/1.1 200 OK', 'Content-Type: text/html', 'Set-Cookie: session=x', 'ETag: "1"'],
        ...['Access-Control-Allow-Origin: https://evil.example', 'Location: http://evil.example'],
        ...['WWW-Authenticate: Basic realm=x', 'Content-Security-Policy: default-src *'],
        ...['Service-Worker-Allowed: /', 'Clear-Site-Data: "*"', 'Refresh: 0; url=//evil.example'],
      ];
      socket.end(rawReply('<script>', evil.join('\r\n')));
    });
    await using proxy = await startProxy();
    const { headers, status } = await proxy.get(`/proxy/a?deviceAddr=127.0.0.1:${device.port}`);
    assert.equal(status, 200);
    assert.equal(headers.etag, '"1"');
    assert.equal(headers['cache-control'], 'no-store');
    assert.match(String(headers['content-security-policy']), /^sandbox; default-src 'none'/u);
    const dropped = ['set-cookie', 'location', 'www-authenticate', 'service-worker-allowed'];
    for (const name of [...dropped, 'clear-site-data', 'refresh']) {
      assert.equal(headers[name], undefined, name);
    }
    assert.equal(headers['access-control-allow-origin'], '*', 'that of the listener');
  });

  it('passes the answers of a device that are errors, and those without body', async () => {
    await using device = await startScriptedServer((socket, request) => {
      const status = / \/iw\/(\d+) /u.exec(request)?.[1] ?? '';
      const hasBody = status !== '204' && !request.startsWith('HEAD');
      socket.end(rawReply(hasBody ? 'x' : '', `HTTP/1.1 ${status} Status`));
    });
    await using proxy = await startProxy();
    const query = `?deviceAddr=127.0.0.1:${device.port}`;
    for (const status of [204, 404, 500, 599]) {
      assert.equal((await proxy.get(`/proxy/${status}${query}`)).status, status);
    }
    const head = { port: proxy.port, method: 'HEAD', path: `/proxy/200${query}` };
    assert.equal((await httpRequest(head)).status, 200);
    assert.match(device.received.at(-1) ?? '', /^HEAD /u);
  });
});

describe('DeviceProxy under attack', () => {
  it('reaches no address that is not a device', async () => {
    await using canary = await startScriptedServer(ok);
    const answers = Array.from({ length: 100 }, () => ['127.0.0.1']);
    const devices = { cam: '10.0.0.7', cam6: '[fd12::7]:8080' };
    await using proxy = await startProxy({ allowedDevices: [], devices, answers });
    const { port } = canary;
    const hosts = [
      ...['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '0177.0.0.1', '127.1', '0', '0.0.0.0'],
      ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '10.0.0.8'],
      ...[
        '[64:ff9b::7f00:1]',
        '169.254.169.254',
        'metadata.google.internal',
        '127.0.0.1.',
        '8.8.8.8',
      ],
      ...['[fd12::8]', '10.0.0.7.evil.example'],
    ];
    for (const host of hosts) {
      const reply = await proxy.get(`/proxy/a?deviceAddr=${encodeURIComponent(`${host}:${port}`)}`);
      assert.equal(reply.status, 403, `${host} ${reply.body}`);
    }
    assert.deepEqual(proxy.resolved, [], 'no name is asked for');
    const malformed = [
      ...[
        `10.0.0.7@127.0.0.1:${port}`,
        `127.0.0.1:${port}/x`,
        `127.0.0.1:${port}#`,
        `127.0.0.1\\@x`,
      ],
      ...['http://127.0.0.1', '//127.0.0.1', ':80', '127.0.0.1:', '127.0.0.1:0', '127.0.0.1:65536'],
      ...[
        '127.0.0.1 x',
        '127.0.0.1\r\nX: y',
        '%31',
        '[::1',
        '[fe80::1%25eth0]',
        '①',
        'x'.repeat(300),
      ],
      ...['127.0.0.1:80:80', '127.0.0.1:8e1', '256.256.256.256', '[1:2]'],
    ];
    for (const text of malformed) {
      const reply = await proxy.get(`/proxy/a?deviceAddr=${encodeURIComponent(text)}`);
      assert.equal(reply.status, 400, `${text} ${reply.body}`);
    }
    const twice = await proxy.get(`/proxy/a?deviceAddr=10.0.0.7&deviceAddr=127.0.0.1:${port}`);
    assert.equal(twice.status, 400);
    assert.equal(canary.received.length, 0);
  });

  it('connects where it checked, whatever the name points to next', async () => {
    await using device = await startScriptedServer(ok);
    const devices = { cam: `cam.test:${device.port}` };
    const answers = [['127.0.0.1'], ['169.254.169.254'], ['127.0.0.1', '10.0.0.1', '::1']];
    await using proxy = await startProxy({ devices, answers });
    const ask = (): Promise<TestReply> => proxy.get(`/proxy/a?deviceAddr=CAM.test:${device.port}`);
    assert.equal((await ask()).status, 200);
    assert.equal((await ask()).status, 403);
    assert.equal((await ask()).status, 403);
    assert.equal(device.received.length, 1);
    assert.equal(proxy.resolved.length, 3);
  });

  it('does not reach a listener of this server', async () => {
    await using own = await startScriptedServer(ok);
    await using proxy = await startProxy({ ownPorts: () => [own.port] });
    assert.equal((await proxy.get(`/proxy/a?deviceAddr=127.0.0.1:${own.port}`)).status, 403);
    assert.equal(own.received.length, 0);
  });

  it('stays below /iw', async () => {
    await using device = await startScriptedServer(ok);
    await using proxy = await startProxy();
    const query = `?deviceAddr=127.0.0.1:${device.port}`;
    const out = ['../x', 'a/../../x', '%2e%2e/x', '..%2fx', '%2e./x', './x', 'a//b', '%5c..%5cx'];
    for (const path of [...out, 'a%0d%0aX:%20y', 'a%00', '.%2e', '%2F%2Fx', 'a%2f%2e%2e%2fb']) {
      const answer = await rawExchange(
        proxy.port,
        `GET /proxy/${path}${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      assert.match(answer, /^HTTP\/1\.1 40[04] /u, path);
    }
    assert.equal(device.received.length, 0);
    await proxy.get(`/proxy/%252e%252e/x;..%3F%23${query}`);
    assert.match(device.received[0] ?? '', /^GET \/iw\/%252e%252e\/x%3B\.\.%3F%23 HTTP/u);
    const absolute = `GET http://evil.example/proxy/a${query} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`;
    await rawExchange(proxy.port, absolute);
    assert.match(device.received[1] ?? '', /^GET \/iw\/a HTTP/u);
    assert.doesNotMatch(device.received[1] ?? '', /evil/u);
  });

  it('follows no redirect and changes no protocol', async () => {
    await using canary = await startScriptedServer(ok);
    await using device = await startScriptedServer((socket) => {
      const location = `Location: http://127.0.0.1:${canary.port}/`;
      socket.end(rawReply('', `HTTP/1.1 307 Temporary Redirect\r\n${location}`));
    });
    await using proxy = await startProxy();
    const path = `/proxy/a?deviceAddr=127.0.0.1:${device.port}`;
    const reply = await proxy.get(path);
    assert.deepEqual([reply.status, errorOf(reply)], [502, 'failed to proxy request to device']);
    assert.equal(canary.received.length, 0);
    const upgrade = await proxy.get(path, { Connection: 'Upgrade', Upgrade: 'websocket' });
    assert.equal(upgrade.status, 415);
    assert.equal(device.received.length, 1);
  });

  it('answers for devices that are gone, wrong or silent', async () => {
    await using proxy = await startProxy();
    const refused = await startScriptedServer(ok);
    await refused[Symbol.asyncDispose]();
    await using wrong = await startScriptedServer((socket) => socket.end('SSH-2.0-dropbear\r\n'));
    for (const { port } of [refused, wrong]) {
      const reply = await proxy.get(`/proxy/a?deviceAddr=127.0.0.1:${port}`);
      assert.deepEqual([reply.status, errorOf(reply)], [502, 'failed to proxy request to device']);
    }
    const arrived = Promise.withResolvers<undefined>();
    await using silent = await startScriptedServer(() => arrived.resolve(undefined));
    const waiting = proxy.get(`/proxy/a?deviceAddr=127.0.0.1:${silent.port}`);
    await arrived.promise;
    proxy.clock.advance(10_000);
    const reply = await waiting;
    assert.deepEqual([reply.status, errorOf(reply)], [504, 'failed to proxy request to device']);
  });

  it('limits requests at a time, and frees the place when the client leaves', async () => {
    const device = Promise.withResolvers<Socket>();
    await using server = await startScriptedServer((socket, request) => {
      if (request.includes('/iw/b')) ok(socket);
      else {
        socket.write('HTTP/1.1 200 OK\r\n\r\nx');
        device.resolve(socket);
      }
    });
    await using proxy = await startProxy({ maxRequests: 1 });
    const query = `?deviceAddr=127.0.0.1:${server.port}`;
    const abort = new AbortController();
    const url = `http://127.0.0.1:${proxy.port}/proxy/a${query}`;
    const flowing = await fetch(url, { signal: abort.signal });
    assert.equal(flowing.status, 200);
    assert.equal((await proxy.get(`/proxy/b${query}`)).status, 503);
    const socket = await device.promise;
    const closed = once(socket, 'close');
    abort.abort();
    await closed;
    assert.equal((await proxy.get(`/proxy/b${query}`)).status, 200);
    assert.equal(proxy.clock.pendingTimers, 0);
  });

  it('breaks an answer off that is larger than allowed', async () => {
    await using device = await startScriptedServer((socket) => {
      socket.end(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(100_000)}`);
    });
    await using proxy = await startProxy({ maxReplyBytes: 50_000 });
    await assert.rejects(proxy.get(`/proxy/a?deviceAddr=127.0.0.1:${device.port}`));
  });
});
