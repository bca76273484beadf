// Speaks the protocol of apidocs/rvideo.md: five requests to an external codec service.
import { openAsBlob } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';
import { bytesOf, RVideoHttp, type RVideoHttpOptions } from './rvideo-http.ts';
import type { Container } from './sniff-container.ts';

/** What the service is asked to do. */
export interface RVideoOrder {
  /** UUID; the same order sent twice makes one job. */
  readonly key: string;
  readonly sources: readonly { readonly sizeBytes: number; readonly container: Container }[];
  readonly parts: readonly {
    /** Index in `sources`. */
    readonly source: number;
    readonly inputStart?: number;
    readonly inputEnd?: number;
    readonly marks: readonly { readonly seconds: number; readonly content: string }[];
  }[];
  readonly maxOutputBytes: number;
}

/** State of a job there. */
export type RVideoJob = z.infer<typeof jobSchema>;

/** A file from or for the service. */
export interface RVideoTransfer {
  readonly jobId: string;
  /** Absolute name. */
  readonly file: string;
}

const MAX_DURATION_S = 366 * 86_400;
const jobSchema = z.object({
  /** Becomes part of URLs. */
  id: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/u),
  state: z.enum(['waiting', 'queued', 'running', 'done', 'failed', 'canceled']),
  progress: z.number().min(0).max(1).default(0),
  error: z.string().max(10_000).default(''),
  result: z
    .object({
      sizeBytes: z.int().min(1),
      durationS: z.number().min(0).max(MAX_DURATION_S).optional(),
    })
    .optional(),
});

/** One service; keeps no state of jobs. */
export class RVideoClient {
  readonly #http: RVideoHttp;

  /** @throws MediaError `invalid-argument` `rvideo-url-invalid`. */
  constructor(clock: Clock, options: RVideoHttpOptions) {
    this.#http = new RVideoHttp(clock, options);
  }

  /** What the service said, short and without secrets. */
  show(text: string): string {
    return this.#http.show(text);
  }

  async createJob(order: RVideoOrder, signal: AbortSignal): Promise<RVideoJob> {
    const { key, sources, parts, maxOutputBytes } = order;
    const body = {
      key,
      output: { container: 'mp4', video: 'h264', audio: 'aac', maxBytes: maxOutputBytes },
      sources: sources.map(({ sizeBytes, container }) => ({
        sizeBytes,
        container: container === 'mov' ? 'mp4' : 'mpegts',
      })),
      parts,
    };
    const answer = await this.#http.sendJson(
      {
        method: 'POST',
        path: '/v1/jobs',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
        accepts: [200, 201, 202],
      },
      signal,
    );
    return this.#readJob(answer);
  }

  /** Uploads one source; repeating it replaces what came before. */
  async uploadSource(
    { jobId, file, index, container }: RVideoTransfer & { index: number; container: Container },
    signal: AbortSignal,
  ): Promise<void> {
    const type = container === 'mov' ? 'video/mp4' : 'video/mp2t';
    await this.#http.send(
      {
        method: 'PUT',
        path: `/v1/jobs/${jobId}/sources/${index}`,
        headers: { 'content-type': type },
        body: await openAsBlob(file, { type }),
        isTransfer: true,
        accepts: [200, 201, 204],
      },
      drain,
      signal,
    );
  }

  async readJob(jobId: string, signal: AbortSignal): Promise<RVideoJob> {
    const path = `/v1/jobs/${jobId}`;
    const answer = await this.#http.sendJson({ method: 'GET', path, accepts: [200] }, signal);
    return this.#readJob(answer);
  }

  /**
   * Downloads the result into a new file.
   * @throws MediaError `unavailable` `rvideo-invalid-answer` when it has another length than announced.
   */
  async downloadResult(
    { jobId, file, sizeBytes }: RVideoTransfer & { readonly sizeBytes: number },
    signal: AbortSignal,
  ): Promise<void> {
    const path = `/v1/jobs/${jobId}/result`;
    await this.#http.send(
      { method: 'GET', path, isTransfer: true, accepts: [200] },
      async (answer) => {
        // What an attempt before left behind.
        await rm(file, { force: true });
        await using output = await open(file, 'wx');
        let received = 0;
        for await (const chunk of bytesOf(answer)) {
          received += chunk.length;
          if (received > sizeBytes) break;
          await output.write(chunk);
        }
        if (received !== sizeBytes) throw wrongLength(received, sizeBytes);
        await output.sync();
      },
      signal,
    );
  }

  /** Tells the service to forget a job; one that is gone is fine. */
  async deleteJob(jobId: string, signal: AbortSignal): Promise<void> {
    const path = `/v1/jobs/${jobId}`;
    await this.#http.send({ method: 'DELETE', path, accepts: [200, 204, 404] }, drain, signal);
  }

  #readJob(answer: unknown): RVideoJob {
    const job = jobSchema.safeParse(answer);
    if (job.success) return job.data;
    const [issue] = job.error.issues;
    const where = issue?.path.map(String).join('.') ?? '';
    const text = `rvideo: the service answered a job whose '${where}' is not understood`;
    throw new MediaError('unavailable', 'rvideo-invalid-answer', text);
  }
}

async function drain(answer: Response): Promise<void> {
  await answer.body?.cancel();
}

function wrongLength(received: number, announced: number): MediaError {
  const text = `rvideo: the result has ${received} bytes or more, ${announced} were announced`;
  return new MediaError('unavailable', 'rvideo-invalid-answer', text);
}
