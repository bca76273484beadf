// A camera on 127.0.0.1: answers RTSP as told, sends RTP over TCP or UDP, goes away and comes back, counts connections.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import {
  createRequest,
  createResponse,
  formatFrame,
  formatMessage,
  type RtspRequest,
} from '../../core/rtsp/rtsp-message.ts';
import { RtspHeaders } from '../../core/rtsp/rtsp-headers.ts';
import { RtspParser } from '../../core/rtsp/rtsp-parser.ts';
import {
  formatTransport,
  parseTransportHeader,
  type TransportPair,
} from '../../core/rtsp/transport-header.ts';
import type { SelfSignedPair } from './self-signed-pair.ts';

/** One connection of a client. */
export interface CameraConnection {
  readonly socket: Socket;
  /** Where each track's packets go, in the order of SETUP. */
  readonly targets: CameraTarget[];
}

/** Channels, or the client's UDP ports. */
export type CameraTarget =
  | { readonly type: 'tcp'; readonly channels: TransportPair }
  | { readonly type: 'udp'; readonly ports: TransportPair };

/** Text to send as it is, or undefined to stay silent. */
export type CameraAnswer = (
  request: RtspRequest,
  connection: CameraConnection,
) => string | undefined;

/** What kind of camera it is. */
export interface FakeCameraOptions {
  /** Answers by method; the others are those of a well-behaved camera. */
  readonly answers?: Readonly<Record<string, CameraAnswer>>;
  readonly sdp?: string;
  readonly tls?: SelfSignedPair;
}

/** Video H264 at trackID=0 (payload type 96) and audio PCMA at trackID=1 (payload type 8). */
export const CAMERA_SDP = [
  'v=0',
  'o=- 0 0 IN IP4 127.0.0.1',
  's=camera',
  't=0 0',
  'a=control:*',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  'a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z2QAM6zoAoALWQ==,aO48MA==',
  'a=control:trackID=0',
  'm=audio 0 RTP/AVP 8',
  'a=control:trackID=1',
  '',
].join('\r\n');

const LOOPBACK = '127.0.0.1';

/** Whoever starts it stops it, best with `await using`. */
export class FakeCamera implements AsyncDisposable {
  readonly requests: RtspRequest[] = [];
  /** Channel and payload of what the client sent over TCP. */
  readonly frames: (readonly [number, Buffer])[] = [];
  /** What came to the camera's UDP ports. */
  readonly datagrams: { readonly isRtcp: boolean; readonly bytes: Buffer }[] = [];
  /** May be changed at any time. */
  readonly answers: Record<string, CameraAnswer | undefined>;
  totalConnections = 0;
  /** Answers to what the camera asked. */
  responses = 0;

  readonly #options: FakeCameraOptions;
  readonly #connections = new Set<CameraConnection>();
  readonly #waits = new Set<() => void>();
  #server: Server | undefined;
  #rtp: UdpSocket | undefined;
  #rtcp: UdpSocket | undefined;
  #port = 0;

  private constructor(options: FakeCameraOptions) {
    this.#options = options;
    this.answers = { ...options.answers };
  }

  static async start(options: FakeCameraOptions = {}): Promise<FakeCamera> {
    const camera = new FakeCamera(options);
    camera.#rtp = await camera.#openUdp(false);
    camera.#rtcp = await camera.#openUdp(true);
    await camera.comeBack();
    return camera;
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  get port(): number {
    return this.#port;
  }

  get udpPorts(): TransportPair {
    return { rtp: this.#rtp?.address().port ?? 0, rtcp: this.#rtcp?.address().port ?? 0 };
  }

  /** The newest connection. */
  get connection(): CameraConnection {
    const newest = [...this.#connections].at(-1);
    if (newest === undefined) throw new Error('no client is connected');
    return newest;
  }

  /** `tcp` or `udp` of the newest connection's first track. */
  get transport(): string | undefined {
    return this.connection.targets[0]?.type;
  }

  /** URL of the camera; `credentials` as they stand before the `@`. */
  url(credentials = ''): string {
    const scheme = this.#options.tls ? 'rtsps' : 'rtsp';
    const userInfo = credentials === '' ? '' : `${credentials}@`;
    return `${scheme}://${userInfo}${LOOPBACK}:${this.#port}/cam`;
  }

  methods(): string[] {
    return this.requests.map(({ method }) => method);
  }

  /** Resolves when `condition` holds; looked at after everything that happens to the camera. */
  async waitUntil(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#waits.add(() => resolve(undefined));
      await promise;
    }
  }

  waitForRequests(method: string, count = 1): Promise<void> {
    return this.waitUntil(
      () => this.requests.filter((request) => request.method === method).length >= count,
    );
  }

  waitForNobody(): Promise<void> {
    return this.waitUntil(() => this.#connections.size === 0);
  }

  /** Sends a packet of a track over what its SETUP asked for. */
  sendRtp(trackIndex: number, packet: Uint8Array): void {
    const { targets, socket } = this.connection;
    const target = targets[trackIndex];
    if (target?.type === 'tcp') socket.write(formatFrame(target.channels.rtp, packet));
    else if (target) this.#rtp?.send(packet, target.ports.rtp, LOOPBACK);
  }

  sendRtcp(trackIndex: number, packet: Uint8Array): void {
    const { targets, socket } = this.connection;
    const target = targets[trackIndex];
    if (target?.type === 'tcp') socket.write(formatFrame(target.channels.rtcp, packet));
    else if (target) this.#rtcp?.send(packet, target.ports.rtcp, LOOPBACK);
  }

  /** Asks the client something. */
  ask(method: string): void {
    const headers = RtspHeaders.of({ CSeq: '1' });
    this.connection.socket.write(formatMessage(createRequest(method, '*', { headers })));
  }

  /** Loses power: connections are reset, new ones refused. */
  async goAway(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const { socket } of this.#connections) {
      if (this.#options.tls) socket.destroy();
      else socket.resetAndDestroy();
    }
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    await closed;
  }

  /** Listens, on the same port as before. */
  async comeBack(): Promise<void> {
    const { tls } = this.#options;
    const server = tls
      ? createTlsServer({ ...tls }, (socket) => this.#accept(socket))
      : createServer((socket) => this.#accept(socket));
    this.#server = server;
    server.listen(this.#port, LOOPBACK);
    await once(server, 'listening');
    const address = server.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.goAway();
    for (const socket of [this.#rtp, this.#rtcp]) socket?.close();
  }

  #accept(socket: Socket): void {
    const connection: CameraConnection = { socket, targets: [] };
    this.#connections.add(connection);
    socket.setNoDelay(true);
    this.totalConnections++;
    const parser = new RtspParser({
      onRequest: (request) => this.#onRequest(request, connection),
      onResponse: () => this.responses++,
      onFrame: (channel, payload) => this.frames.push([channel, Buffer.from(payload)]),
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        parser.push(chunk);
      } catch {
        socket.destroy();
      }
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#connections.delete(connection);
      this.#wake();
    });
    this.#wake();
  }

  #onRequest(request: RtspRequest, connection: CameraConnection): void {
    this.requests.push(request);
    if (request.method === 'SETUP') noteTarget(request, connection);
    const answer = this.answers[request.method];
    const text = answer ? answer(request, connection) : this.answer(request);
    if (text !== undefined) connection.socket.write(Buffer.from(text, 'latin1'));
  }

  /** What a well-behaved camera says. */
  answer(request: RtspRequest): string {
    switch (request.method) {
      case 'OPTIONS':
        return reply(request, 200, {
          Public: 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN',
        });
      case 'DESCRIBE':
        return describeReply(request, this.#options.sdp ?? CAMERA_SDP);
      case 'SETUP':
        return reply(request, 200, {
          Session: '12345678;timeout=60',
          Transport: this.transportAnswer(request),
        });
      default:
        return reply(request, 200, { Session: '12345678' });
    }
  }

  /** The Transport header that takes what the client asks for. */
  transportAnswer(request: RtspRequest): string {
    const [asked] = parseTransportHeader(request.headers.get('Transport') ?? '');
    if (!asked) throw new Error('SETUP without Transport');
    const isUdp = asked.lowerTransport === 'udp';
    return formatTransport(isUdp ? { ...asked, serverPort: this.udpPorts } : asked);
  }

  async #openUdp(isRtcp: boolean): Promise<UdpSocket> {
    const socket = createSocket('udp4');
    socket.on('message', (bytes) => {
      this.datagrams.push({ isRtcp, bytes });
      this.#wake();
    });
    socket.bind(0, LOOPBACK);
    await once(socket, 'listening');
    return socket;
  }

  #wake(): void {
    const waits = [...this.#waits];
    this.#waits.clear();
    for (const wake of waits) wake();
  }
}

/** The text of an answer to `request`. */
export function reply(
  request: RtspRequest,
  statusCode: number,
  headers: Readonly<Record<string, string>> = {},
): string {
  const fields = RtspHeaders.of({ CSeq: request.headers.get('CSeq'), ...headers });
  return formatMessage(createResponse(statusCode, { headers: fields })).toString('latin1');
}

/** A DESCRIBE answer with this description. */
export function describeReply(request: RtspRequest, sdp: string): string {
  const headers = RtspHeaders.of({
    CSeq: request.headers.get('CSeq'),
    'Content-Base': `${request.url}/`,
    'Content-Type': 'application/sdp',
  });
  const body = Buffer.from(sdp, 'latin1');
  return formatMessage(createResponse(200, { headers, body })).toString('latin1');
}

/** Answers with a recorded text whatever is asked; only CSeq follows the request. */
export function replay(text: string): CameraAnswer {
  return (request) => text.replace(/^CSeq:.*$/imu, `CSeq: ${request.headers.get('CSeq') ?? ''}`);
}

/** An RTP packet with the given fields; marked unless told otherwise. */
export function cameraPacket(options: {
  readonly payloadType: number;
  readonly sequence: number;
  readonly ticks?: number;
  readonly payload?: Uint8Array;
  readonly isMarked?: boolean;
}): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = options.payloadType | (options.isMarked === false ? 0 : 0x80);
  header.writeUInt16BE(options.sequence & 0xffff, 2);
  header.writeUInt32BE((options.ticks ?? 0) >>> 0, 4);
  header.writeUInt32BE(0x1234, 8);
  // An IDR slice; for other codecs just bytes.
  return Buffer.concat([header, options.payload ?? Uint8Array.of(0x65, 0x88, 0x84, 0)]);
}

function noteTarget(request: RtspRequest, { targets }: CameraConnection): void {
  const [asked] = parseTransportHeader(request.headers.get('Transport') ?? '');
  if (asked?.interleaved) targets.push({ type: 'tcp', channels: asked.interleaved });
  else if (asked?.clientPort) targets.push({ type: 'udp', ports: asked.clientPort });
}
