// Outgoing requests: pinned addresses, no redirects, everything bounded.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { MediaError } from '../../../core/base/media-error.ts';
import { AddressPolicy } from '../../../core/http/address-policy.ts';
import type { HostResolver } from '../../../core/http/pin-destination.ts';
import {
  PinnedHttpClient,
  type PinnedHttpClientOptions,
} from '../../../core/http/pinned-http-client.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { rawReply, startScriptedServer } from '../../support/scripted-server.ts';

function clientOf(
  options: Partial<PinnedHttpClientOptions> = {},
  resolver: HostResolver = () => Promise.resolve(['127.0.0.1']),
): { readonly client: PinnedHttpClient; readonly clock: FakeClock } {
  const clock = new FakeClock();
  const policy = new AddressPolicy({ allow: ['127.0.0.1'] });
  return { clock, client: new PinnedHttpClient({ clock, policy, resolver }, options) };
}

const ok = (socket: Socket): void => void socket.end(rawReply('hello'));

describe('PinnedHttpClient.request()', () => {
  it('sends method, headers and body, and reads the answer', async () => {
    await using server = await startScriptedServer(ok);
    const { client, clock } = clientOf();
    const reply = await client.request({
      ...{ url: `http://cam.test:${server.port}/a%20b?c=d`, method: 'POST', body: 'ü' },
      headers: { 'X-Test': '1' },
    });
    assert.deepEqual([reply.status, reply.body.toString()], [200, 'hello']);
    const [request = ''] = server.received;
    assert.match(request, /^POST \/a%20b\?c=d HTTP\/1\.1\r\n/u);
    assert.match(request, /^X-Test: 1\r$/mu);
    assert.match(request, /^Content-Length: 2\r$/mu);
    assert.match(request, new RegExp(`^Host: cam\\.test:${server.port}\\r$`, 'mu'));
    assert.match(request, /^Connection: close\r$/mu);
    assert.equal(clock.pendingTimers, 0);
  });

  it('resolves once, and connects only to what it checked', async () => {
    await using server = await startScriptedServer(ok);
    let calls = 0;
    // The second question would be answered with the address of the attack.
    const rebinding: HostResolver = () =>
      Promise.resolve([['127.0.0.1'], ['127.0.0.2']][calls++] ?? []);
    const { client } = clientOf({}, rebinding);
    await client.request({ url: `http://rebind.test:${server.port}/` });
    assert.equal(calls, 1);
    assert.equal(server.received.length, 1);
    const denied = { code: 'address-denied' };
    await assert.rejects(client.request({ url: `http://rebind.test:${server.port}/` }), denied);
    const mixed = clientOf({}, () => Promise.resolve(['127.0.0.1', '169.254.169.254'])).client;
    await assert.rejects(mixed.request({ url: `http://x.test:${server.port}/` }), denied);
    assert.equal(server.received.length, 1);
  });

  it('refuses URLs that mean a denied address in other words', async () => {
    await using server = await startScriptedServer(ok);
    const clock = new FakeClock();
    const client = new PinnedHttpClient({ clock, policy: new AddressPolicy() });
    const { port } = server;
    const hosts = [
      ...[
        '127.0.0.1',
        'localhost',
        '2130706433',
        '0x7f000001',
        '0177.0.0.1',
        '127.1',
        '0',
        '[::1]',
      ],
      ...[
        '[::ffff:127.0.0.1]',
        '[::ffff:7f00:1]',
        '[::]',
        '127.0.0.1.',
        '①②⑦.0.0.1',
        '%31%32%37.0.0.1',
      ],
    ];
    for (const host of hosts) {
      const url = `http://${host}:${port}/`;
      await assert.rejects(client.request({ url }), { kind: 'permission-denied' }, host);
    }
    const urls = [
      ...[
        `http://127.0.0.1:${port}@8.8.8.8/`,
        `http://u:p@127.0.0.1:${port}/`,
        'file:///etc/passwd',
      ],
      ...[
        'gopher://127.0.0.1/',
        'unix:/run/x',
        'data:,x',
        'http://',
        '',
        '//127.0.0.1/',
        'http://[::1',
      ],
    ];
    for (const url of urls) {
      await assert.rejects(client.request({ url }), { code: 'outgoing-url-invalid' }, url);
    }
    assert.equal(server.received.length, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  it('does not follow redirects', async () => {
    await using canary = await startScriptedServer(ok);
    await using server = await startScriptedServer((socket) => {
      const location = `Location: http://127.0.0.1:${canary.port}/latest/meta-data/`;
      socket.end(rawReply('', `HTTP/1.1 302 Found\r\n${location}`));
    });
    const { client } = clientOf();
    const url = `http://127.0.0.1:${server.port}/`;
    await assert.rejects(client.request({ url }), { code: 'redirect-refused' });
    assert.equal(canary.received.length, 0);
  });

  it('gives up on who never answers, and on who drips', async () => {
    const arrived = Promise.withResolvers<Socket>();
    await using server = await startScriptedServer((socket) => arrived.resolve(socket));
    const { client, clock } = clientOf({ timeoutMs: 1500 });
    const request = client.request({ url: `http://127.0.0.1:${server.port}/` });
    const socket = await arrived.promise;
    socket.write('HTTP/1.1 200 OK\r\n');
    clock.advance(1000);
    socket.write('Content-Length: 100\r\n\r\nx');
    clock.advance(500);
    await assert.rejects(request, { code: 'outgoing-timeout' });
    assert.equal(clock.pendingTimers, 0);
  });

  it('bounds body and headers', async () => {
    await using large = await startScriptedServer((socket) => socket.end(rawReply('x'.repeat(11))));
    await using heads = await startScriptedServer((socket) => {
      socket.end(rawReply('', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`));
    });
    const { client, clock } = clientOf({ maxResponseBytes: 10 });
    const at = (port: number): string => `http://127.0.0.1:${port}/`;
    await assert.rejects(client.request({ url: at(large.port) }), { code: 'response-too-large' });
    await assert.rejects(client.request({ url: at(heads.port) }), { code: 'outgoing-failed' });
    assert.equal(clock.pendingTimers, 0);
  });

  it('names what failed without the URL', async () => {
    const { client } = clientOf({}, () => Promise.reject(new TypeError('no such host')));
    await using server = await startScriptedServer((socket) => socket.destroy());
    const url = `http://127.0.0.1:${server.port}/?password=hunter2`;
    await assert.rejects(client.request({ url }), {
      code: 'outgoing-failed',
      message: `request failed: ECONNRESET; 127.0.0.1:${server.port}`,
    });
    await assert.rejects(client.request({ url: 'http://gone.test/' }), { code: 'host-not-found' });
  });

  it('refuses an answer that changes the protocol', async () => {
    await using server = await startScriptedServer((socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
    });
    const { client } = clientOf();
    const url = `http://127.0.0.1:${server.port}/`;
    await assert.rejects(client.request({ url }), { code: 'outgoing-failed' });
  });

  it('stops with the reason of the signal, also while it resolves', async () => {
    const { client, clock } = clientOf({}, () => Promise.withResolvers<string[]>().promise);
    const abort = new AbortController();
    const request = client.request({ url: 'http://slow.test/', signal: abort.signal });
    abort.abort(new MediaError('canceled', 'client-left', 'left'));
    await assert.rejects(request, { code: 'client-left' });
    const late = client.request({ url: 'http://slow.test/', signal: abort.signal });
    await assert.rejects(late, { code: 'client-left' });
    assert.equal(clock.pendingTimers, 0);
  });

  it('sends the credentials of a URL only when told so', async () => {
    await using server = await startScriptedServer(ok);
    const { client } = clientOf({ sendsUrlCredentials: true });
    await client.request({ url: `http://u%40:p@127.0.0.1:${server.port}/` });
    const basic = Buffer.from('u@:p').toString('base64');
    assert.ok(server.received[0]?.includes(`Authorization: Basic ${basic}\r\n`));
  });
});

describe('PinnedHttpClient.open()', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

  it('gives the headers at once and lets the body flow', async () => {
    const arrived = Promise.withResolvers<Socket>();
    await using server = await startScriptedServer((socket) => {
      socket.write(HEAD);
      arrived.resolve(socket);
    });
    const { client, clock } = clientOf({ timeoutMs: 1000, idleMs: 5000 });
    const { status, body } = await client.open({ url: `http://127.0.0.1:${server.port}/` });
    assert.equal(status, 200);
    clock.advance(2000);
    (await arrived.promise).end('3\r\nabc\r\n0\r\n\r\n');
    const chunks = await body.toArray();
    assert.equal(Buffer.concat(chunks).toString(), 'abc');
    if (!body.closed) await once(body, 'close');
    assert.equal(clock.pendingTimers, 0);
  });

  it('ends a body that pauses or lasts too long, with the connection', async () => {
    const closed: Promise<unknown>[] = [];
    await using server = await startScriptedServer((socket) => {
      closed.push(once(socket, 'close'));
      socket.write(`${HEAD}1\r\na\r\n`);
    });
    for (const limits of [{ idleMs: 1000 }, { idleMs: 100_000, bodyMs: 1000 }]) {
      const { client, clock } = clientOf(limits);
      const { body } = await client.open({ url: `http://127.0.0.1:${server.port}/` });
      const failed = Promise.withResolvers<Error>();
      body.once('error', failed.resolve);
      body.resume();
      await once(body, 'data');
      clock.advance(1500);
      const failure = await failed.promise;
      assert.ok(failure instanceof MediaError && failure.code === 'outgoing-timeout');
      assert.equal(clock.pendingTimers, 0);
    }
    await Promise.all(closed);
  });

  it('closes the connection when the reader leaves', async () => {
    const closed = Promise.withResolvers<undefined>();
    await using server = await startScriptedServer((socket) => {
      socket.once('close', () => closed.resolve(undefined));
      socket.write(HEAD);
    });
    const { client, clock } = clientOf();
    const { body } = await client.open({ url: `http://127.0.0.1:${server.port}/` });
    body.destroy();
    await closed.promise;
    assert.equal(clock.pendingTimers, 0);
  });
});
