// The export back end that hands recordings to an external codec service and follows the job there.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { delay, type Clock } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';
import type {
  ExportBackend,
  ExportInputInfo,
  ExportOutput,
  ExportWatch,
  ExportWork,
} from './export-backend.ts';
import type { RVideoClient, RVideoJob } from './rvideo-client.ts';
import { sniffContainer, type Container } from './sniff-container.ts';

/** What it works with. */
export interface RVideoBackendComponents {
  readonly clock: Clock;
  readonly client: RVideoClient;
  /** Tells durations when this machine has ffmpeg; otherwise the service checks ranges. */
  readonly inspector?: Pick<ExportBackend, 'inspect'>;
}

/** How often to ask. */
export interface RVideoBackendOptions {
  /** 1 s by default. */
  readonly pollPeriodMs?: number;
}

interface UploadedSource {
  readonly fullPath: string;
  readonly sizeBytes: number;
  readonly container: Container;
}

const POLL_PERIOD_MS = 1000;
/** Forgetting a job at the service must not hold up the end of ours. */
const DELETE_TIMEOUT_MS = 5000;
/** How progress is shared: upload, work, download. */
const UPLOADED = 0.3;
const WORKED = 0.9;

/** Off unless the composition root makes one; see apidocs/rvideo.md. */
export class RVideoBackend implements ExportBackend {
  readonly name = 'rvideo';
  readonly #components: RVideoBackendComponents;
  readonly #pollPeriodMs: number;

  constructor(components: RVideoBackendComponents, options: RVideoBackendOptions = {}) {
    this.#components = components;
    this.#pollPeriodMs = options.pollPeriodMs ?? POLL_PERIOD_MS;
  }

  /** The service is asked when there is work; one that is down fails the job with its reason. */
  async check(): Promise<void> {
    await Promise.resolve();
  }

  async inspect(fullPath: string, signal: AbortSignal): Promise<ExportInputInfo> {
    await sniffContainer(fullPath);
    try {
      const info = await this.#components.inspector?.inspect(fullPath, signal);
      return info ?? { durationS: undefined };
    } catch (thrown) {
      const isMissing = thrown instanceof MediaError && thrown.kind === 'unavailable';
      if (isMissing) return { durationS: undefined };
      throw thrown;
    }
  }

  async run(work: ExportWork, watch: ExportWatch): Promise<ExportOutput> {
    const { client } = this.#components;
    const sources = await listSources(work);
    const created = await client.createJob(orderOf(work, sources), watch.signal);
    try {
      await this.#upload(created.id, sources, watch);
      const result = await this.#follow(created.id, watch);
      if (result.sizeBytes > work.maxOutputBytes) throw tooLarge(result.sizeBytes, work);
      const file = join(work.folder, 'export.mp4');
      const { sizeBytes, durationS } = result;
      await client.downloadResult({ jobId: created.id, file, sizeBytes }, watch.signal);
      if ((await sniffContainer(file)) !== 'mov') throw invalidResult('is not an MP4');
      watch.onProgress(1);
      return { file, durationS };
    } finally {
      await this.#forget(created.id);
    }
  }

  async #upload(
    jobId: string,
    sources: readonly UploadedSource[],
    watch: ExportWatch,
  ): Promise<void> {
    const totalBytes = sources.reduce((sum, source) => sum + source.sizeBytes, 0);
    let sentBytes = 0;
    for (const [index, { fullPath: file, container, sizeBytes }] of sources.entries()) {
      const upload = { jobId, file, index, container };
      await this.#components.client.uploadSource(upload, watch.signal);
      sentBytes += sizeBytes;
      watch.onProgress(UPLOADED * (sentBytes / Math.max(1, totalBytes)));
    }
  }

  /** Asks until the job has ended; the time limit is the signal's. */
  async #follow(jobId: string, watch: ExportWatch): Promise<NonNullable<RVideoJob['result']>> {
    const { client, clock } = this.#components;
    for (;;) {
      const job = await client.readJob(jobId, watch.signal);
      watch.onProgress(UPLOADED + (WORKED - UPLOADED) * job.progress);
      if (job.state === 'failed' || job.state === 'canceled') throw this.#failure(job);
      if (job.state === 'done') {
        if (job.result) return job.result;
        throw invalidResult('is missing from a job that is done');
      }
      await delay(clock, this.#pollPeriodMs, watch.signal);
    }
  }

  async #forget(jobId: string): Promise<void> {
    const late = new AbortController();
    const timer = this.#components.clock.after(DELETE_TIMEOUT_MS, () => late.abort());
    // A service that can't be reached forgets by itself.
    await this.#components.client.deleteJob(jobId, late.signal).catch(() => undefined);
    timer.cancel();
  }

  #failure(job: RVideoJob): MediaError {
    const why = this.#components.client.show(job.error);
    const text = `rvideo: the service says that the job is ${job.state}: ${why}`;
    return new MediaError('unavailable', 'rvideo-job-failed', text);
  }
}

/** Each file once, in the order of its first piece. */
async function listSources(work: ExportWork): Promise<UploadedSource[]> {
  const sources: UploadedSource[] = [];
  for (const fullPath of new Set(work.parts.map((part) => part.fullPath))) {
    const container = await sniffContainer(fullPath);
    const { size: sizeBytes } = await stat(fullPath);
    sources.push({ fullPath, sizeBytes, container });
  }
  return sources;
}

function orderOf(
  work: ExportWork,
  sources: readonly UploadedSource[],
): Parameters<RVideoClient['createJob']>[0] {
  return {
    key: work.id,
    sources,
    maxOutputBytes: work.maxOutputBytes,
    parts: work.parts.map((part) => ({
      source: sources.findIndex((source) => source.fullPath === part.fullPath),
      ...(part.range ? { inputStart: part.range.startS, inputEnd: part.range.endS } : {}),
      marks: part.marks,
    })),
  };
}

function tooLarge(sizeBytes: number, { maxOutputBytes }: ExportWork): MediaError {
  const text = `export: the file would have ${sizeBytes} bytes, ${maxOutputBytes} are allowed`;
  return new MediaError('resource-exhausted', 'export-too-large', text);
}

function invalidResult(why: string): MediaError {
  return new MediaError('unavailable', 'rvideo-invalid-answer', `rvideo: the result ${why}`);
}
