// Video streams of Kinesis: made ready, their data endpoints found, PutMedia requests signed.
import { delay, type Clock } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';
import type { AwsClient } from './aws-client.ts';
import { namedEndpoint } from './aws-endpoint.ts';
import { dataEndpointAnswer, readAnswer, streamAnswer } from './kinesis-answers.ts';

/** What streams work with. */
export interface KinesisStreamsComponents {
  readonly clock: Clock;
  readonly client: AwsClient;
}

/** Settings of streams. */
export interface KinesisStreamsOptions {
  /** Makes a stream that does not exist. */
  readonly createIfMissing: boolean;
  /** Longest wait for a new stream. Default 60 s. */
  readonly activeTimeoutMs?: number;
}

/** A stream that is wanted. */
export interface WantedStream {
  readonly name: string;
  /** 0 = nothing is kept. */
  readonly retentionHours: number;
  /** E.g. `video/h264,audio/aac`. */
  readonly mediaType: string;
}

interface StreamState {
  readonly status: string;
  readonly retentionHours: number;
}

interface KnownEndpoint {
  readonly url: URL;
  /** Monotonic. */
  readonly askedMs: number;
}

const POLL_MS = 1000;
const ACTIVE_TIMEOUT_MS = 60_000;
/** AWS moves streams between hosts. */
const ENDPOINT_LIFE_MS = 45 * 60_000;
const MAX_ENDPOINTS = 1000;

/** The control plane of one region, seen from a producer. */
export class KinesisStreams {
  readonly #components: KinesisStreamsComponents;
  readonly #options: KinesisStreamsOptions;
  readonly #endpoints = new Map<string, KnownEndpoint>();

  constructor(components: KinesisStreamsComponents, options: KinesisStreamsOptions) {
    this.#components = components;
    this.#options = options;
  }

  get region(): string {
    return this.#components.client.endpoint.region;
  }

  /**
   * Waits until the stream can be written to; says how long it really keeps what is written.
   * @throws MediaError `aws-not-found` that names stream and region; deadline-exceeded
   * `aws-stream-not-active`; as AwsClient.call().
   */
  async prepare(
    wanted: WantedStream,
    signal: AbortSignal,
  ): Promise<{ readonly retentionHours: number }> {
    const { clock } = this.#components;
    const { activeTimeoutMs = ACTIVE_TIMEOUT_MS } = this.#options;
    const startedMs = clock.monotonicMs();
    let isCreated = false;
    for (;;) {
      const state = await this.#describe(wanted.name, signal, isCreated);
      if (!state) {
        await this.#create(wanted, signal);
        isCreated = true;
      } else if (state.status === 'ACTIVE' || state.status === 'UPDATING') {
        return { retentionHours: state.retentionHours };
      }
      if (clock.monotonicMs() - startedMs >= activeTimeoutMs) {
        throw notActive(wanted.name, state?.status ?? 'CREATING', activeTimeoutMs);
      }
      await delay(clock, POLL_MS, signal);
    }
  }

  /** Where PutMedia goes; asked for anew after 45 minutes. @throws MediaError as AwsClient.call(). */
  async dataEndpoint(name: string, signal: AbortSignal): Promise<URL> {
    const { clock, client } = this.#components;
    const known = this.#endpoints.get(name);
    const nowMs = clock.monotonicMs();
    if (known && nowMs - known.askedMs < ENDPOINT_LIFE_MS) return new URL(known.url);
    const action = 'kinesisvideo:GetDataEndpoint';
    const answer = await client.call({
      ...{ path: '/getDataEndpoint', action, subject: subjectOf(name), signal },
      body: { APIName: 'PUT_MEDIA', StreamName: name },
    });
    const { DataEndpoint } = readAnswer(dataEndpointAnswer, answer, action);
    const url = namedEndpoint(client.endpoint, DataEndpoint, 'https');
    const [oldest] = this.#endpoints.keys();
    if (this.#endpoints.size >= MAX_ENDPOINTS && oldest !== undefined) this.forget(oldest);
    this.#endpoints.set(name, { url, askedMs: nowMs });
    return new URL(url);
  }

  /** The endpoint did not work: the next dataEndpoint() asks again. */
  forget(name: string): void {
    this.#endpoints.delete(name);
  }

  /** AWS refused the keys that signed these headers: the next request asks for others. */
  forgetCredentials(headers: Readonly<Record<string, string>>): void {
    this.#components.client.forgetCredentials(headers);
  }

  /**
   * All headers of a request whose body is not signed, as PutMedia wants it.
   * @throws MediaError as AwsSigner.headers().
   */
  sign(
    request: {
      readonly method: string;
      readonly url: URL;
      readonly headers: Readonly<Record<string, string>>;
    },
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    const { method, url, headers } = request;
    return this.#components.client.headers({ method, url, headers }, signal);
  }

  /** Undefined when there is none and one may be made, or was made a moment ago. */
  async #describe(
    name: string,
    signal: AbortSignal,
    isCreated: boolean,
  ): Promise<StreamState | undefined> {
    const action = 'kinesisvideo:DescribeStream';
    try {
      const answer = await this.#components.client.call({
        ...{ path: '/describeStream', action, subject: subjectOf(name), signal },
        body: { StreamName: name },
      });
      const { StreamInfo } = readAnswer(streamAnswer, answer, action);
      return { status: StreamInfo.Status, retentionHours: StreamInfo.DataRetentionInHours };
    } catch (thrown) {
      const isMissing = thrown instanceof MediaError && thrown.code === 'aws-not-found';
      if (!isMissing || !this.#options.createIfMissing) throw thrown;
      return isCreated ? { status: 'CREATING', retentionHours: 0 } : undefined;
    }
  }

  async #create(
    { name, retentionHours, mediaType }: WantedStream,
    signal: AbortSignal,
  ): Promise<void> {
    const action = 'kinesisvideo:CreateStream';
    try {
      await this.#components.client.call({
        ...{ path: '/createStream', action, subject: subjectOf(name), signal },
        body: { StreamName: name, DataRetentionInHours: retentionHours, MediaType: mediaType },
      });
    } catch (thrown) {
      // Somebody else was faster.
      if (!(thrown instanceof MediaError) || thrown.code !== 'aws-in-use') throw thrown;
    }
  }
}

function subjectOf(name: string): string {
  return `stream '${name}'`;
}

function notActive(name: string, status: string, timeoutMs: number): MediaError {
  const state = /^[A-Z_]{1,30}$/u.test(status) ? status : 'not active';
  const message = `stream '${name}' is still ${state} after ${timeoutMs} ms`;
  return new MediaError('deadline-exceeded', 'aws-stream-not-active', message);
}
