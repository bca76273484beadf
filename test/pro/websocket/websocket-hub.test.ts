// The WebSocket hub with real clients: frames, limits, heartbeat, cursors, end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { MediaError } from '../../../core/base/media-error.ts';
import { noticed, refusedStatus, startHub, TestClient } from './hub-fixture.ts';

const numbered = (value: number): { readonly type: 'broadcast'; readonly text: string } => ({
  type: 'broadcast',
  text: `{"n":${value}}`,
});

function cursorOf(message: unknown): string {
  assert.ok(typeof message === 'object' && message !== null && 'cursor' in message);
  return String(message.cursor);
}

describe('WebSocketHub for plain clients', () => {
  it('sends each event as one JSON value, broadcasts byte for byte', async () => {
    await using fixture = await startHub();
    const { bus, url } = fixture;
    const [a, b] = [await TestClient.open(url), await TestClient.open(url)];
    const text = ' [1,{"name":"ü"} ]\n';
    bus.publish({ type: 'pathReady', name: 'cam', sourceReady: true, reason: 'ok' });
    bus.publish({ type: 'broadcast', text });
    for (const client of [a, b]) {
      await client.received(2);
      assert.equal(client.texts[1], text);
      assert.match(
        client.texts[0] ?? '',
        /^\{"type":"pathReady","name":"cam","sourceReady":true,"reason":"ok","time":"2026-/u,
      );
    }
    assert.equal(a.socket.extensions, '', 'no compression');
    assert.equal(fixture.hub.clientCount, 2);
  });

  it('passes only what the filter of the client asks for', async () => {
    await using fixture = await startHub();
    const client = await TestClient.open(`${fixture.url}?types=streamOnline&name=b`);
    fixture.bus.publish({ type: 'streamOnline', name: 'a' });
    fixture.bus.publish({ type: 'streamOffline', name: 'b' });
    fixture.bus.publish({ type: 'streamOnline', name: 'b' });
    const [only] = await client.received(1);
    assert.deepEqual(only, {
      ...{ type: 'streamOnline', name: 'b', sourceReady: true },
      time: '2026-01-01T00:00:00.000Z',
    });
  });

  it('does not send what happened before a client came', async () => {
    await using fixture = await startHub();
    fixture.bus.publish(numbered(1));
    const client = await TestClient.open(fixture.url);
    fixture.bus.publish(numbered(2));
    assert.deepEqual(await client.received(1), [{ n: 2 }]);
  });

  it('skips for a stuck client, closes it with 1013 after 30 s, and delivers to the others', async () => {
    await using fixture = await startHub();
    const { hub, bus, clock, url } = fixture;
    const [stuck, live] = [await TestClient.open(url), await TestClient.open(url)];
    stuck.socket.pause();
    const text = JSON.stringify('x'.repeat(65_536));
    let count = 0;
    for (; hub.stats().skipped === 0 && count < 2000; count += 20) {
      for (let index = 0; index < 20; index++) bus.publish({ type: 'broadcast', text });
      await live.received(count + 20);
    }
    assert.ok(hub.stats().skipped > 0, 'the queue of the stuck client is full');
    assert.equal(live.texts.length, count);
    clock.advance(29_000);
    assert.equal(stuck.socket.readyState, stuck.socket.OPEN);
    clock.advance(2000);
    stuck.socket.resume();
    assert.equal(await stuck.closed, 1013);
    assert.equal(live.socket.readyState, live.socket.OPEN);
    await noticed(() => hub.stats().closed.overflow === 1);
  });
});

describe('WebSocketHub limits', () => {
  it('refuses the client beyond the limit before the upgrade, and takes one when another left', async () => {
    await using fixture = await startHub({ maxClients: 1 });
    const first = await TestClient.open(fixture.url);
    assert.equal(await refusedStatus(new TestClient(fixture.url)), 503);
    first.socket.close();
    await noticed(() => fixture.hub.clientCount === 0);
    await TestClient.open(fixture.url);
    assert.deepEqual([fixture.hub.stats().refused, fixture.hub.stats().clients], [1, 1]);
  });

  it('limits the clients of one address', async () => {
    await using fixture = await startHub({ maxClientsPerIp: 1 });
    await TestClient.open(fixture.url);
    assert.equal(await refusedStatus(new TestClient(fixture.url)), 429);
  });

  it('refuses bad queries and foreign origins', async () => {
    await using fixture = await startHub({ allowedOrigins: ['https://good.example'] });
    const { url } = fixture;
    assert.equal(await refusedStatus(new TestClient(`${url}?since=nonsense`)), 400);
    assert.equal(await refusedStatus(new TestClient(`${url}?types=x`)), 400);
    const origin = (value: string): TestClient => new TestClient(url, { Origin: value });
    assert.equal(await refusedStatus(origin('https://evil.example')), 403);
    assert.equal(await refusedStatus(origin('null')), 403);
    await once(origin('https://good.example').socket, 'open');
    await once(origin(`http://127.0.0.1:${fixture.port}`).socket, 'open');
  });

  it('ignores short messages and closes with 1009 after a long one', async () => {
    await using fixture = await startHub();
    const client = await TestClient.open(fixture.url);
    client.socket.send('x'.repeat(512));
    client.socket.ping('still here');
    await once(client.socket, 'pong');
    client.socket.send('x'.repeat(513));
    assert.equal(await client.closed, 1009);
    await noticed(() => fixture.hub.stats().closed.tooLong === 1);
  });
});

describe('WebSocketHub heartbeat', () => {
  it('pings every 54 s, keeps who answers and ends who does not within 60 s', async () => {
    await using fixture = await startHub();
    const { clock, hub } = fixture;
    const [live, silent] = [await TestClient.open(fixture.url), new TestClient(fixture.url)];
    await once(silent.socket, 'open');
    silent.socket.pause();
    const pinged = once(live.socket, 'ping');
    clock.advance(54_000);
    await pinged;
    // The pong is on its way; an answer to something sent behind it proves its arrival.
    live.socket.ping();
    await once(live.socket, 'pong');
    clock.advance(6000);
    silent.socket.resume();
    assert.equal(await silent.closed, 1006);
    clock.advance(50_000);
    assert.equal(live.socket.readyState, live.socket.OPEN);
    await noticed(() => hub.stats().closed.pongTimeout === 1);
    assert.equal(hub.clientCount, 1);
  });
});

describe('WebSocketHub cursors', () => {
  it('greets with a cursor and adds one to every event', async () => {
    await using fixture = await startHub();
    const client = await TestClient.open(`${fixture.url}?since=latest`);
    fixture.bus.publish(numbered(1));
    fixture.bus.publish({ type: 'storageLow', freeBytes: 1 });
    const [hello, first, second] = await client.received(3);
    const epoch = cursorOf(hello).replace(/-0$/u, '');
    assert.match(epoch, /^[0-9a-f]{12}$/u);
    const time = '2026-01-01T00:00:00.000Z';
    const cursor = (number: number): string => `${epoch}-${number}`;
    assert.deepEqual(hello, { type: 'hello', cursor: cursor(0), time });
    assert.deepEqual(first, { type: 'broadcast', data: { n: 1 }, time, cursor: cursor(1) });
    assert.deepEqual(second, { type: 'storageLow', free: 1, time, cursor: cursor(2) });
  });

  it('loses nothing and repeats nothing over 10,000 events with reconnects', async () => {
    await using fixture = await startHub();
    const { bus, url } = fixture;
    const seen: number[] = [];
    let since = 'latest';
    let published = 0;
    const publish = (count: number): void => {
      for (let index = 0; index < count; index++) bus.publish(numbered(published++));
    };
    for (let round = 0; seen.length < 10_000 && round < 100; round++) {
      const client = await TestClient.open(`${url}?since=${since}`);
      publish(Math.min(500, 10_000 - published));
      // Leaves in the middle of the stream, at a different place each round.
      const messages = await client.received(2 + ((round * 37) % 480));
      client.socket.terminate();
      for (const message of messages.slice(1)) {
        assert.ok(typeof message === 'object' && message !== null && 'data' in message);
        seen.push(Number(Object.values(message.data ?? {})[0]));
        since = cursorOf(message);
      }
      publish(Math.min(100, 10_000 - published));
    }
    const expected = Array.from({ length: 10_000 }, (_, index) => index);
    assert.deepEqual(seen, expected);
  });

  it('says what is missing when the cursor is too old or of another run', async () => {
    await using fixture = await startHub({ maxHistoryEvents: 3 });
    const probe = await TestClient.open(`${fixture.url}?since=`);
    const start = cursorOf((await probe.received(1))[0]);
    for (let value = 1; value <= 5; value++) {
      fixture.bus.publish(numbered(value));
      await probe.received(1 + value);
    }
    for (const [since, reason] of [
      [start, 'tooOld'],
      ['0123456789ab-4', 'restarted'],
    ]) {
      const client = await TestClient.open(`${fixture.url}?since=${since}`);
      const messages = await client.received(5);
      const cursor = start.replace(/0$/u, '2');
      const time = '2026-01-01T00:00:00.000Z';
      assert.deepEqual(messages.slice(0, 2), [
        { type: 'hello', cursor, time },
        { type: 'missed', reason, cursor, time },
      ]);
      assert.match(client.texts[2] ?? '', /"data":\{"n":3\}/u);
    }
  });
});

describe('WebSocketHub and tokens', () => {
  it('ends a client with 4401 when its token expires, and no other', async () => {
    const startedAt = Date.UTC(2026, 0, 1);
    await using fixture = await startHub({}, ({ query }) =>
      Promise.resolve({
        user: 'app',
        ...(query.includes('name=short') ? { expiresAt: startedAt + 30_000 } : {}),
      }),
    );
    const { clock, hub, url } = fixture;
    const [short, lasting] = [
      await TestClient.open(`${url}?name=short`),
      await TestClient.open(url),
    ];
    clock.advance(29_000);
    assert.equal(hub.stats().closed.denied, 0);
    fixture.bus.publish(numbered(1));
    await short.received(1);
    clock.advance(1000);
    assert.equal(await short.closed, 4401);
    fixture.bus.publish(numbered(2));
    await lasting.received(2);
    assert.equal(short.texts.length, 1);
    await noticed(() => hub.stats().closed.denied === 1);
  });

  it('ends a client whose token was taken back, and none while nobody can tell', async () => {
    let failure: MediaError | undefined;
    let asked = 0;
    const recheck = (): Promise<void> => {
      asked++;
      return failure ? Promise.reject(failure) : Promise.resolve();
    };
    await using fixture = await startHub({}, () => Promise.resolve({ user: 'token:ci', recheck }));
    const { clock, hub, url } = fixture;
    const client = await TestClient.open(url);
    const pass = async (): Promise<void> => {
      clock.advance(5000);
      await new Promise((resolve) => setImmediate(resolve));
    };
    await pass();
    failure = new MediaError('unavailable', 'token-file-broken', 'broken');
    await pass();
    assert.deepEqual([asked, hub.clientCount, hub.stats().closed.denied], [2, 1, 0]);
    failure = new MediaError('unauthenticated', 'authentication-failed', 'token is revoked');
    await pass();
    assert.equal(await client.closed, 4401);
    await noticed(() => hub.stats().closed.denied === 1);
  });
});

describe('WebSocketHub.close()', () => {
  it('closes clients with 1001, ends its timers and takes nobody any more', async () => {
    const fixture = await startHub();
    const client = await TestClient.open(fixture.url);
    fixture.bus.publish(numbered(1));
    const closing = fixture.hub.close();
    assert.equal(await refusedStatus(new TestClient(fixture.url)), 503);
    assert.equal(await client.closed, 1001);
    assert.deepEqual(client.texts, ['{"n":1}'], 'what was on its way is delivered');
    await closing;
    await fixture[Symbol.asyncDispose]();
    assert.equal(fixture.clock.pendingTimers, 0);
    assert.equal(fixture.hub.stats().closed.stopped, 1);
  });

  it('does not wait for a client that never answers', async () => {
    const fixture = await startHub();
    const client = await TestClient.open(fixture.url);
    client.socket.pause();
    const closing = fixture.hub.close();
    fixture.clock.advance(1000);
    await closing;
    assert.equal(fixture.hub.clientCount, 0);
    await fixture[Symbol.asyncDispose]();
  });
});
