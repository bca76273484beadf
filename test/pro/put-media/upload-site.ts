// An uploader with a service of its own and a sink at the other end, for tests.
import assert from 'node:assert/strict';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import { parseKvsForwardUrl } from '../../../pro/put-media/kvs-forward-url.ts';
import { Pace } from '../../../pro/put-media/pace.ts';
import type { PutMediaService } from '../../../pro/put-media/put-media-service.ts';
import { PutMediaUploader } from '../../../pro/put-media/put-media-uploader.ts';
import { DEFAULT_UPLOAD_LIMITS, type UploadLimits } from '../../../pro/put-media/upload-limits.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { EPOCH_MS, testFragment } from './put-media-media.ts';
import { PutMediaSink, type SinkScript } from './put-media-sink.ts';
import { until } from './until.ts';

/** What a test sets; the sink takes everything otherwise. */
export interface SiteOptions {
  readonly script?: SinkScript;
  readonly limits?: Partial<UploadLimits>;
  readonly query?: string;
  readonly service?: Partial<PutMediaService>;
}

/** An uploader, its service and its sink. */
export class UploadSite implements AsyncDisposable {
  readonly clock = new FakeClock(EPOCH_MS);
  readonly logger = new RecordingLogger();
  readonly calls: string[] = [];
  readonly abort = new AbortController();
  readonly sink: PutMediaSink;
  readonly uploader: PutMediaUploader;
  forwardingCalls = 0;
  readonly troubles: string[] = [];
  result: 'done' | MediaError | undefined;
  #finished: Promise<void> | undefined;

  constructor(sink: PutMediaSink, { limits, query, service }: SiteOptions) {
    const { clock, logger } = this;
    this.sink = sink;
    const url = `kvs://us-west-2/cam?${query ?? ''}`;
    this.uploader = new PutMediaUploader(
      {
        ...{ clock, logger, random: () => 0, connects: new Pace(4) },
        service: { ...this.#service(), ...service },
      },
      {
        destination: parseKvsForwardUrl(url),
        limits: {
          ...DEFAULT_UPLOAD_LIMITS,
          maxFragmentsPerSecond: Number.POSITIVE_INFINITY,
          ...limits,
        },
        onForwarding: () => this.forwardingCalls++,
        onTrouble: ({ code }) => this.troubles.push(code),
      },
    );
  }

  /** Fragments that arrived on each connection: index of each, after the ids of headers. */
  get arrived(): string[] {
    return this.sink.connections.map(({ lines }) =>
      lines.map((line) => line.replace(/^C\d+ /u, '')).join(' '),
    );
  }

  get stats(): PutMediaUploader['stats'] {
    return this.uploader.stats;
  }

  start(): void {
    this.#finished = this.uploader.run(this.abort.signal).then(
      () => void (this.result = 'done'),
      (thrown: unknown) => void (this.result = toMediaError(thrown)),
    );
  }

  push(from: number, to = from): void {
    for (let index = from; index <= to; index++) this.uploader.fragment(testFragment(index));
  }

  async confirmed(count: number): Promise<void> {
    await this.until(() => this.stats.fragmentsPersisted === count);
  }

  until(condition: () => boolean, stepMs = 1): Promise<void> {
    return until(condition, { clock: this.clock, stepMs });
  }

  failure(): MediaError {
    assert.ok(this.result instanceof MediaError, String(this.result));
    return this.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort.abort(new MediaError('canceled', 'test', 'over'));
    await this.#finished;
    assert.equal(this.clock.pendingTimers, 0, 'timers are left');
    await this.sink[Symbol.asyncDispose]();
  }

  #service(): PutMediaService {
    const { calls } = this;
    return {
      prepare: ({ name, retentionHours, mediaType }) => {
        calls.push(`prepare ${name} ${retentionHours} ${mediaType}`);
        return Promise.resolve({ retentionHours });
      },
      dataEndpoint: () => {
        calls.push('endpoint');
        return Promise.resolve(this.sink.url);
      },
      forget: (name) => void calls.push(`forget ${name}`),
      forgetCredentials: ({ authorization = '' }) => {
        calls.push(authorization === 'secret' ? 'forget credentials' : 'forget other credentials');
      },
      sign: ({ headers }) => {
        calls.push('sign');
        return Promise.resolve({ ...headers, authorization: 'secret' });
      },
    };
  }
}

/** Begins to run at once. */
export async function openSite(options: SiteOptions = {}): Promise<UploadSite> {
  const sink = await new PutMediaSink(options.script).listen();
  const made = new UploadSite(sink, options);
  made.start();
  return made;
}
