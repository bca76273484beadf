// What a connected WebRTC viewer keeps in the server's heap while no media flows.
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { silentLogger } from '../../core/base/logger.ts';
import { loadConfig } from '../../core/config/load-config.ts';
import { MediaServer } from '../../core/server.ts';
import { formatSection } from './support/bench-report.ts';
import { CameraFleet, ViewerFleet } from './support/load.ts';
import { loopbackConfig } from './support/loopback-config.ts';
import { originsOf } from './support/measured-server.ts';

const WARM_UP_VIEWERS = 20;
const VIEWERS = 200;
const MAX_KB_PER_VIEWER = 45;
/** The DTLS library lets go of a handshake when its retransmission timers have run out. */
const MAX_SETTLE_MS = 30_000;
const POLL_MS = 1_000;
/** Two readings in a row that differ by less than this are the end. */
const STABLE_BYTES = 20_000;

/** Bytes of the heap and outside it. */
interface Memory {
  readonly heap: number;
  readonly external: number;
}

function collect(): Memory {
  if (globalThis.gc === undefined) throw new Error('run with node --expose-gc');
  for (let round = 0; round < 4; round++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, external };
}

/** Collects until nothing more is freed. */
async function settledMemory(): Promise<Memory> {
  const deadlineMs = performance.now() + MAX_SETTLE_MS;
  let before = collect();
  for (;;) {
    await sleep(POLL_MS);
    const now = collect();
    const freed = before.heap + before.external - now.heap - now.external;
    if (Math.abs(freed) < STABLE_BYTES || performance.now() > deadlineMs) return now;
    before = now;
  }
}

const config = loadConfig({ text: stringify(loopbackConfig()), env: {} });
const server = new MediaServer({ logger: silentLogger }, { config, searchPath: '' });
await server.start();
const origins = originsOf(server.listeners);
await using closing = new AsyncDisposableStack();
closing.defer(() => server.close());
closing.use(
  await CameraFleet.start(origins.rtsp, { count: 1, bitrateKbps: 1_000, isSending: false }),
);
const viewers = closing.use(new ViewerFleet());
const urls = (count: number): string[] =>
  Array.from({ length: count }, () => `${origins.http}/cam0/whep`);

await viewers.connect(urls(WARM_UP_VIEWERS));
await sleep(MAX_SETTLE_MS / 3);
const before = await settledMemory();
await viewers.connect(urls(VIEWERS));
const peakRss = process.memoryUsage.rss();
await sleep(MAX_SETTLE_MS / 3);
const after = await settledMemory();
const connected = server.sessions.list('webRTCSession').length;
if (connected !== WARM_UP_VIEWERS + VIEWERS) throw new Error(`${connected} viewers are connected`);

const kbPerViewer = (bytes: number): number => bytes / VIEWERS / 1000;
const heapKb = kbPerViewer(after.heap - before.heap);
const externalKb = kbPerViewer(after.external - before.external);
console.log(
  formatSection({
    title: 'Memory of a WebRTC viewer',
    method: [
      `${VIEWERS} viewers of one path without media, each with a real DTLS handshake, on a server ` +
        `in this process; difference to the same server with ${WARM_UP_VIEWERS} viewers, garbage collected.`,
    ],
    rows: [
      {
        what: 'heap and external memory per viewer',
        value: heapKb + externalKb,
        unit: 'kB',
        target: { kind: 'at-most', value: MAX_KB_PER_VIEWER },
      },
      { what: 'of it in the heap', value: heapKb, unit: 'kB' },
      { what: 'of it external', value: externalKb, unit: 'kB' },
      {
        what: 'resident memory of the process after the joins',
        value: peakRss / 2 ** 20,
        unit: 'MiB',
        digits: 0,
      },
    ],
  }),
);
