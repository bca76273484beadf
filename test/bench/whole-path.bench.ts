// What one camera costs the server when a hundred watch it, over WebRTC and over RTSP; to be read, not judged.
import { availableParallelism } from 'node:os';
import { formatSection, type BenchRow } from './support/bench-report.ts';
import {
  CameraFleet,
  measureLoad,
  measureViewers,
  RtspReaderFleet,
  type LoadReport,
} from './support/load.ts';
import { MeasuredServer } from './support/measured-server.ts';

const READERS = 100;
const BITRATE_KBPS = 4_000;
const TIMES = { settleMs: 5_000, measureMs: 15_000 };

async function measureRtspReaders(): Promise<LoadReport> {
  await using server = await MeasuredServer.start();
  const load = { count: 1, bitrateKbps: BITRATE_KBPS };
  await using cameras = await CameraFleet.start(server.urls.rtsp, load);
  await using readers = new RtspReaderFleet();
  await readers.connect(server.rtspUrl('cam0'), READERS);
  return await measureLoad({ server, cameras, readers: READERS }, TIMES);
}

function rowsOf(name: string, report: LoadReport): BenchRow[] {
  const { cpuPercent, packetsPerSecond } = report;
  const row = (what: string, value: number, unit: string): BenchRow => ({
    what: `${name}: ${what}`,
    value,
    unit,
  });
  return [
    row('processor time of the server', cpuPercent, '% of a core'),
    { ...row('packets out', packetsPerSecond, '/s'), digits: 0 },
    {
      ...row('per packet and reader', (cpuPercent / 100 / packetsPerSecond) * 1e6, 'µs'),
      digits: 2,
    },
    { ...row('packets given up by the server', report.packetsDropped, ''), digits: 0 },
    { ...row('resident memory', report.rssMb, 'MiB'), digits: 0 },
  ];
}

const load = { cameras: 1, bitrateKbps: BITRATE_KBPS, viewers: READERS };
const webRtc = await measureViewers(load, TIMES);
const rtsp = await measureRtspReaders();
console.log(
  formatSection({
    title: 'One camera, a hundred readers',
    method: [
      `One camera over RTSP/TCP, 30 frames/s, ${(webRtc.bitrateKbps / 1000).toFixed(1)} Mbit/s. ` +
        `WebRTC: ${READERS} viewers whose sockets nobody reads, so that the kernel drops. ` +
        `RTSP: ${READERS} readers over TCP that take everything; their process competes for the ` +
        `${availableParallelism()} cores. Time of all threads, ${TIMES.measureMs / 1000} s each.`,
    ],
    rows: [...rowsOf('WebRTC', webRtc), ...rowsOf('RTSP over TCP', rtsp)],
  }),
);
