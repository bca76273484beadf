// AWS as a list of answers, and what it was asked.
import type { Clock } from '../../../core/base/clock.ts';
import type { OutgoingReply, OutgoingRequest } from '../../../core/http/pinned-http-client.ts';
import { AwsClient } from '../../../pro/aws/aws-client.ts';
import { awsEndpoint } from '../../../pro/aws/aws-endpoint.ts';
import type { AwsCredentials } from '../../../pro/aws/aws-credentials.ts';

/** One answer; 200 by default. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly type?: string;
  readonly body?: unknown;
  readonly date?: string;
}

export const KEYS: AwsCredentials = { accessKeyId: 'AKIDCANARY', secretAccessKey: 'secretcanary' };

/** Answers in order; the last one again and again. */
export class AwsDouble {
  readonly requests: OutgoingRequest[] = [];
  readonly answers: ScriptedAnswer[];
  /** Ids of the keys that were forgotten. */
  readonly forgotten: (string | undefined)[] = [];

  constructor(...answers: ScriptedAnswer[]) {
    this.answers = answers;
  }

  /** `POST /path {body}` of each request. */
  get asked(): string[] {
    return this.requests.map(({ url, body }) => `${new URL(url).pathname} ${String(body)}`);
  }

  client(clock: Clock, endpoint?: string): AwsClient {
    return new AwsClient(
      {
        ...{ clock, random: () => 1, http: this },
        credentials: {
          get: () => Promise.resolve(KEYS),
          forget: (id) => void this.forgotten.push(id),
        },
      },
      awsEndpoint({ region: 'eu-central-1', endpoint }),
    );
  }

  request(request: OutgoingRequest): Promise<OutgoingReply> {
    const answer = this.answers[Math.min(this.requests.length, this.answers.length - 1)] ?? {};
    this.requests.push(request);
    const { status = 200, type, body = {}, date } = answer;
    return Promise.resolve({
      status,
      headers: {
        ...(type === undefined ? {} : { 'x-amzn-errortype': type }),
        ...(date === undefined ? {} : { date }),
      },
      body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    });
  }
}

/** Lets everything that is ready happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
