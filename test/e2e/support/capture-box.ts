// A double of a network capture box: HTTP interface with RPC and pictures, and an RTSP stream, each of which can be unplugged.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import sharp from 'sharp';
import { z } from 'zod';
import { RtspFixture } from '../../support/rtsp-fixture.ts';
import { CardCamera, type Card } from './card-camera.ts';

/**
 * How the box answers RPC: an input has a signal, none has, with a page of errors, or never.
 * Pictures follow: a box without signal has none.
 */
export type BoxState = 'signal' | 'noInput' | 'wrong' | 'silent';

const callSchema = z.object({
  id: z.number(),
  method: z.string(),
  params: z.array(z.string()).optional(),
});

/** Sizes by which a test knows where a picture comes from. */
export const MAIN_PICTURE = { width: 96, height: 64 };
export const SNAP_PICTURE = { width: 80, height: 48 };

/** Everything listens on 127.0.0.1. Whoever starts it stops it. */
export class CaptureBox implements AsyncDisposable {
  state: BoxState = 'signal';
  /** Requests so far: `<method> <target>`, for RPC with the name of the call. */
  readonly requests: string[] = [];
  readonly #http = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy());
  });
  readonly #snaps = new Set<string>();
  #rtsp: RtspFixture | undefined;
  #rtspPort = 0;
  #camera: CardCamera | undefined;

  static async start(card: Card): Promise<CaptureBox> {
    const box = new CaptureBox();
    await new Promise<void>((resolve) => box.#http.listen(0, '127.0.0.1', resolve));
    await box.plugStream(card);
    return box;
  }

  /** `host:port` of the HTTP interface. */
  get address(): string {
    const { port } = this.#http.address() as AddressInfo; // A listening TCP server has such an address.
    return `127.0.0.1:${port}`;
  }

  /** RTSP URL of the main stream. */
  get mainUrl(): string {
    return `rtsp://127.0.0.1:${this.#rtspPort}/0`;
  }

  /** RTSP URL of a stream that nobody sends; the box has pictures of it all the same. */
  get sideUrl(): string {
    return `rtsp://127.0.0.1:${this.#rtspPort}/stream1`;
  }

  /** Switches the picture of the running stream. */
  async show(card: Card): Promise<void> {
    await this.#camera?.show(card);
  }

  /** Always at the same address. */
  async plugStream(card: Card): Promise<void> {
    this.#rtsp = await RtspFixture.start({ rtspAddress: `127.0.0.1:${this.#rtspPort}` });
    this.#rtspPort = this.#rtsp.port;
    this.#camera = await CardCamera.start(this.mainUrl, card);
  }

  /** The RTSP server is gone; the HTTP interface stays. */
  async unplugStream(): Promise<void> {
    await this.#camera?.stop();
    await this.#rtsp?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unplugStream();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const body = await text(request);
    if (this.state === 'silent') return;
    if (this.state === 'wrong') {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Internal error</h1>');
      return;
    }
    if (method === 'POST' && url === '/RPC') {
      this.#call(body, response);
      return;
    }
    this.requests.push(`${method} ${url}`);
    const snap = /^\/snap\/(\w+)\.jpg$/u.exec(url)?.[1];
    if (url === '/1.jpg') await sendPicture(response, MAIN_PICTURE);
    else if (snap !== undefined && this.#snaps.delete(snap))
      await sendPicture(response, SNAP_PICTURE);
    else if (url.startsWith('/iw/')) response.end(`box at ${url}`);
    else response.writeHead(404).end();
  }

  #call(body: string, response: ServerResponse): void {
    const { id, method, params = [] } = callSchema.parse(JSON.parse(body));
    this.requests.push(`RPC ${method}`);
    if (method === 'enc.getJPG') this.#snaps.add(params[0] ?? '');
    const avalible = this.state === 'signal';
    const inputs = [
      { name: 'HDMI1', avalible, width: 1920, height: 1080 },
      { name: 'SDI1', avalible: false },
      // Sound is no picture: it never counts.
      { name: 'Line', avalible: true },
    ];
    const result = method === 'enc.getInputState' ? inputs : true;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  }
}

async function sendPicture(
  response: ServerResponse,
  size: { readonly width: number; readonly height: number },
): Promise<void> {
  const jpeg = sharp({ create: { ...size, channels: 3, background: '#a03020' } }).jpeg();
  response.setHeader('Content-Type', 'image/jpeg');
  response.end(await jpeg.toBuffer());
}
