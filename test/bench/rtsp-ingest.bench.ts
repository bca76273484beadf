// Measures what a camera costs that publishes over RTSP and TCP: share of one core, nobody reading.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RtspFixture } from '../support/rtsp-fixture.ts';

const CAMERAS = 50;
const BITRATE_BPS = 4_000_000;
const WARM_UP_MS = 3000;
const ROUND_MS = 2000;
const ROUNDS = 5;
const TARGET_PERCENT = 0.4;

/** What the bench found. */
export interface IngestResult {
  /** Of one core, per camera; the median of some rounds. */
  readonly percentPerCamera: number;
  /** Media that arrived, as a share of what the cameras send; near 1 or the result means nothing. */
  readonly arrivedShare: number;
}

/** Runs the bench. */
export async function benchRtspIngest(): Promise<IngestResult> {
  await using fixture = await RtspFixture.start();
  const script = fileURLToPath(new URL('./support/rtsp-cameras-program.ts', import.meta.url));
  const args = [script, `${fixture.port}`, `${CAMERAS}`, `${BITRATE_BPS}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await sleep(WARM_UP_MS);
  const percents: number[] = [];
  const shares: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedMs = performance.now();
    const before = process.cpuUsage();
    const bytesBefore = inboundBytes(fixture);
    await sleep(ROUND_MS);
    const { user, system } = process.cpuUsage(before);
    const elapsedMs = performance.now() - startedMs;
    percents.push((user + system) / 10 / elapsedMs / CAMERAS);
    const wanted = (CAMERAS * BITRATE_BPS * elapsedMs) / 8000;
    shares.push((inboundBytes(fixture) - bytesBefore) / wanted);
  }
  const exited = once(child, 'exit');
  child.kill();
  await exited;
  return { percentPerCamera: median(percents), arrivedShare: median(shares) };
}

function inboundBytes(fixture: RtspFixture): number {
  return fixture.server.connections.reduce((sum, { inboundBytes: bytes }) => sum + bytes, 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

if (import.meta.main) {
  const { percentPerCamera, arrivedShare } = await benchRtspIngest();
  console.log('## RTSP ingest over TCP\n');
  console.log(
    `${CAMERAS} cameras of ${BITRATE_BPS / 1e6} Mbit/s, H264 at 25 frames per second, nobody reading.\n`,
  );
  console.log('| share of one core per camera | target | media that arrived |\n|---|---|---|');
  console.log(
    `| ${percentPerCamera.toFixed(3)} % | ${TARGET_PERCENT} % | ${(arrivedShare * 100).toFixed(1)} % |`,
  );
}
