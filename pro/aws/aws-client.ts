// Calls of AWS's JSON over HTTPS: signed, bounded, repeated only when AWS is busy.
import { delay, type Clock } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';
import { PinnedHttpClient, type OutgoingReply } from '../../core/http/pinned-http-client.ts';
import type { AwsCredentialProvider } from './aws-credentials.ts';
import { endpointPolicy, type AwsEndpoint } from './aws-endpoint.ts';
import { awsFailure, isExpiredToken, isTransient } from './aws-failure.ts';
import { retryDelayMs } from './retry-delay.ts';
import { AwsSigner, signingKeyId, type SignableRequest } from './aws-signer.ts';

/** What calls work with. */
export interface AwsClientComponents {
  readonly clock: Clock;
  readonly credentials: AwsCredentialProvider;
  /** 0..1; Math.random in production. */
  readonly random: () => number;
  /** Default: one that reaches the endpoint and nothing inside this machine. */
  readonly http?: Pick<PinnedHttpClient, 'request'>;
}

/** One call. */
export interface AwsCall {
  /** Default: the control plane. */
  readonly base?: URL;
  /** E.g. `/describeStream`. */
  readonly path: string;
  /** As IAM names it, e.g. `kinesisvideo:DescribeStream`. */
  readonly action: string;
  /** What it is about, for errors: `stream 'cam'`. */
  readonly subject: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
}

interface SignedReply {
  readonly reply: OutgoingReply;
  /** Of the request. */
  readonly headers: Readonly<Record<string, string>>;
}

const MAX_ATTEMPTS = 5;
const TIMEOUT_MS = 10_000;
const MAX_RESPONSE_BYTES = 256 * 1024;

/** Asks one region's Kinesis Video Streams. */
export class AwsClient {
  readonly endpoint: AwsEndpoint;
  readonly #components: AwsClientComponents;
  readonly #http: Pick<PinnedHttpClient, 'request'>;
  readonly #signer: AwsSigner;

  constructor(components: AwsClientComponents, endpoint: AwsEndpoint) {
    const { clock, http } = components;
    this.endpoint = endpoint;
    this.#components = components;
    this.#signer = new AwsSigner(components, endpoint.region);
    this.#http =
      http ??
      new PinnedHttpClient(
        { clock, policy: endpointPolicy(endpoint) },
        {
          schemes: endpoint.isCustom ? ['http', 'https'] : ['https'],
          ...{ timeoutMs: TIMEOUT_MS, maxResponseBytes: MAX_RESPONSE_BYTES },
        },
      );
  }

  /** Wall time in ms; what signatures are dated with. */
  get nowMs(): number {
    return this.#components.clock.nowMs();
  }

  /**
   * The answer's JSON.
   * @throws MediaError by AWS's name for the refusal (see awsFailure()), `aws-answer-invalid`, and as
   * PinnedHttpClient.request() and AwsSigner.headers().
   */
  async call(call: AwsCall): Promise<unknown> {
    const { clock, random } = this.#components;
    let mayRenew = true;
    for (let attempt = 0; ; attempt++) {
      const { reply, headers } = await this.#send(call);
      if (reply.status === 200) return parseJson(reply, call);
      const answer = { ...reply, body: reply.body.toString('utf8') };
      if (isExpiredToken(answer) && mayRenew) {
        mayRenew = false;
        this.forgetCredentials(headers);
        continue;
      }
      if (!isTransient(answer) || attempt + 1 >= MAX_ATTEMPTS) {
        const { action, subject } = call;
        const { region } = this.endpoint;
        const failure = awsFailure(answer, { action, subject, region, nowMs: clock.nowMs() });
        // Keys of a role may have been replaced before their end.
        if (failure.code === 'aws-credentials-refused') this.forgetCredentials(headers);
        throw failure;
      }
      await delay(clock, retryDelayMs(attempt, random()), call.signal);
    }
  }

  /** As AwsSigner.headers(). */
  headers(request: SignableRequest, signal: AbortSignal): Promise<Record<string, string>> {
    return this.#signer.headers(request, signal);
  }

  /** As AwsSigner.url(). */
  signUrl(url: URL, signal: AbortSignal): Promise<URL> {
    return this.#signer.url(url, signal);
  }

  /** AWS refused the keys that signed this: the next request asks for others. */
  forgetCredentials(signed: URL | Readonly<Record<string, string>>): void {
    this.#components.credentials.forget(signingKeyId(signed));
  }

  async #send({ base = this.endpoint.url, path, body, signal }: AwsCall): Promise<SignedReply> {
    const url = new URL(base);
    url.pathname = url.pathname.replace(/\/$/u, '') + path;
    const text = JSON.stringify(body);
    const headers = await this.#signer.headers(
      { method: 'POST', url, headers: { 'content-type': 'application/json' }, body: text },
      signal,
    );
    const reply = await this.#http.request({
      ...{ method: 'POST', url: url.href, headers, body: text, signal },
    });
    return { reply, headers };
  }
}

function parseJson({ body }: OutgoingReply, { action }: AwsCall): unknown {
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch (cause) {
    const message = `AWS answered ${action} with what is no JSON`;
    throw new MediaError('unavailable', 'aws-answer-invalid', message, { cause });
  }
}
