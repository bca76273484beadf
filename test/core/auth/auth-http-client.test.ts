// Tests of the client that asks authentication services, against real ones on 127.0.0.1.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { AuthHttpClient, type AuthHttpClientOptions } from '../../../core/auth/auth-http-client.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { AuthService, type ServiceAnswer } from '../../support/auth-service.ts';
import { makeSelfSignedPair } from '../../support/self-signed-pair.ts';

interface Rig extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly service: AuthService;
  readonly client: AuthHttpClient;
}

async function setUp(
  answer: ServiceAnswer | (() => Promise<ServiceAnswer>) = { status: 200 },
  changes: Partial<AuthHttpClientOptions> & { readonly isTls?: boolean } = {},
): Promise<Rig> {
  const { isTls, ...options } = changes;
  const respond = typeof answer === 'function' ? answer : (): ServiceAnswer => answer;
  const service = await AuthService.start(respond, isTls ? pair : undefined);
  const clock = new FakeClock();
  const client = new AuthHttpClient(clock, {
    ...{ url: service.url, fingerprint: '', timeoutMs: 5000 },
    ...{ maxResponseBytes: 1000, maxSockets: 10, ...options },
  });
  return {
    ...{ clock, service, client },
    [Symbol.asyncDispose]: async () => {
      client.close();
      await service[Symbol.asyncDispose]();
    },
  };
}

const pair = makeSelfSignedPair();
const fingerprint = new X509Certificate(pair.cert).fingerprint256;

function never(): Promise<ServiceAnswer> {
  return new Promise(() => undefined);
}

describe('AuthHttpClient.ask()', () => {
  it('posts JSON and gives status and text', async () => {
    await using rig = await setUp({ status: 403, body: 'no' });
    const answer = await rig.client.ask({ method: 'POST', body: '{"a":1}' });
    assert.deepEqual(answer, { status: 403, text: 'no', isCut: false });
    const [question] = rig.service.questions;
    assert.equal(question?.body, '{"a":1}');
    assert.equal(question.method, 'POST');
    assert.equal(question.headers['content-type'], 'application/json');
  });

  it('keeps its connection for the next question', async () => {
    await using rig = await setUp({ status: 200, body: 'ok' });
    for (let turn = 0; turn < 5; turn++) await rig.client.ask({ method: 'GET' });
    assert.equal(rig.service.connections, 1);
  });

  it('asks again when the service closed the kept connection', async () => {
    await using rig = await setUp({ status: 200 });
    await rig.client.ask({ method: 'GET' });
    rig.service.closeIdle();
    assert.equal((await rig.client.ask({ method: 'GET' })).status, 200);
    assert.equal(rig.service.questions.length, 2);
  });

  it('does not follow a redirect', async () => {
    await using rig = await setUp({ status: 307, headers: { Location: '/elsewhere' } });
    assert.equal((await rig.client.ask({ method: 'POST', body: '{}' })).status, 307);
    assert.equal(rig.service.questions.length, 1);
  });

  it('reads only the beginning of a long answer', async () => {
    await using rig = await setUp({ status: 200, body: 'x'.repeat(300_000) });
    const answer = await rig.client.ask({ method: 'GET' });
    assert.deepEqual(answer, { status: 200, text: 'x'.repeat(1000), isCut: true });
  });

  it('sends the credentials of the URL as Basic, and shows them in no failure', async () => {
    await using rig = await setUp({ status: 200 });
    const url = rig.service.url.replace('//', '//me:p%40ss@');
    const client = new AuthHttpClient(rig.clock, {
      ...{ url, fingerprint: '', timeoutMs: 5000, maxResponseBytes: 10, maxSockets: 1 },
    });
    await client.ask({ method: 'GET' });
    const { authorization } = rig.service.questions[0]?.headers ?? {};
    assert.equal(authorization, `Basic ${Buffer.from('me:p@ss').toString('base64')}`);
    await rig.service[Symbol.asyncDispose]();
    await assert.rejects(client.ask({ method: 'GET' }), {
      code: 'auth-unavailable',
      message: new RegExp(`^request failed: E\\w+; 127.0.0.1:\\d+$`, 'u'),
    });
    client.close();
  });

  it('gives up after its time', async () => {
    await using rig = await setUp(never);
    const asked = rig.client.ask({ method: 'GET' });
    rig.clock.advance(5000);
    await assert.rejects(asked, { kind: 'deadline-exceeded', code: 'auth-timeout' });
    assert.equal(rig.clock.pendingTimers, 0);
  });

  it('gives up when the caller does', async () => {
    await using rig = await setUp(never);
    const abort = new AbortController();
    const asked = rig.client.ask({ method: 'GET', signal: abort.signal });
    abort.abort(new Error('left'));
    await assert.rejects(asked, { message: 'left' });
    assert.equal(rig.clock.pendingTimers, 0);
  });

  it('lets a question under way end when it retires', async () => {
    const { promise, resolve } = Promise.withResolvers<ServiceAnswer>();
    await using rig = await setUp(() => promise);
    const asked = rig.client.ask({ method: 'GET' });
    rig.client.retire();
    resolve({ status: 204 });
    assert.equal((await asked).status, 204);
  });

  it('refuses what is no URL of http or https', () => {
    for (const url of ['', 'ftp://h/', 'h:80', 'http://']) {
      const options = { url, fingerprint: '', timeoutMs: 1, maxResponseBytes: 1, maxSockets: 1 };
      assert.throws(() => new AuthHttpClient(new FakeClock(), options), {
        code: 'auth-url-invalid',
      });
    }
  });
});

describe('AuthHttpClient over TLS', () => {
  it('accepts the pinned certificate, in either spelling, and keeps the connection', async () => {
    for (const spelling of [fingerprint, fingerprint.replaceAll(':', '').toLowerCase()]) {
      await using rig = await setUp({ status: 200 }, { isTls: true, fingerprint: spelling });
      await rig.client.ask({ method: 'GET' });
      assert.equal((await rig.client.ask({ method: 'POST', body: '{}' })).status, 200);
      assert.equal(rig.service.connections, 1);
    }
  });

  it('sends nothing to a service with another certificate', async () => {
    const wrong = 'AB:'.repeat(31) + 'AB';
    await using rig = await setUp({ status: 200 }, { isTls: true, fingerprint: wrong });
    await assert.rejects(rig.client.ask({ method: 'POST', body: 'secret' }), {
      code: 'auth-fingerprint-mismatch',
    });
    assert.equal(rig.service.questions.length, 0);
  });

  it('does not trust a self-signed certificate without a pin', async () => {
    await using rig = await setUp({ status: 200 }, { isTls: true });
    await assert.rejects(rig.client.ask({ method: 'GET' }), { code: 'auth-unavailable' });
    assert.equal(rig.service.questions.length, 0);
  });

  it('ends a handshake that never ends', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', () => resolve()));
    const { port } = silent.address() as AddressInfo; // of a server that listens on TCP
    const clock = new FakeClock();
    const client = new AuthHttpClient(clock, {
      ...{ url: `https://127.0.0.1:${port}/`, fingerprint, timeoutMs: 5000 },
      ...{ maxResponseBytes: 10, maxSockets: 1 },
    });
    const closed = new Promise((resolve) => {
      silent.once('connection', (socket) => {
        socket
          .on('error', () => undefined)
          .once('close', resolve)
          .resume();
        clock.advance(5000);
      });
    });
    await assert.rejects(client.ask({ method: 'GET' }), { code: 'auth-timeout' });
    await closed;
    assert.equal(clock.pendingTimers, 0);
    await new Promise((resolve) => silent.close(resolve));
  });
});
