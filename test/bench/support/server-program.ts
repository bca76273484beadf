// Child process of a bench: the media server, and what it costs.
import type { ELDHistogram } from 'node:perf_hooks';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { stringify } from 'yaml';
import { z } from 'zod';
import { createLogger } from '../../../core/base/create-logger.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { MediaServer } from '../../../core/server.ts';
import { answerCalls } from './bench-child.ts';
import { originsOf, type ServerReport } from './measured-server.ts';
import { loopbackConfig } from './loopback-config.ts';

// As pro/launch.js does.
setFlagsFromString('--semi-space-growth-factor=1');

const measureSchema = z.object({ delayResolutionMs: z.number().optional() });

const logger = createLogger({ level: 'warn', isStructured: false, output: process.stderr });
const config = loadConfig({ text: stringify(loopbackConfig()), env: {} });
const server = new MediaServer({ logger }, { config, searchPath: '' });
await server.start();

let since = { cpu: process.cpuUsage(), atMs: performance.now(), packets: 0 };
let delay: ELDHistogram | undefined;
let resolutionMs = 0;

function packetsSent(): number {
  return server.sessions
    .list()
    .reduce((sum, session) => sum + (session.stats()['outboundRTPPackets'] ?? 0), 0);
}

function packetsDropped(): number {
  return server.sessions
    .list()
    .reduce((sum, session) => sum + (session.stats()['outboundRTPPacketsDiscarded'] ?? 0), 0);
}

/** Starts to measure; with a resolution also the delay of the event loop. */
function measure(params: unknown): void {
  resolutionMs = measureSchema.parse(params).delayResolutionMs ?? 0;
  delay?.disable();
  delay = resolutionMs > 0 ? monitorEventLoopDelay({ resolution: resolutionMs }) : undefined;
  delay?.enable();
  since = { cpu: process.cpuUsage(), atMs: performance.now(), packets: packetsSent() };
}

function report(): ServerReport {
  const { user, system } = process.cpuUsage(since.cpu);
  const wallMs = performance.now() - since.atMs;
  // The histogram holds the time from one tick of its timer to the next.
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolutionMs);
  const sessions = server.sessions.list();
  return {
    wallMs,
    cpuPercent: ((user + system) / 1000 / wallMs) * 100,
    packetsPerSecond: ((packetsSent() - since.packets) / wallMs) * 1000,
    packetsDropped: packetsDropped(),
    readers: sessions.filter((session) => session.state === 'read').length,
    publishers: sessions.filter((session) => session.state === 'publish').length,
    rssMb: process.memoryUsage.rss() / 2 ** 20,
    delayP50Ms: late(delay?.percentile(50) ?? 0),
    delayP99Ms: late(delay?.percentile(99) ?? 0),
    delayMaxMs: late(delay?.max ?? 0),
  };
}

answerCalls({ urls: () => originsOf(server.listeners), measure, report }, () => server.close());
