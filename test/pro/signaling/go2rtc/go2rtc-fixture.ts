// The go2rtc API on a real listener, over real paths, with hands on the clock.
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { MediaError } from '../../../../core/base/media-error.ts';
import type { PathManager } from '../../../../core/path/path-manager.ts';
import type { Go2rtcOptions } from '../../../../pro/signaling/go2rtc/go2rtc-options.ts';
import {
  Go2rtcServer,
  type Go2rtcServerComponents,
} from '../../../../pro/signaling/go2rtc/go2rtc-server.ts';
import type { PathRegistrar } from '../../../../pro/signaling/go2rtc/stream-directory.ts';
import { ManagerFixture } from '../../../core/webrtc/manager-fixture.ts';
import { httpRequest, type TestReply, type TestRequest } from '../../../support/http-client.ts';

/** Keeps what it was told; refuses hosts called `refused`. */
export class NotingRegistrar implements PathRegistrar {
  readonly calls: string[] = [];
  readonly sources = new Map<string, string>();

  async register(name: string, sourceUrl: string): Promise<void> {
    this.calls.push(`register ${name} ${sourceUrl}`);
    // A turn later, so that calls in parallel could get in between.
    await Promise.resolve();
    if (sourceUrl.includes('refused')) {
      throw new MediaError('invalid-argument', 'bad-source', `source '${sourceUrl}' is refused`);
    }
    this.sources.set(name, sourceUrl);
  }

  async unregister(name: string): Promise<void> {
    this.calls.push(`unregister ${name}`);
    await Promise.resolve();
    this.sources.delete(name);
  }
}

export interface Go2rtcSetup {
  readonly options?: Partial<Go2rtcOptions>;
  readonly paths?: string;
  readonly components?: Partial<Go2rtcServerComponents>;
  /** Instead of one that only notes. */
  readonly registrar?: (paths: PathManager) => PathRegistrar;
}

/** One façade and whoever calls it. */
export class Go2rtcFixture implements AsyncDisposable {
  readonly core: ManagerFixture;
  readonly registrar: NotingRegistrar;
  readonly server: Go2rtcServer;
  readonly #clients: SocketTester[] = [];

  private constructor(core: ManagerFixture, registrar: NotingRegistrar, server: Go2rtcServer) {
    this.core = core;
    this.registrar = registrar;
    this.server = server;
  }

  static async start(setup: Go2rtcSetup = {}): Promise<Go2rtcFixture> {
    const core = new ManagerFixture(setup.paths ?? '{ cam: {}, other: {}, all_others: {} }');
    const registrar = new NotingRegistrar();
    const { clock, logger, manager, pathManager: paths, sessions } = core;
    const server = new Go2rtcServer(
      {
        ...{ clock, logger, manager, paths, sessions, ...setup.components },
        registrar: setup.registrar?.(paths) ?? registrar,
      },
      { address: { host: '127.0.0.1', port: 0 }, ...setup.options },
    );
    core.pathManager.start();
    await server.start();
    return new Go2rtcFixture(core, registrar, server);
  }

  get port(): number {
    return this.server.address.port;
  }

  call(
    method: string,
    path: string,
    more: Omit<TestRequest, 'port' | 'method' | 'path'> = {},
  ): Promise<TestReply> {
    return httpRequest({ port: this.port, method, path, ...more });
  }

  /** Adds a stream; several sources are parameters of their own. */
  put(name: string, ...sources: readonly string[]): Promise<TestReply> {
    const query = new URLSearchParams({ name });
    for (const source of sources) query.append('src', source);
    return this.call('PUT', `/api/streams?${query.toString()}`);
  }

  async socket(
    query: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<SocketTester> {
    const client = new SocketTester(`ws://127.0.0.1:${this.port}/api/ws${query}`, headers);
    this.#clients.push(client);
    await once(client.socket, 'open');
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#clients) socket.terminate();
    await this.server.close();
  }
}

/** A client of `/api/ws` that keeps every message. */
export class SocketTester {
  readonly socket: WebSocket;
  readonly messages: { readonly type: string; readonly value: unknown }[] = [];
  readonly closed: Promise<number>;
  readonly #wakers = new Set<() => void>();

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.socket = new WebSocket(url, { headers });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code) => {
        resolve(code);
        this.#wake();
      });
    });
    this.socket.on('message', (data) => {
      const value: unknown = JSON.parse(Buffer.from(data as Buffer).toString());
      if (typeof value === 'object' && value !== null && 'type' in value) {
        this.messages.push({ value: undefined, ...value, type: String(value.type) });
      }
      this.#wake();
    });
  }

  send(type: string, value?: unknown): void {
    this.socket.send(JSON.stringify({ type, value }));
  }

  /** The first message of a type, taken out; undefined when the connection ends before. */
  async next(...types: readonly string[]): Promise<{ type: string; value: unknown } | undefined> {
    for (;;) {
      const index = this.messages.findIndex(({ type }) => types.includes(type));
      if (index >= 0) return this.messages.splice(index, 1)[0];
      if (this.socket.readyState === WebSocket.CLOSED) return undefined;
      await new Promise<void>((resolve) => this.#wakers.add(resolve));
    }
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
  }
}
