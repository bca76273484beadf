// The WebRTC sessions of the façade: opened by any of its dialects, named by an id, ended when idle.
import type { Clock } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import type { PathGrant, PathManager } from '../../../core/path/path-manager.ts';
import type { CreatedSession, SessionRequest } from '../../../core/webrtc/session-manager.ts';
import { openLocalSession, type LocalSessionManager } from '../session/local-session.ts';
import { SignalingSessions } from '../session/signaling-sessions.ts';
import type { Go2rtcOptions } from './go2rtc-options.ts';

/** What the sessions work with. */
export interface Go2rtcPeersComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly paths: Pick<PathManager, 'grant'>;
  /** Absent when WebRTC is switched off. */
  readonly manager?: LocalSessionManager | undefined;
}

/** An offer of a client. */
export interface PeerRequest {
  /** `read`: the client watches. `publish`: it sends. */
  readonly direction: 'read' | 'publish';
  readonly pathName: string;
  /** As go2rtc names the way of signalling, e.g. `webrtc/json`. */
  readonly format: string;
  readonly offer: string;
  readonly client: {
    readonly user: string;
    readonly ip: string;
    readonly query: string;
    readonly userAgent: string;
  };
  readonly signal: AbortSignal;
}

/** Every session is the façade's own: its id is all that is needed. */
const BINDING = 'go2rtc';

/** Create, trickle, close. */
export class Go2rtcPeers {
  readonly #components: Go2rtcPeersComponents;
  readonly #sessions: SignalingSessions;
  readonly #formats = new Map<string, string>();
  readonly #maxFormats: number;

  constructor(components: Go2rtcPeersComponents, options: Go2rtcOptions) {
    this.#components = components;
    this.#maxFormats = 2 * options.maxSessions;
    const { idleTimeoutMs, sweepPeriodMs, maxSessions } = options;
    this.#sessions = new SignalingSessions(components, {
      ...{ idleTimeoutMs, sweepPeriodMs, maxSessions },
      idleCountsMedia: true,
    });
  }

  get count(): number {
    return this.#sessions.count;
  }

  /** How the session of this public id was signalled; undefined for those of others. */
  formatOf(publicId: string): string | undefined {
    return this.#formats.get(publicId);
  }

  start(): void {
    this.#sessions.start();
  }

  /** Ends every session. Idempotent. */
  close(): void {
    const reason = new MediaError('unavailable', 'server-stopping', 'the server is stopping');
    this.#sessions.closeAll(reason);
  }

  /** @throws MediaError as WebRtcSessionManager, `webrtc-not-available`, `too-many-sessions`. */
  async open(request: PeerRequest): Promise<{ readonly id: string; readonly answer: string }> {
    const { direction, pathName, client, offer, signal } = request;
    const manager = this.#noting(request.format);
    const identity = {
      user: client.user,
      remoteAddress: client.ip,
      query: client.query,
      userAgent: client.userAgent,
    };
    const grant = this.grant(pathName, client.user);
    return await this.#sessions.create(BINDING, () =>
      openLocalSession(manager, direction, { grant, identity, offer, signal }),
    );
  }

  /** @throws MediaError as PathManager.grant(). */
  grant(pathName: string, user: string): PathGrant {
    return this.#components.paths.grant(pathName, { user });
  }

  /** @throws MediaError `session-not-found`, `invalid-candidate`. */
  async addCandidate(id: string, candidate: string): Promise<void> {
    await this.#sessions.addCandidate({ id, binding: BINDING }, candidate);
  }

  /** @throws MediaError `session-not-found`. */
  end(id: string): void {
    this.#sessions.close({ id, binding: BINDING });
  }

  /** The manager, noting which public id belongs to which way of signalling. */
  #noting(format: string): LocalSessionManager {
    const { manager } = this.#components;
    if (!manager) {
      throw new MediaError('unavailable', 'webrtc-not-available', 'WebRTC is switched off');
    }
    const note = (created: CreatedSession): CreatedSession => {
      const [oldest] = this.#formats.keys();
      if (this.#formats.size >= this.#maxFormats && oldest !== undefined) {
        this.#formats.delete(oldest);
      }
      this.#formats.set(created.id, format);
      return created;
    };
    return {
      createViewer: async (asked: SessionRequest) => note(await manager.createViewer(asked)),
      createPublisher: async (asked: SessionRequest) => note(await manager.createPublisher(asked)),
      addCandidate: (secret, candidate) => manager.addCandidate(secret, candidate),
      find: (secret) => manager.find(secret),
      close: (secret) => manager.close(secret),
      candidates: () => manager.candidates(),
    };
  }
}
