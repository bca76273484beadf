// What Home Assistant does with a go2rtc server, request by request, in the order of its integration.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { z } from 'zod';

const infoSchema = z.object({ version: z.string() });
const streamsSchema = z.record(
  z.string(),
  z.object({ producers: z.array(z.object({ url: z.string() })).nullable() }),
);
const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('webrtc'), value: z.object({ type: z.string(), sdp: z.string() }) }),
  z.object({ type: z.literal('webrtc/candidate'), value: z.string() }),
  z.object({ type: z.literal('error'), value: z.string() }),
]);

/** A camera as Home Assistant knows it. */
export interface HomeCamera {
  readonly entityId: string;
  readonly source: string;
}

/** A client with the manners of Home Assistant's own. */
export class Go2rtcClient {
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Versions from 1.9.13 to below 2. */
  async checkVersion(): Promise<void> {
    const { version } = infoSchema.parse(await this.#json('GET', '/api'));
    const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
    assert.equal(major, 1, version);
    assert.ok(minor > 9 || (minor === 9 && patch >= 13), version);
  }

  /** URLs of the producers of each stream. */
  async sourcesByStream(): Promise<ReadonlyMap<string, readonly string[]>> {
    const streams = streamsSchema.parse(await this.#json('GET', '/api/streams'));
    return new Map(
      Object.entries(streams).map(([name, { producers }]) => [
        name,
        (producers ?? []).map(({ url }) => url),
      ]),
    );
  }

  /** Done before each offer; returns whether the stream had to be put. */
  async ensureStream({ entityId, source }: HomeCamera): Promise<boolean> {
    const known = (await this.sourcesByStream()).get(entityId);
    if (known?.includes(source) === true) return false;
    const query = new URLSearchParams({ name: entityId });
    query.append('src', source);
    query.append('src', `ffmpeg:${entityId}#audio=opus#query=log_level=debug`);
    query.append('src', `ffmpeg:${entityId}#video=mjpeg`);
    await this.#call('PUT', `/api/streams?${query.toString()}`);
    return true;
  }

  async schemes(): Promise<readonly string[]> {
    return z.array(z.string()).parse(await this.#json('GET', '/api/schemes'));
  }

  async preload(method: 'PUT' | 'DELETE', entityId: string): Promise<void> {
    await this.#call(method, `/api/preload?src=${encodeURIComponent(entityId)}`);
  }

  async preloaded(): Promise<readonly string[]> {
    return Object.keys(
      z.record(z.string(), z.unknown()).parse(await this.#json('GET', '/api/preload')),
    );
  }

  async snapshot(entityId: string, size: { width: number; height: number }): Promise<Buffer> {
    const query = new URLSearchParams({ src: entityId, ...mapValues(size) });
    const reply = await this.#call('GET', `/api/frame.jpeg?${query.toString()}`);
    assert.equal(reply.headers.get('content-type'), 'image/jpeg');
    return Buffer.from(await reply.arrayBuffer());
  }

  /** The answer to an offer over POST, as JSON. */
  async offer(entityId: string, sdp: string): Promise<string> {
    const path = `/api/webrtc?src=${encodeURIComponent(entityId)}`;
    const answer = z
      .object({ type: z.literal('answer'), sdp: z.string() })
      .parse(await this.#json('POST', path, { type: 'offer', sdp }));
    return answer.sdp;
  }

  /** The answer to an offer over the WebSocket, with candidates before and after it. */
  async offerOverSocket(entityId: string, sdp: string): Promise<string> {
    const url = `${this.#origin.replace('http', 'ws')}/api/ws?src=${encodeURIComponent(entityId)}`;
    const socket = new WebSocket(url);
    await once(socket, 'open');
    try {
      const answer = new Promise<string>((resolve, reject) => {
        socket.on('message', (data) => {
          const text = Buffer.from(data as Buffer).toString();
          const { data: message } = messageSchema.safeParse(JSON.parse(text));
          if (message?.type === 'webrtc') resolve(message.value.sdp);
          if (message?.type === 'error')
            reject(new assert.AssertionError({ message: message.value }));
        });
        socket.once('close', () => reject(new assert.AssertionError({ message: 'closed' })));
      });
      const candidate = 'candidate:1 1 udp 2130706431 127.0.0.1 50000 typ host';
      const ice_servers = [{ urls: ['stun:stun.example.com:3478'] }];
      const send = (type: string, value: unknown): void =>
        socket.send(JSON.stringify({ type, value }));
      send('webrtc/candidate', candidate);
      send('webrtc', { type: 'offer', sdp, ice_servers });
      send('webrtc/candidate', candidate);
      return await answer;
    } finally {
      socket.close();
    }
  }

  async #json(method: string, path: string, body?: unknown): Promise<unknown> {
    return await (await this.#call(method, path, body)).json();
  }

  async #call(method: string, path: string, body?: unknown): Promise<Response> {
    const reply = await fetch(`${this.#origin}${path}`, {
      method,
      signal: AbortSignal.timeout(10_000),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    });
    if (reply.ok) return reply;
    const message = `${method} ${path}: ${reply.status} ${await reply.text()}`;
    throw new assert.AssertionError({ message });
  }
}

function mapValues(size: {
  readonly width: number;
  readonly height: number;
}): Record<string, string> {
  return { width: String(size.width), height: String(size.height) };
}
