// Cameras and viewers for a server under measurement, each kind in a process of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { BenchChild } from './bench-child.ts';
import { MeasuredServer, type ServerReport } from './measured-server.ts';

/** How many cameras send what, to how many viewers. */
export interface LoadOptions {
  readonly cameras: number;
  readonly bitrateKbps: number;
  /** WebRTC viewers, spread evenly over the cameras. */
  readonly viewers: number;
}

/** What the server cost, and what was wrong with the load itself. */
export interface LoadReport extends ServerReport {
  /** Real bitrate of each camera. */
  readonly bitrateKbps: number;
  /** Frames that cameras could not send because the server did not read. */
  readonly skippedFrames: number;
}

const MAX_CONNECT_MS = 120_000;
const camerasStartedSchema = z.object({ bitrateKbps: z.number() });
const camerasReportSchema = z.object({ skippedFrames: z.number(), closed: z.number() });

/** Cameras that replay a recording to `cam0`, `cam1`, ... of a server. */
export class CameraFleet implements AsyncDisposable {
  readonly bitrateKbps: number;
  readonly #child: BenchChild;

  private constructor(child: BenchChild, bitrateKbps: number) {
    this.#child = child;
    this.bitrateKbps = bitrateKbps;
  }

  static async start(
    rtspUrl: string,
    options: { readonly count: number; readonly bitrateKbps: number; readonly isSending?: boolean },
  ): Promise<CameraFleet> {
    const child = new BenchChild(new URL('./cameras-program.ts', import.meta.url));
    const { count, ...rest } = options;
    const urls = Array.from({ length: count }, (_, index) => `${rtspUrl}/cam${index}`);
    try {
      const started = await child.call('start', { urls, ...rest });
      return new CameraFleet(child, camerasStartedSchema.parse(started).bitrateKbps);
    } catch (error) {
      await child.stop();
      throw error;
    }
  }

  /** Frames that the server did not take in time. @throws Error when a camera was cut off. */
  async skippedFrames(): Promise<number> {
    const { skippedFrames, closed } = camerasReportSchema.parse(await this.#child.call('report'));
    if (closed > 0) throw new Error(`the server closed ${closed} cameras`);
    return skippedFrames;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child.stop();
  }
}

/** WebRTC viewers that are connected. */
export class ViewerFleet implements AsyncDisposable {
  readonly #child = new BenchChild(new URL('./light-viewers-program.ts', import.meta.url));

  /** Adds viewers, one after the other. */
  async connect(urls: readonly string[]): Promise<void> {
    await this.#child.call('connect', { urls }, MAX_CONNECT_MS);
  }

  /** No viewer reads its socket any more; each still sends its checks. */
  async fallAsleep(): Promise<void> {
    await this.#child.call('fallAsleep');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child.stop();
  }
}

/** RTSP readers over TCP that read everything. */
export class RtspReaderFleet implements AsyncDisposable {
  readonly #child = new BenchChild(new URL('./rtsp-readers-program.ts', import.meta.url));

  async connect(url: string, count: number): Promise<void> {
    await this.#child.call('connect', { url, count });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child.stop();
  }
}

/** How long to let things settle, and then to measure. */
export interface MeasureOptions {
  readonly settleMs: number;
  readonly measureMs: number;
  readonly delayResolutionMs?: number;
}

/** Measures a server under a load that stands. @throws Error when a reader or a camera is lost. */
export async function measureLoad(
  parts: {
    readonly server: MeasuredServer;
    readonly cameras: CameraFleet;
    readonly readers: number;
  },
  options: MeasureOptions,
): Promise<LoadReport> {
  const { server, cameras, readers } = parts;
  await sleep(options.settleMs);
  const { delayResolutionMs } = options;
  await server.measure(delayResolutionMs === undefined ? {} : { delayResolutionMs });
  await sleep(options.measureMs);
  const report = await server.report();
  if (report.readers !== readers) {
    throw new Error(`${report.readers} of ${readers} readers are left`);
  }
  const skippedFrames = await cameras.skippedFrames();
  return { ...report, bitrateKbps: cameras.bitrateKbps, skippedFrames };
}

/** Starts cameras and sleeping WebRTC viewers on a server of their own, and measures. */
export async function measureViewers(
  load: LoadOptions,
  options: MeasureOptions,
): Promise<LoadReport> {
  await using server = await MeasuredServer.start();
  await using cameras = await CameraFleet.start(server.urls.rtsp, {
    count: load.cameras,
    bitrateKbps: load.bitrateKbps,
  });
  await using viewers = new ViewerFleet();
  const urls = Array.from({ length: load.viewers }, (_, index) =>
    server.whepUrl(`cam${index % load.cameras}`),
  );
  await viewers.connect(urls);
  await viewers.fallAsleep();
  return await measureLoad({ server, cameras, readers: load.viewers }, options);
}
