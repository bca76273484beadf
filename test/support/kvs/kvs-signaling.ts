// The signalling WebSockets: presigned URLs, roles, limits of connections; messages go through KvsRelay.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { ChangeWaiters } from './change-waiters.ts';
import type { KvsCatalog, KvsChannel } from './kvs-catalog.ts';
import type { KvsCall, KvsFailures } from './kvs-failures.ts';
import { applyUpgradeFailure } from './kvs-failures.ts';
import { invalidArgument, KvsFault } from './kvs-fault.ts';
import { faultHeaders } from './kvs-listener.ts';
import type { KvsRelayOptions, KvsRole } from './kvs-relay.ts';
import { KvsPeer, KvsRelay } from './kvs-relay.ts';
import { RateWindow } from './rate-window.ts';
import type { SigV4Verifier } from './sigv4-verifier.ts';

interface Components {
  readonly catalog: KvsCatalog;
  readonly verifier: SigV4Verifier;
  readonly failures: KvsFailures;
}

export interface KvsSignalingOptions extends KvsRelayOptions {
  /** Connects per second, channel and role. */
  readonly connectsPerSecond: number;
  readonly maxViewers: number;
  /** How long a connection lives; ms. */
  readonly maxConnectionMs: number;
  /** How long it may be silent; ms. */
  readonly idleMs: number;
}

/** A peer that is part of the test: it has no socket. */
export interface LocalPeerOptions {
  readonly channelName: string;
  readonly role: KvsRole;
  /** Of a viewer. */
  readonly clientId?: string;
  /** What the service delivers, as parsed JSON. */
  readonly onMessage: (message: Readonly<Record<string, unknown>>) => void;
  readonly onClose?: () => void;
}

/** Speaks for a local peer. */
export interface LocalPeer extends Disposable {
  readonly peer: KvsPeer;
  /** Sends as its WebSocket would; `payload` becomes base64 of JSON. */
  readonly say: (action: string, payload: unknown, recipientClientId?: string) => void;
}

/** Frames above this end the connection with 1009. */
const MAX_FRAME_BYTES = 128 << 10;
const WAIT_MS = 10_000;

/** All channels. */
export class KvsSignaling implements Disposable {
  readonly #parts: Components;
  readonly #options: KvsSignalingOptions;
  readonly #relays = new Map<string, KvsRelay>();
  readonly #rates = new Map<string, RateWindow>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #waiters = new ChangeWaiters();
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES });

  constructor(components: Components, options: KvsSignalingOptions) {
    this.#parts = components;
    this.#options = options;
  }

  /** Peers of a channel. @throws KvsFault when there is no such channel. */
  relay(channelName: string): KvsRelay {
    return this.#relayOf(this.#parts.catalog.channel({ name: channelName, arn: undefined }));
  }

  /** Joins the test itself as master or viewer. */
  joinLocally(options: LocalPeerOptions): LocalPeer {
    const { channelName, role, clientId = '', onMessage, onClose } = options;
    const relay = this.relay(channelName);
    const peer = new KvsPeer(role, clientId, {
      // A message of the service is an object.
      sendText: (text) => onMessage(JSON.parse(text) as Record<string, unknown>),
      close: () => onClose?.(),
    });
    relay.join(peer);
    this.#waiters.changed();
    const say = (action: string, payload: unknown, recipientClientId?: string): void => {
      const messagePayload = Buffer.from(JSON.stringify(payload)).toString('base64');
      relay.receive(peer, JSON.stringify({ action, messagePayload, recipientClientId }));
      this.#waiters.changed();
    };
    const leave = (): void => {
      relay.leave(peer);
      this.#waiters.changed();
    };
    return { peer, say, [Symbol.dispose]: leave };
  }

  /** Resolves when `find` finds something; looked at after each join, leave and message. */
  waitFor<T>(find: () => T | undefined, timeoutMs = WAIT_MS): Promise<T> {
    const describe = (): string => `signalling: not so after ${timeoutMs} ms`;
    return this.#waiters.waitFor(find, { timeoutMs, describe });
  }

  /** The master of a channel, once there is one. */
  masterOf(channelName: string, timeoutMs = WAIT_MS): Promise<KvsPeer> {
    return this.waitFor(() => this.relay(channelName).master, timeoutMs);
  }

  /** The viewer of that name, or any, once there is one. */
  viewerOf(channelName: string, clientId?: string, timeoutMs = WAIT_MS): Promise<KvsPeer> {
    return this.waitFor(() => {
      const relay = this.relay(channelName);
      return clientId === undefined ? relay.viewers[0] : relay.viewer(clientId);
    }, timeoutMs);
  }

  /** An upgrade on the endpoint of a role. */
  upgrade(role: KvsRole, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { url: target = '', headers, method = '' } = request;
    const operation = role === 'MASTER' ? 'connectAsMaster' : 'connectAsViewer';
    const call: KvsCall = {
      ...{ operation, headers, target, body: undefined, status: 0, errorType: undefined },
    };
    const failure = this.#parts.failures.take(operation);
    this.#parts.failures.note(call);
    socket.on('error', () => undefined);
    try {
      if (failure !== undefined) {
        applyUpgradeFailure(failure, socket);
        return;
      }
      this.#parts.verifier.verifyUrl({ method, target, headers });
      const { relay, clientId } = this.#admit(role, target);
      call.status = 101;
      this.#server.handleUpgrade(request, socket, head, (webSocket) => {
        this.#open(relay, new KvsPeer(role, clientId, linkOf(webSocket)), webSocket);
      });
    } catch (error) {
      const fault =
        error instanceof KvsFault ? error : new KvsFault('InternalFailure', String(error));
      [call.status, call.errorType] = [fault.status, fault.type];
      refuse(socket, fault);
    }
  }

  /** Closes the peers of a channel that was deleted. */
  dropChannel(channel: KvsChannel): void {
    for (const peer of this.#relays.get(channel.arn)?.peers ?? []) peer.close();
    this.#relays.delete(channel.arn);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const relay of this.#relays.values()) for (const peer of relay.peers) peer.close(1006);
    this.#server.close();
  }

  #admit(role: KvsRole, target: string): { relay: KvsRelay; clientId: string } {
    const url = new URL(target, 'wss://double');
    if (url.pathname !== '/') throw invalidArgument(`path ${url.pathname}`);
    const arn = url.searchParams.get('X-Amz-ChannelARN') ?? '';
    if (arn === '') throw invalidArgument('X-Amz-ChannelARN is missing');
    const clientId = url.searchParams.get('X-Amz-ClientId') ?? '';
    if (role === 'MASTER' && clientId !== '') throw invalidArgument('a master has no ClientId');
    if (role === 'VIEWER') checkClientId(clientId);
    const channel = this.#parts.catalog.channel({ name: undefined, arn });
    const relay = this.#relayOf(channel);
    const key = `${role} ${arn}`;
    const rate = this.#rates.get(key) ?? new RateWindow(this.#options.connectsPerSecond);
    this.#rates.set(key, rate);
    if (!rate.take(this.#options.now())) throw tooMany('connects per second');
    const isNew = role === 'VIEWER' && relay.viewer(clientId) === undefined;
    if (isNew && relay.viewers.length >= this.#options.maxViewers) throw tooMany('viewers');
    return { relay, clientId };
  }

  #open(relay: KvsRelay, peer: KvsPeer, webSocket: WebSocket): void {
    const life = this.#after(this.#options.maxConnectionMs, () => peer.close(1001, 'lifetime'));
    const idle = this.#after(this.#options.idleMs, () => peer.close(1001, 'idle'));
    webSocket.on('error', () => undefined);
    webSocket.on('message', (data: RawData, isBinary: boolean) => {
      idle.refresh();
      if (isBinary) peer.violations.push('a binary frame');
      else relay.receive(peer, textOf(data));
      this.#waiters.changed();
    });
    webSocket.once('close', () => {
      for (const timer of [life, idle]) {
        clearTimeout(timer);
        this.#timers.delete(timer);
      }
      relay.leave(peer);
      this.#waiters.changed();
    });
    relay.join(peer);
    this.#waiters.changed();
  }

  #after(delayMs: number, action: () => void): NodeJS.Timeout {
    const timer = setTimeout(action, delayMs);
    this.#timers.add(timer);
    return timer;
  }

  #relayOf(channel: KvsChannel): KvsRelay {
    const relay = this.#relays.get(channel.arn) ?? new KvsRelay(channel, this.#options);
    this.#relays.set(channel.arn, relay);
    return relay;
  }
}

function linkOf(webSocket: WebSocket): ConstructorParameters<typeof KvsPeer>[2] {
  return {
    sendText: (text) => webSocket.send(text),
    close: (code, reason) => {
      // 1006 cannot be sent: it means that no close frame came.
      if (code === 1006) webSocket.terminate();
      else webSocket.close(code, reason);
    },
  };
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.from(data instanceof ArrayBuffer ? new Uint8Array(data) : data).toString('utf8');
}

function checkClientId(clientId: string): void {
  if (!/^[a-zA-Z0-9_.-]{1,256}$/u.test(clientId) || clientId.startsWith('AWS_')) {
    throw invalidArgument(`X-Amz-ClientId "${clientId}"`);
  }
}

function tooMany(what: string): KvsFault {
  return new KvsFault('ClientLimitExceededException', `too many ${what}`);
}

function refuse(socket: Duplex, fault: KvsFault): void {
  const body = JSON.stringify(fault.body);
  const headers = { ...faultHeaders(fault), 'Content-Length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${fault.status} ${fault.type}`, ...lines, 'Connection: close'];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
