// A signalling client of a few lines, signed by AWS's own library; for tests of the double and scripted peers.
import { SignatureV4 } from '@smithy/signature-v4';
import type { ClientOptions } from 'ws';
import { WebSocket } from 'ws';
import { AwsSha256 } from './aws-sha256.ts';
import type { KvsDouble } from './kvs-double.ts';
import { DEFAULT_KVS_KEY } from './kvs-double.ts';
import type { KvsRole } from './kvs-relay.ts';
import type { KvsCredentials } from './sigv4-verifier.ts';

export interface SignalingCallOptions {
  readonly double: KvsDouble;
  readonly channelName: string;
  readonly role: KvsRole;
  readonly clientId?: string;
  readonly credentials?: KvsCredentials;
  /** Connects to the endpoint of the other role. */
  readonly isAtWrongEndpoint?: boolean;
  /** In place of the channel's. */
  readonly arn?: string;
}

/** A connected raw peer; `messages` grows. */
export class SignalingCall implements Disposable {
  readonly messages: Readonly<Record<string, unknown>>[] = [];
  /** Resolves with the code when the connection closes. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  #waiters: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('message', (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString()) as Record<string, unknown>);
      for (const wake of this.#waiters.splice(0)) wake();
    });
  }

  /** Resolves with the peer, or with the status of a refusal. */
  static async open(options: SignalingCallOptions): Promise<SignalingCall | number> {
    const url = await presignedUrl(options);
    const trust: ClientOptions = { ca: options.double.certificate.cert };
    const socket = new WebSocket(url, trust);
    const call = new SignalingCall(socket);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(call));
      socket.once('unexpected-response', (request, { statusCode = 0 }) => {
        request.destroy();
        resolve(statusCode);
      });
      socket.on('error', reject);
    });
  }

  /** Sends any frame. */
  sendText(text: string): void {
    this.#socket.send(text);
  }

  say(action: string, payload: unknown, more: Readonly<Record<string, string>> = {}): void {
    const messagePayload = Buffer.from(JSON.stringify(payload)).toString('base64');
    this.sendText(JSON.stringify({ action, messagePayload, ...more }));
  }

  /** Resolves when so many messages came. */
  async received(count: number): Promise<void> {
    while (this.messages.length < count) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }
}

/** A URL that is valid for 299 s. */
export async function presignedUrl(options: SignalingCallOptions): Promise<string> {
  const { double, channelName, role, clientId, credentials = DEFAULT_KVS_KEY } = options;
  const isMaster = (role === 'MASTER') !== (options.isAtWrongEndpoint === true);
  const url = new URL(isMaster ? double.endpoints.master : double.endpoints.viewer);
  const arn = options.arn ?? double.catalog.channel({ name: channelName, arn: undefined }).arn;
  const signer = new SignatureV4({
    ...{ service: 'kinesisvideo', region: double.region, sha256: AwsSha256 },
    credentials,
  });
  const { query = {} } = await signer.presign(
    {
      ...{ method: 'GET', protocol: 'wss:', hostname: url.hostname, path: '/' },
      headers: { host: url.host },
      query: {
        'X-Amz-ChannelARN': arn,
        ...(clientId === undefined ? {} : { 'X-Amz-ClientId': clientId }),
      },
    },
    { expiresIn: 299 },
  );
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  return url.href;
}
