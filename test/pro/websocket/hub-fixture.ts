// A running hub behind a real listener, and clients that keep what they receive.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { HttpListener } from '../../../core/http/http-listener.ts';
import type { AccessGate } from '../../../core/http/route.ts';
import { Router } from '../../../core/http/router.ts';
import { systemClock } from '../../../core/base/clock.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import { EventBus } from '../../../pro/events/event-bus.ts';
import type { HubOptions } from '../../../pro/websocket/hub-options.ts';
import { WebSocketHub } from '../../../pro/websocket/websocket-hub.ts';
import { FakeClock } from '../../support/fake-clock.ts';

export interface HubFixture extends AsyncDisposable {
  readonly hub: WebSocketHub;
  readonly bus: EventBus;
  readonly clock: FakeClock;
  readonly url: string;
  readonly port: number;
}

/** A hub whose time only the test moves. */
export async function startHub(
  options: Partial<HubOptions> = {},
  access: AccessGate = () => Promise.resolve({ user: '' }),
): Promise<HubFixture> {
  const clock = new FakeClock();
  const bus = new EventBus(silentLogger);
  const hub = new WebSocketHub(
    { clock, logger: silentLogger, events: bus, fileUrlOf: (path) => `http://h/res${path}` },
    options,
  );
  const listener = new HttpListener(
    {
      router: new Router([], [hub.route]),
      access,
      clock: systemClock,
      logger: silentLogger,
    },
    {
      address: { host: '127.0.0.1', port: 0 },
      addressKey: 'apiAddress',
      cors: { allowOrigins: ['*'] },
    },
  );
  hub.start();
  await listener.start();
  const { port } = listener.address;
  const close = async (): Promise<void> => {
    await hub.close();
    await listener.close();
  };
  const url = `ws://127.0.0.1:${port}/ws`;
  return { hub, bus, clock, port, url, [Symbol.asyncDispose]: close };
}

/** A client of the `ws` package; `texts` holds every message. */
export class TestClient {
  readonly socket: WebSocket;
  readonly texts: string[] = [];
  readonly closed: Promise<number>;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.socket = new WebSocket(url, { headers, perMessageDeflate: true });
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.on('message', (data, isBinary) => {
      const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
      this.texts.push(isBinary ? 'binary' : bytes.toString());
    });
    this.socket.on('error', () => undefined);
  }

  static async open(url: string): Promise<TestClient> {
    const client = new TestClient(url);
    await once(client.socket, 'open');
    return client;
  }

  /** Resolves when `count` messages have arrived. */
  async received(count: number): Promise<readonly unknown[]> {
    while (this.texts.length < count) await once(this.socket, 'message');
    return this.texts.map((text): unknown => JSON.parse(text));
  }
}

/** HTTP status of a refused handshake. */
export function refusedStatus(client: TestClient): Promise<number> {
  return new Promise((resolve) => {
    client.socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });
}

/** Resolves when the server saw what happened to a client; both ends do not learn it at once. */
export async function noticed(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !isSo(); turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(isSo(), `not noticed: ${isSo.toString()}`);
}
