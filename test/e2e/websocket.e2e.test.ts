// A thousand WebSocket clients, one of which never reads: the others must not notice.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { startHub, TestClient, type HubFixture } from '../pro/websocket/hub-fixture.ts';

const CLIENTS = 1000;
const ROUNDS = 100;

async function connect(url: string, count: number): Promise<TestClient[]> {
  const clients: TestClient[] = [];
  while (clients.length < count) {
    const size = Math.min(100, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: size }, () => TestClient.open(url)))));
  }
  return clients;
}

/** Sends events one after the other; each waits until every client has the one before. */
async function deliver(fixture: HubFixture, clients: readonly TestClient[]): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const text = `{"round":${round}}`;
    const arrivals = clients.map(async ({ socket }) => {
      const received: readonly unknown[] = await once(socket, 'message');
      assert.equal(String(received[0]), text);
    });
    fixture.bus.publish({ type: 'broadcast', text });
    await Promise.all(arrivals);
  }
}

/** Events that only the stuck client asked for, until its socket and its queue are full. */
async function fill({ hub, bus }: HubFixture): Promise<void> {
  const event = { type: 'exportProgress', id: 'x'.repeat(60_000), progress: 0 } as const;
  for (let count = 0; count < 2000 && hub.stats().skipped === 0; count++) {
    bus.publish({ ...event, state: 'running' });
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(hub.stats().skipped > 0, 'the stuck client is not stuck');
}

describe('1,000 WebSocket clients', () => {
  it('get every event in order while one of them is stuck', async () => {
    await using fixture = await startHub({ maxQueueMessages: 16 });
    const live = await connect(`${fixture.url}?types=broadcast`, CLIENTS - 1);
    const stuck = await TestClient.open(fixture.url);
    stuck.socket.pause();
    await fill(fixture);
    const { skipped } = fixture.hub.stats();
    await deliver(fixture, live);
    assert.equal(fixture.hub.stats().skipped - skipped, ROUNDS, 'only the stuck one misses events');
    for (const { socket } of [...live, stuck]) socket.terminate();
  });
});
