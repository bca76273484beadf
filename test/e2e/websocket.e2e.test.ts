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

/** 99th percentile of the milliseconds from each event to each client. */
async function measureP99(fixture: HubFixture, clients: readonly TestClient[]): Promise<number> {
  const latencies: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const sentMs = performance.now();
    const arrivals = clients.map(async ({ socket }) => {
      await once(socket, 'message');
      latencies.push(performance.now() - sentMs);
    });
    fixture.bus.publish({ type: 'broadcast', text: `{"round":${round}}` });
    await Promise.all(arrivals);
  }
  latencies.sort((a, b) => a - b);
  return latencies[Math.floor(latencies.length * 0.99)] ?? NaN;
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
  it('get their events as fast with a stuck one among them as without', async () => {
    await using fixture = await startHub({ maxQueueMessages: 16 });
    const live = await connect(`${fixture.url}?types=broadcast`, CLIENTS - 1);
    const stuck = await TestClient.open(fixture.url);
    await measureP99(fixture, live);
    const before = await measureP99(fixture, live);
    stuck.socket.pause();
    await fill(fixture);
    const { skipped } = fixture.hub.stats();
    const after = await measureP99(fixture, live);
    assert.equal(fixture.hub.stats().skipped - skipped, ROUNDS, 'only the stuck one misses events');
    assert.ok(after < 1.5 * before + 10, `p99 ${after} ms with a stuck client, ${before} without`);
    for (const { socket } of [...live, stuck]) socket.terminate();
  });
});
