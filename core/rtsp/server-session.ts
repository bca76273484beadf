// One RTSP session: its place in the registry, the publisher or reader it became, and its end.
import { randomUUID } from 'node:crypto';
import type { Principal } from '../auth/access-request.ts';
import { expiryOf } from '../auth/expiry.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import type { Session, SessionState } from '../path/session-registry.ts';
import type { RtspConnection } from './rtsp-connection.ts';
import { SessionPublisher } from './session-publisher.ts';
import { SessionReader } from './session-reader.ts';

/** What becomes of a session. */
export type SessionRole = SessionPublisher | SessionReader;

/** What a session needs. */
export interface ServerSessionComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once, when everything was freed. */
  readonly onClosed: (session: ServerSession) => void;
}

/** Who opened the session, for what. */
export interface ServerSessionOptions {
  readonly connection: RtspConnection;
  readonly isEncrypted: boolean;
  readonly principal: Principal;
  readonly userAgent: string;
  readonly path: string;
  readonly query: string;
}

interface ByteCounts {
  readonly inbound: number;
  readonly outbound: number;
}

/** A session without a request or RTCP for this long ends (RFC 2326 section 12.37). */
export const SESSION_TIMEOUT_SECONDS = 60;

/** A session that publishes or reads one path. */
export class ServerSession implements Session {
  readonly id = randomUUID();
  /** What the client shows in its Session header; unlike `id` it is told to nobody else. */
  readonly secret = randomUUID();
  readonly type: string;
  readonly createdAt: number;
  readonly remoteAddress: string;
  readonly remoteIp: string;
  readonly path: string;
  readonly query: string;
  readonly user: string;
  readonly userAgent: string;
  readonly logger: Logger;

  readonly #components: ServerSessionComponents;
  readonly #principal: Principal;
  /** Bytes of the connection before this session, and since. */
  readonly #before: ByteCounts;
  #since: ByteCounts = { inbound: 0, outbound: 0 };
  /** The connection that the session dies with: the one it was made on, until it plays over UDP. */
  #connection: RtspConnection | undefined;
  #role: SessionRole | undefined;
  #lastRequestMs: number;
  #isClosed = false;

  constructor(components: ServerSessionComponents, options: ServerSessionOptions) {
    this.#components = components;
    const { inboundBytes, outboundBytes } = options.connection;
    this.#before = { inbound: inboundBytes, outbound: outboundBytes };
    this.#connection = options.connection;
    this.type = options.isEncrypted ? 'rtspsSession' : 'rtspSession';
    this.createdAt = components.clock.nowMs();
    this.remoteAddress = options.connection.remoteAddress;
    this.remoteIp = options.connection.remoteIp;
    this.path = options.path;
    this.query = options.query;
    this.user = options.principal.user;
    this.#principal = options.principal;
    this.userAgent = options.userAgent;
    this.logger = components.logger.scope(`session ${this.id.slice(0, 8)}`);
    this.#lastRequestMs = components.clock.monotonicMs();
  }

  get state(): SessionState {
    if (!this.#role?.isActive) return 'idle';
    return this.#role.kind;
  }

  /** How media travel, as the Control API spells it; null before the first SETUP. */
  get transport(): 'TCP' | 'UDP' | null {
    switch (this.#role?.transport) {
      case 'tcp':
        return 'TCP';
      case 'udp':
        return 'UDP';
      case undefined:
        return null;
    }
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get publisher(): SessionPublisher | undefined {
    return this.#role instanceof SessionPublisher ? this.#role : undefined;
  }

  get reader(): SessionReader | undefined {
    return this.#role instanceof SessionReader ? this.#role : undefined;
  }

  /** What the session does; set once, right after its making. */
  setRole(role: SessionRole): void {
    this.#role = role;
  }

  /** Whether `connection` may use this session: over TCP only its own, over UDP any of the same client. */
  isUsableFrom(connection: RtspConnection): boolean {
    if (this.#connection === connection) return true;
    return this.#role?.transport === 'udp' && connection.remoteIp === this.remoteIp;
  }

  /** A request for this session came in. */
  noteRequest(): void {
    this.#lastRequestMs = this.#components.clock.monotonicMs();
  }

  onFrame(channel: number, payload: Uint8Array): void {
    this.#role?.onFrame(channel, payload);
  }

  onReadEnd(isInsideFrame: boolean): void {
    this.#role?.onReadEnd(isInsideFrame);
  }

  onDrain(): void {
    this.#role?.onDrain();
  }

  /** The connection that the session was made on is gone; media over UDP go on without it. */
  onConnectionClosed(reason: MediaError): void {
    this.#countConnection();
    this.#connection = undefined;
    if (this.#role?.isActive && this.#role.transport === 'udp') return;
    this.close(reason);
  }

  /** Ends the session when its time, or that of its token, is over. `nowMs` is monotonic. */
  tick(nowMs: number): void {
    const expired = expiryOf(this.#principal, this.#components.clock.nowMs());
    const reason = expired ?? this.#role?.tick(nowMs) ?? this.#timeout(nowMs);
    if (reason) this.close(reason);
  }

  stats(): Readonly<Record<string, number>> {
    const udp = this.#role?.udpBytes ?? { inbound: 0, outbound: 0 };
    const connection = this.#countConnection();
    return {
      inboundBytes: connection.inbound + udp.inbound,
      outboundBytes: connection.outbound + udp.outbound,
      inboundRTPPackets: 0,
      inboundRTPPacketsLost: 0,
      inboundRTPPacketsInError: 0,
      inboundRTPPacketsJitter: 0,
      outboundRTPPackets: 0,
      outboundRTPPacketsReportedLost: 0,
      outboundRTPPacketsDiscarded: 0,
      outboundRTCPPackets: 0,
      ...this.#role?.stats(),
    };
  }

  /** Ends the session, and its connection too when media travelled in it, as the peer does. */
  close(reason: MediaError): void {
    this.#end(reason, true);
  }

  /** Ends the session by TEARDOWN: the connection stays for the next one. */
  tearDown(): void {
    this.#end(new MediaError('canceled', 'rtsp-torn-down', 'torn down by the client'), false);
  }

  #end(reason: MediaError, isConnectionEnded: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const isTcp = this.#role?.transport === 'tcp';
    const { outboundBytes } = this.stats();
    this.#role?.close(outboundBytes);
    this.logger.info(`closed: ${reason.message}`);
    this.#components.onClosed(this);
    if (isConnectionEnded && isTcp) this.#connection?.end(reason);
  }

  /** What the connection carried for this session; stays when the connection is gone. */
  #countConnection(): ByteCounts {
    if (this.#connection) {
      const { inboundBytes, outboundBytes } = this.#connection;
      const { inbound, outbound } = this.#before;
      this.#since = { inbound: inboundBytes - inbound, outbound: outboundBytes - outbound };
    }
    return this.#since;
  }

  /** Readers over TCP live as long as they take what they are sent. */
  #timeout(nowMs: number): MediaError | undefined {
    const role = this.#role;
    if (role?.isActive && (role.kind === 'publish' || role.transport === 'tcp')) return undefined;
    const newestMs = Math.max(this.#lastRequestMs, this.reader?.lastRtcpMs ?? 0);
    if (nowMs - newestMs <= SESSION_TIMEOUT_SECONDS * 1000) return undefined;
    return new MediaError(
      'deadline-exceeded',
      'rtsp-session-timeout',
      `no request and no report for ${SESSION_TIMEOUT_SECONDS} s`,
    );
  }
}
