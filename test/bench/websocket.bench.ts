// Measures how fast 1,000 WebSocket clients get an event, alone and with one among them that never reads.
import { once } from 'node:events';
import { startHub, TestClient, type HubFixture } from '../pro/websocket/hub-fixture.ts';
import { formatSection, quantile } from './support/bench-report.ts';

const CLIENTS = 1000;
const EVENTS = 200;
const BATCH = 100;

async function connect(url: string): Promise<TestClient[]> {
  const clients: TestClient[] = [];
  while (clients.length < CLIENTS - 1) {
    const size = Math.min(BATCH, CLIENTS - 1 - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: size }, () => TestClient.open(url)))));
  }
  return clients;
}

/** Milliseconds from each event to each client. */
async function measure({ bus }: HubFixture, clients: readonly TestClient[]): Promise<number[]> {
  const latenciesMs: number[] = [];
  for (let event = 0; event < EVENTS; event++) {
    const sentMs = performance.now();
    const arrivals = clients.map(async ({ socket }) => {
      await once(socket, 'message');
      latenciesMs.push(performance.now() - sentMs);
    });
    bus.publish({ type: 'broadcast', text: `{"event":${event}}` });
    await Promise.all(arrivals);
  }
  return latenciesMs;
}

/** Events that only the stuck client asked for, until its socket and its queue are full. */
async function fill({ hub, bus }: HubFixture): Promise<void> {
  const event = { type: 'exportProgress', id: 'x'.repeat(60_000), progress: 0 } as const;
  for (let count = 0; count < 2000 && hub.stats().skipped === 0; count++) {
    bus.publish({ ...event, state: 'running' });
    await new Promise((resolve) => setImmediate(resolve));
  }
}

await using fixture = await startHub({ maxQueueMessages: 16 });
const live = await connect(`${fixture.url}?types=broadcast`);
const stuck = await TestClient.open(fixture.url);
await measure(fixture, live);
const before = await measure(fixture, live);
stuck.socket.pause();
await fill(fixture);
const after = await measure(fixture, live);
for (const { socket } of [...live, stuck]) socket.terminate();

const p99 = (latenciesMs: readonly number[]): number => quantile(latenciesMs, 0.99);
process.stdout.write(
  formatSection({
    title: 'websocket: 1,000 clients, one of them stuck',
    method: [
      `Hub and clients in one process; ${EVENTS} events, each to ${CLIENTS - 1} clients that read.`,
      'The stuck client reads nothing: its socket and its queue are full before the second measurement.',
    ],
    rows: [
      { what: 'event to client, p50, all reading', value: quantile(before, 0.5), unit: 'ms' },
      { what: 'event to client, p99, all reading', value: p99(before), unit: 'ms' },
      { what: 'event to client, p99, one stuck', value: p99(after), unit: 'ms' },
      {
        what: 'p99 with one stuck, times that with none',
        value: p99(after) / p99(before),
        unit: 'x',
        digits: 2,
        target: { kind: 'at-most', value: 1.5 },
      },
    ],
  }),
);
