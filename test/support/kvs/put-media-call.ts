// Sends Matroska to the sink as a client would, signed by AWS's own library; for tests of the sink itself.
import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';
import { z } from 'zod';
import { AwsSha256 } from './aws-sha256.ts';
import type { KvsDouble } from './kvs-double.ts';
import { DEFAULT_KVS_KEY } from './kvs-double.ts';
import type { KvsCredentials } from './sigv4-verifier.ts';

export interface PutMediaCallOptions {
  readonly double: KvsDouble;
  readonly streamName: string;
  readonly body: Iterable<Buffer> | AsyncIterable<Buffer>;
  /** Added; an empty value leaves a header out. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentials?: KvsCredentials;
  /** Told of each acknowledgement as it comes. */
  readonly onAck?: (ack: PutMediaAck) => void;
}

const ackSchema = z.object({
  EventType: z.string(),
  FragmentTimecode: z.number().optional(),
  FragmentNumber: z.string().optional(),
  ErrorId: z.number().optional(),
  ErrorCode: z.string().optional(),
});

export type PutMediaAck = z.infer<typeof ackSchema>;

/** What came back. */
export interface PutMediaReply {
  /** 0 when the connection broke before an answer. */
  readonly status: number;
  readonly errorType: string;
  readonly text: string;
  readonly acks: readonly PutMediaAck[];
  /** Sizes of the chunks of the answer. */
  readonly chunkCount: number;
  /** Whether the connection broke. */
  readonly isBroken: boolean;
  readonly hasContinued: boolean;
}

/** Resolves when the answer is over, however. */
export async function putMedia(options: PutMediaCallOptions): Promise<PutMediaReply> {
  const { double, streamName, body, credentials = DEFAULT_KVS_KEY } = options;
  const url = new URL(`${double.endpoints.data}/putMedia`);
  const plain: Record<string, string> = {
    host: url.host,
    'x-amzn-stream-name': streamName,
    'x-amzn-fragment-timecode-type': 'RELATIVE',
    'x-amzn-producer-start-timestamp': (Date.now() / 1000).toFixed(3),
    'x-amzn-fragment-acknowledgment-required': '1',
    'transfer-encoding': 'chunked',
    connection: 'keep-alive',
    ...options.headers,
  };
  const given = Object.entries(plain).filter(([, value]) => value !== '');
  const signer = new SignatureV4({
    ...{ service: 'kinesisvideo', region: double.region, sha256: AwsSha256 },
    credentials,
  });
  const { headers } = await signer.sign({
    ...{ method: 'POST', protocol: 'http:', hostname: url.hostname, path: '/putMedia' },
    headers: Object.fromEntries(given),
  });
  const call = httpRequest(url, { method: 'POST', headers, agent: false });
  let hasContinued = false;
  call.once('continue', () => (hasContinued = true));
  const reply = new Promise<PutMediaReply>((resolve) => {
    const broken = { status: 0, errorType: '', text: '', acks: [], chunkCount: 0, isBroken: true };
    call.on('error', () => resolve({ ...broken, hasContinued }));
    call.once('response', (response) => {
      void readReply(response, options.onAck).then((read) => resolve({ ...read, hasContinued }));
    });
  });
  call.flushHeaders();
  const over = reply.then(() => true);
  for await (const chunk of body) {
    if (call.destroyed || call.writableFinished) break;
    const drained = new Promise<boolean>((resolve) => call.write(chunk, () => resolve(false)));
    if (await Promise.race([drained, over])) break;
  }
  call.end();
  const result = await reply;
  call.destroy();
  return result;
}

async function readReply(
  response: IncomingMessage,
  onAck: PutMediaCallOptions['onAck'],
): Promise<Omit<PutMediaReply, 'hasContinued'>> {
  const errorType = String(response.headers['x-amzn-errortype'] ?? '');
  const acks: PutMediaAck[] = [];
  let [text, rest, chunkCount, isBroken] = ['', '', 0, false];
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      chunkCount += 1;
      text += String(chunk);
      rest += String(chunk);
      // Acknowledgements are flat objects.
      for (let end = rest.indexOf('}'); end >= 0; end = rest.indexOf('}')) {
        const object = ackSchema.safeParse(parse(rest.slice(rest.indexOf('{'), end + 1)));
        rest = rest.slice(end + 1);
        if (!object.success) continue;
        acks.push(object.data);
        onAck?.(object.data);
      }
    }
  } catch {
    isBroken = true;
  }
  return { status: response.statusCode ?? 0, errorType, text, acks, chunkCount, isBroken };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
