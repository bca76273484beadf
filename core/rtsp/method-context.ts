// What a method of the RTSP server works with: the request, the connection and the parts of the server.
import type { Clock } from '../base/clock.ts';
import type { PathGrant, PathManager } from '../path/path-manager.ts';
import type { FanoutRegistry } from './fanout-registry.ts';
import type { RtspConnection } from './rtsp-connection.ts';
import type { RtspRequest, RtspResponse } from './rtsp-message.ts';
import type { RtspTarget, RtspUrl } from './rtsp-url.ts';
import type { ServerSession } from './server-session.ts';
import type { UdpPorts } from './udp-ports.ts';

/** The parts of the server that methods use. */
export interface MethodServices {
  readonly pathManager: Pick<
    PathManager,
    'authorize' | 'publish' | 'redirectOf' | 'waitForStream' | 'read'
  >;
  readonly clock: Clock;
  readonly fanouts: FanoutRegistry;
  /** Undefined when UDP is switched off. */
  readonly udp: UdpPorts | undefined;
  readonly isTcpAllowed: boolean;
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
}

/** The connection as methods see it. */
export interface MethodConnection {
  readonly transport: RtspConnection;
  readonly isEncrypted: boolean;
  /** Aborted when the connection closes. */
  readonly signal: AbortSignal;
  /** The session made on this connection that has not ended. */
  readonly session: ServerSession | undefined;
  /** @throws MediaError as PathManager.authorize; asks only once for the same right. */
  authorize(
    action: 'publish' | 'read',
    target: RtspTarget,
    request: RtspRequest,
  ): Promise<PathGrant>;
  /** Makes the session of this connection. @throws MediaError when it has one already. */
  openSession(grant: PathGrant, target: RtspTarget): ServerSession;
  /**
   * The session that a request names, or that of the connection when it names none.
   * @throws MediaError `rtsp-session-not-found` when the named one is unknown or another client's.
   */
  findSession(request: RtspRequest): ServerSession | undefined;
}

/** One request on its way through a method. */
export interface MethodContext {
  readonly services: MethodServices;
  readonly connection: MethodConnection;
  readonly request: RtspRequest;
}

/** As MethodContext, for methods whose URL names a path. */
export interface TargetContext extends MethodContext {
  readonly url: RtspUrl;
  readonly target: RtspTarget;
}

/** What a method answers; CSeq and Server are added by the connection. */
export interface MethodResult {
  readonly response: RtspResponse;
  /** Called right after the response was queued, in the same turn. */
  readonly afterResponse?: () => void;
}
