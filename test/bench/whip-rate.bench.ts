// How fast a browser that publishes gets its bitrate, also while the server's process is held up.
import { setTimeout as sleep } from 'node:timers/promises';
import { Chromium } from '../e2e/support/chromium.ts';
import { ServerProcess } from '../e2e/support/server-process.ts';
import { WhipPage } from '../e2e/support/whip-page.ts';
import { formatSection, type BenchRow } from './support/bench-report.ts';

const MIN_KBPS = 1000;
const RUN_MS = 45;
const HOLD_MS = 20;

/** Stops and continues a process by turns until the returned function is called. */
function holdUp(pid: number): () => Promise<void> {
  let isOver = false;
  const turns = (async (): Promise<void> => {
    while (!isOver) {
      await sleep(RUN_MS * (0.5 + Math.random()));
      process.kill(pid, 'SIGSTOP');
      await sleep(HOLD_MS * (0.5 + Math.random()));
      process.kill(pid, 'SIGCONT');
    }
  })();
  return async () => {
    isOver = true;
    await turns;
  };
}

/** Kilobits per second of the video in the third and fourth, and in the 19th and 20th second. */
async function ratesOf(publisher: WhipPage): Promise<{ early: number; late: number }> {
  const measure = async (): Promise<number> => {
    const start = await publisher.report();
    await sleep(2000);
    const end = await publisher.report();
    return ((end.video?.bytesSent ?? 0) - (start.video?.bytesSent ?? 0)) / 250;
  };
  await sleep(2000);
  const early = await measure();
  await sleep(14_000);
  return { early, late: await measure() };
}

await using server = await ServerProcess.start({ settings: { logLevel: 'warn' } });
await using browser = await Chromium.launch();

const rows: BenchRow[] = [];
for (const isHeldUp of [false, true]) {
  const end = isHeldUp ? holdUp(server.pid ?? 0) : undefined;
  const publisher = await WhipPage.start(await browser.openKit(), {
    url: server.whipUrl(isHeldUp ? 'held-up' : 'calm'),
    ...{ videoCodec: 'H264', width: 640, height: 360, framesPerSecond: 30 },
  });
  const { early, late } = await ratesOf(publisher);
  await end?.();
  await publisher.stop();
  const where = isHeldUp ? 'server held up' : 'calm server';
  const target = { kind: 'at-least', value: MIN_KBPS } as const;
  rows.push(
    { what: `${where}, seconds 3 and 4`, value: early, unit: 'kbit/s', digits: 0, target },
    { what: `${where}, seconds 19 and 20`, value: late, unit: 'kbit/s', digits: 0, target },
  );
}
console.log(
  formatSection({
    title: 'Bitrate of a publishing browser',
    method: [
      'Chromium, H264, a canvas of 640x360 at 30 frames/s, which it gives at most 1.7 Mbit/s. Held ' +
        `up: the server's process is stopped for about ${HOLD_MS} ms after each ${RUN_MS} ms.`,
    ],
    rows,
  }),
);
