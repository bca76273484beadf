// Time from a viewer's click to the first picture in Chromium, at random moments of a long GOP.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { z } from 'zod';
import { BarcodeCamera } from '../e2e/support/barcode-camera.ts';
import { Chromium } from '../e2e/support/chromium.ts';
import { ServerProcess } from '../e2e/support/server-process.ts';
import { formatSection, quantile, type BenchRow } from './support/bench-report.ts';

const JOINS = 20;
const FRAMES_PER_SECOND = 30;
const GOP_SECONDS = 4;
const BITRATE_KBPS = 1_500;
const MAX_P50_MS = 250;

const timingSchema = z.object({
  answerMs: z.number(),
  connectedMs: z.number(),
  firstPictureMs: z.number(),
  /** The first picture that is not older than 200 ms. */
  livePictureMs: z.number(),
});
type JoinTiming = z.infer<typeof timingSchema>;

async function join(page: Page, url: string): Promise<JoinTiming> {
  return timingSchema.parse(await page.evaluate(`timeJoin(${JSON.stringify(url)})`));
}

await using server = await ServerProcess.start({ settings: { logLevel: 'warn' } });
await using camera = await BarcodeCamera.start({
  url: server.rtspUrl('cam'),
  framesPerSecond: FRAMES_PER_SECOND,
  gopFrames: FRAMES_PER_SECOND * GOP_SECONDS,
  bitrateKbps: BITRATE_KBPS,
});
await using browser = await Chromium.launch();
const page = await browser.openKit();
await page.addScriptTag({ url: '/timed-join.js', type: 'module' });
await sleep(GOP_SECONDS * 1000);
const cold = await join(page, server.whepUrl('cam'));
const joins: JoinTiming[] = [];
for (let index = 0; index < JOINS; index++) {
  await sleep(1000 + Math.random() * GOP_SECONDS * 1000);
  joins.push(await join(page, server.whepUrl('cam')));
}

const ms = (what: string, read: (join: JoinTiming) => number, share: number): BenchRow => ({
  what: `${what}, p${share * 100}`,
  value: quantile(joins.map(read), share),
  unit: 'ms',
  digits: 0,
});
const iceAndDtls = (timing: JoinTiming): number => timing.connectedMs - timing.answerMs;
const media = (timing: JoinTiming): number => timing.firstPictureMs - timing.connectedMs;
console.log(
  formatSection({
    title: 'First picture in Chromium',
    method: [
      `${JOINS} joins at random moments of a GOP of ${GOP_SECONDS} s (640x360, ${FRAMES_PER_SECOND} ` +
        `frames/s, ${BITRATE_KBPS / 1000} Mbit/s), from the start of the POST to ` +
        '`requestVideoFrameCallback`; encoder, server and browser share the machine.',
    ],
    rows: [
      {
        ...ms('POST to picture', (timing) => timing.firstPictureMs, 0.5),
        target: { kind: 'at-most', value: MAX_P50_MS },
      },
      ms('POST to picture', (timing) => timing.firstPictureMs, 0.95),
      ms('of it POST to answer', (timing) => timing.answerMs, 0.5),
      ms('of it ICE and DTLS', iceAndDtls, 0.5),
      ms('of it ICE and DTLS', iceAndDtls, 0.95),
      ms('of it connected to picture', media, 0.5),
      ms('of it connected to picture', media, 0.95),
      ms('POST to a live picture (at most 200 ms old)', (timing) => timing.livePictureMs, 0.5),
      ms('POST to a live picture (at most 200 ms old)', (timing) => timing.livePictureMs, 0.95),
      { what: 'first join of all, cold', value: cold.firstPictureMs, unit: 'ms', digits: 0 },
    ],
  }),
);
if (camera.skippedFrames > 0) console.error(`${camera.skippedFrames} frames were not painted`);
