// Delay from the moment a frame is painted until Chromium shows it: clock in the picture, RTSP in, WHEP out.
import { setTimeout as sleep } from 'node:timers/promises';
import { BarcodeCamera } from '../e2e/support/barcode-camera.ts';
import { Chromium } from '../e2e/support/chromium.ts';
import type { BarcodeReport } from '../e2e/support/peer-report.ts';
import { ServerProcess } from '../e2e/support/server-process.ts';
import { WhepPage } from '../e2e/support/whep-page.ts';

const SETTLE_MS = 3_000;
const MEASURE_MS = 15_000;

interface Row {
  readonly name: string;
  readonly transport: 'tcp' | 'udp';
  readonly hasAudio: boolean;
}

const ROWS: readonly Row[] = [
  { name: 'RTSP over TCP', transport: 'tcp', hasAudio: false },
  { name: 'RTSP over UDP', transport: 'udp', hasAudio: false },
  { name: 'RTSP over TCP, with Opus', transport: 'tcp', hasAudio: true },
];

async function measure(server: ServerProcess, browser: Chromium, row: Row): Promise<string> {
  const path = `clock-${row.transport}-${String(row.hasAudio)}`;
  const { transport, hasAudio } = row;
  await using camera = await BarcodeCamera.start({
    url: server.rtspUrl(path),
    transport,
    hasAudio,
  });
  const page = await browser.openKit();
  const viewer = await WhepPage.start(page, { url: server.whepUrl(path) });
  const first = await viewer.waitForFrames(1);
  await sleep(SETTLE_MS);
  await viewer.readBarcode();
  await sleep(MEASURE_MS);
  const report = await viewer.barcodeReport();
  await viewer.stop();
  await page.close();
  if (camera.skippedFrames > 0) console.error(`${row.name}: ${camera.skippedFrames} not painted`);
  return tableRow(row.name, report, first.firstFrameMs);
}

function tableRow(name: string, report: BarcodeReport, firstFrameMs: number): string {
  const latencies = report.latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(0);
  const gap = Math.max(...report.gapsMs).toFixed(0);
  const cells = [
    at(0.5),
    at(0.95),
    gap,
    latencies.length,
    report.badReads,
    firstFrameMs.toFixed(0),
  ];
  return `| ${name} | ${cells.join(' | ')} |`;
}

await using server = await ServerProcess.start();
await using browser = await Chromium.launch();
const rows: string[] = [];
for (const row of ROWS) rows.push(await measure(server, browser, row));
console.log(
  [
    '## Latency, glass to glass',
    '',
    `640x360, 30 frames/s, 1.5 Mbit/s, ${MEASURE_MS / 1000} s each; encoder, server and browser share the machine.`,
    '',
    '| publisher | p50 ms | p95 ms | largest gap ms | frames | bad reads | offer to picture ms |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n'),
);
