// Delay from the moment a frame is painted until Chromium shows it: clock in the picture, RTSP in, WHEP out.
import { setTimeout as sleep } from 'node:timers/promises';
import { BarcodeCamera } from '../e2e/support/barcode-camera.ts';
import { Chromium } from '../e2e/support/chromium.ts';
import { ServerProcess } from '../e2e/support/server-process.ts';
import { WhepPage } from '../e2e/support/whep-page.ts';
import { formatSection, quantile, type BenchRow } from './support/bench-report.ts';

const SETTLE_MS = 5_000;
const MEASURE_MS = 20_000;

interface Case {
  readonly name: string;
  readonly transport: 'tcp' | 'udp';
  readonly hasAudio: boolean;
  /** Largest median that passes, ms. */
  readonly maxP50Ms?: number;
}

const CASES: readonly Case[] = [
  { name: 'RTSP over TCP', transport: 'tcp', hasAudio: false, maxP50Ms: 60 },
  { name: 'RTSP over UDP', transport: 'udp', hasAudio: false, maxP50Ms: 50 },
  { name: 'RTSP over TCP, with Opus', transport: 'tcp', hasAudio: true },
];

async function measure(
  parts: { readonly server: ServerProcess; readonly browser: Chromium },
  each: Case,
): Promise<BenchRow[]> {
  const { server, browser } = parts;
  const { transport, hasAudio } = each;
  const path = `clock-${transport}-${String(hasAudio)}`;
  const url = server.rtspUrl(path);
  await using camera = await BarcodeCamera.start({ url, transport, hasAudio });
  const page = await browser.openKit();
  const viewer = await WhepPage.start(page, { url: server.whepUrl(path) });
  await viewer.waitForFrames(1);
  await sleep(SETTLE_MS);
  const receivedBefore = (await viewer.report()).video?.framesReceived ?? 0;
  await viewer.readBarcode();
  await sleep(MEASURE_MS);
  const { latenciesMs, gapsMs, badReads } = await viewer.barcodeReport();
  const { video } = await viewer.report();
  await viewer.stop();
  await page.close();
  const received = (video?.framesReceived ?? 0) - receivedBefore;
  return rowsOf(each, {
    latenciesMs,
    gapsMs,
    badReads,
    shownPercent: ((latenciesMs.length + badReads) / received) * 100,
    packetsLost: video?.packetsLost ?? 0,
    unpainted: camera.skippedFrames,
  });
}

interface Measured {
  readonly latenciesMs: readonly number[];
  readonly gapsMs: readonly number[];
  readonly badReads: number;
  readonly shownPercent: number;
  readonly packetsLost: number;
  readonly unpainted: number;
}

function rowsOf({ name, maxP50Ms }: Case, measured: Measured): BenchRow[] {
  const ms = (what: string, value: number): BenchRow => ({
    what: `${name}: ${what}`,
    value,
    unit: 'ms',
  });
  const count = (what: string, value: number): BenchRow => ({
    ...ms(what, value),
    unit: '',
    digits: 0,
  });
  return [
    {
      ...ms('p50', quantile(measured.latenciesMs, 0.5)),
      ...(maxP50Ms === undefined ? {} : { target: { kind: 'at-most', value: maxP50Ms } }),
    },
    ms('p95', quantile(measured.latenciesMs, 0.95)),
    ms('largest gap between pictures', Math.max(...measured.gapsMs)),
    { ...ms('shown of the frames received', measured.shownPercent), unit: '%' },
    count('pictures', measured.latenciesMs.length),
    count('unreadable pictures', measured.badReads),
    count('packets lost', measured.packetsLost),
    count('frames that the encoder could not take', measured.unpainted),
  ];
}

await using server = await ServerProcess.start({ settings: { logLevel: 'warn' } });
await using browser = await Chromium.launch();
const rows: BenchRow[] = [];
for (const each of CASES) rows.push(...(await measure({ server, browser }, each)));
console.log(
  formatSection({
    title: 'Glass to glass in Chromium',
    method: [
      'A clock painted into 640x360 pictures, 30 frames/s, 1.5 Mbit/s, from painting to ' +
        `\`requestVideoFrameCallback\`, ${MEASURE_MS / 1000} s each; encoder, server and browser ` +
        'share the machine.',
    ],
    rows,
  }),
);
