// How late the server's event loop is with 20 cameras in and 100 WebRTC viewers out.
import { availableParallelism } from 'node:os';
import { formatSection, type BenchRow } from './support/bench-report.ts';
import { measureViewers, type LoadReport } from './support/load.ts';

const CAMERAS = 20;
const VIEWERS = 100;
const BITRATES_KBPS = [1_000, 4_000];
const TIMES = { settleMs: 5_000, measureMs: 15_000, delayResolutionMs: 1 };
const MAX_DELAY_P99_MS = 20;

function rowsOf(report: LoadReport): BenchRow[] {
  const name = `${(report.bitrateKbps / 1000).toFixed(1)} Mbit/s each`;
  const row = (what: string, value: number, unit: string): BenchRow => ({
    what: `${name}: ${what}`,
    value,
    unit,
  });
  return [
    {
      ...row('delay of the event loop, p99', report.delayP99Ms, 'ms'),
      digits: 2,
      target: { kind: 'below', value: MAX_DELAY_P99_MS },
    },
    { ...row('p50', report.delayP50Ms, 'ms'), digits: 2 },
    { ...row('largest', report.delayMaxMs, 'ms'), digits: 2 },
    row('processor time of the server', report.cpuPercent, '% of a core'),
    { ...row('packets out', report.packetsPerSecond, '/s'), digits: 0 },
    { ...row('packets given up by the server', report.packetsDropped, ''), digits: 0 },
    { ...row('frames that cameras could not send', report.skippedFrames, ''), digits: 0 },
    { ...row('resident memory', report.rssMb, 'MiB'), digits: 0 },
  ];
}

const rows: BenchRow[] = [];
for (const bitrateKbps of BITRATES_KBPS) {
  const load = { cameras: CAMERAS, bitrateKbps, viewers: VIEWERS };
  rows.push(...rowsOf(await measureViewers(load, TIMES)));
}
console.log(
  formatSection({
    title: 'Event loop under load',
    method: [
      `${CAMERAS} cameras over RTSP/TCP, 30 frames/s, ${VIEWERS} WebRTC viewers (real handshakes, ` +
        'connectivity checks every 2 s) whose sockets nobody reads, so that the kernel drops.',
      `Server, cameras and viewers are three processes on ${availableParallelism()} cores. ` +
        'Delay: how late a timer of 1 ms is (`monitorEventLoopDelay`), ' +
        `${TIMES.measureMs / 1000} s each.`,
    ],
    rows,
  }),
);
