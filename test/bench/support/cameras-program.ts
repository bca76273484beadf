// Child process of a bench: many cameras that replay one recording, their key frames spread in time.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { answerCalls } from './bench-child.ts';
import { recordH264 } from './h264-recording.ts';
import { ReplayCamera } from './replay-camera.ts';

const startSchema = z.object({
  urls: z.array(z.string()),
  bitrateKbps: z.number(),
  /** Without it the cameras announce, but send nothing. */
  isSending: z.boolean().default(true),
});

/** The first frames of all cameras are spread over this time. */
const SPREAD_MS = 2_000;

const cameras: ReplayCamera[] = [];
const timers = new Set<NodeJS.Timeout>();

/** Keeps to the camera's own clock, so that frames do not drift when a timer is late. */
function play(camera: ReplayCamera, framesPerSecond: number): void {
  const startedMs = performance.now();
  let count = 0;
  let timer: NodeJS.Timeout;
  const next = (): void => {
    timers.delete(timer);
    if (camera.isClosed) return;
    camera.sendFrame();
    count++;
    const dueMs = startedMs + (count * 1000) / framesPerSecond;
    timer = setTimeout(next, Math.max(0, dueMs - performance.now()));
    timers.add(timer);
  };
  next();
}

async function start(params: unknown): Promise<{ bitrateKbps: number }> {
  const { urls, bitrateKbps, isSending } = startSchema.parse(params);
  const recording = recordH264({ bitrateKbps });
  for (const url of urls) {
    const camera = await ReplayCamera.connect(url, recording);
    cameras.push(camera);
    if (isSending) play(camera, recording.framesPerSecond);
    await sleep(isSending ? SPREAD_MS / urls.length : 0);
  }
  return { bitrateKbps: recording.bitrateKbps };
}

/** Totals since the start. */
function report(): { sentFrames: number; skippedFrames: number; closed: number; cpuMs: number } {
  const { user, system } = process.cpuUsage();
  return {
    sentFrames: cameras.reduce((sum, camera) => sum + camera.sentFrames, 0),
    skippedFrames: cameras.reduce((sum, camera) => sum + camera.skippedFrames, 0),
    closed: cameras.filter((camera) => camera.isClosed).length,
    cpuMs: (user + system) / 1000,
  };
}

answerCalls({ start, report }, async () => {
  for (const timer of timers) clearTimeout(timer);
  await Promise.all(cameras.map((camera) => camera[Symbol.asyncDispose]()));
});
