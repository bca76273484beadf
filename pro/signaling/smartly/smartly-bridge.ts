// The Smartly dialect: who may have a token, what a token is exchanged for, and the sessions that follow.
import type { Clock } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import type { IceServer } from '../../../core/webrtc/ice-server-provider.ts';
import type { EngineSession } from '../session/engine-session.ts';
import { openLocalSession, type LocalSessionManager } from '../session/local-session.ts';
import { SignalingSessions } from '../session/signaling-sessions.ts';
import { ClientGate, type TokenRequestFacts } from './client-gate.ts';
import {
  EntityDirectory,
  type EntityPaths,
  type EntityTarget,
  type PathRegistrar,
} from './entity-directory.ts';
import { Go2rtcEngine } from './go2rtc-engine.ts';
import {
  formatToken,
  parseCandidate,
  parseFields,
  parseHangup,
  parseOffer,
  type OfferMessage,
} from './smartly-messages.ts';
import type { SmartlyClient, SmartlyOptions } from './smartly-options.ts';
import { TokenStore, type TokenHolder } from './token-store.ts';

/** What the dialect works with. */
export interface SmartlyComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly paths: EntityPaths;
  /** Absent when WebRTC is switched off. */
  readonly manager?: LocalSessionManager | undefined;
  /** TURN servers with credentials for one client. */
  readonly turnServers: (signal?: AbortSignal) => Promise<readonly IceServer[]>;
  readonly registrar?: PathRegistrar | undefined;
  /** URL by which an external go2rtc reads a path of this server. */
  readonly pathUrl?: (pathName: string) => string | undefined;
}

/** A message that belongs to an entity. */
export interface EntityMessage {
  readonly entityId: string;
  readonly body: Uint8Array;
  readonly ip: string;
  readonly userAgent: string;
  readonly signal: AbortSignal;
}

/** Numbers of the dialect; times in seconds. */
export interface SmartlyStats {
  readonly active_tokens: number;
  readonly active_sessions: number;
  readonly token_ttl: number;
  readonly session_timeout: number;
}

const SHORTEST_SECRET_CHARS = 32;
/** How much of a token or session id the log shows: enough to find it again, too little to use it. */
const TOKEN_LOG_CHARS = 12;
const SESSION_LOG_CHARS = 6;

/** Everything behind the four endpoints; knows bodies and codes, but no HTTP. */
export class SmartlyBridge {
  readonly #components: SmartlyComponents;
  readonly #options: SmartlyOptions;
  readonly #logger: Logger;
  readonly #gate: ClientGate;
  readonly #directory: EntityDirectory;
  readonly #tokens: TokenStore;
  readonly #sessions: SignalingSessions;
  readonly #go2rtc: Go2rtcEngine;

  /** @throws MediaError `invalid-argument` for an address range of a client that is none. */
  constructor(components: SmartlyComponents, options: SmartlyOptions) {
    const { clock, paths, registrar } = components;
    const logger = components.logger.scope('smartly');
    this.#components = components;
    this.#options = options;
    this.#logger = logger;
    this.#gate = new ClientGate(clock, options);
    this.#directory = new EntityDirectory({ paths, registrar }, options);
    this.#tokens = new TokenStore(clock, options.tokenTtlMs);
    this.#go2rtc = new Go2rtcEngine(
      { clock, logger },
      { url: options.go2rtcUrl, timeoutMs: options.go2rtcTimeoutMs },
    );
    this.#sessions = new SignalingSessions(
      { clock, logger },
      {
        idleTimeoutMs: options.sessionIdleTimeoutMs,
        sweepPeriodMs: options.cleanupIntervalMs,
        idleCountsMedia: options.idleCountsMedia,
        maxSessions: options.maxSessions,
        onSwept: (idleCount) => this.#afterSweep(idleCount),
      },
    );
  }

  get options(): SmartlyOptions {
    return this.#options;
  }

  get stats(): SmartlyStats {
    return {
      active_tokens: this.#tokens.count,
      active_sessions: this.#sessions.count,
      token_ttl: this.#options.tokenTtlMs / 1000,
      session_timeout: this.#options.sessionIdleTimeoutMs / 1000,
    };
  }

  /** Registers the paths of entities with sources and begins to sweep. */
  start(): void {
    for (const { id, secret } of this.#options.clients) {
      if (secret.length >= SHORTEST_SECRET_CHARS) continue;
      this.#logger.warn(`the secret of client ${id} has less than 32 characters`);
    }
    for (const fault of this.#directory.registerSources()) this.#logger.error(fault);
    this.#sessions.start();
  }

  /** Ends every session. Idempotent. */
  close(): void {
    const reason = new MediaError('unavailable', 'server-stopping', 'the server is stopping');
    this.#sessions.closeAll(reason);
  }

  /**
   * Answers a signed request with a token.
   * @throws MediaError by the checks in their order: form of the entity, ClientGate, body, entity,
   * `webrtc-not-available`.
   */
  async issueToken(
    { entityId, body, signal }: EntityMessage,
    facts: Omit<TokenRequestFacts, 'body'>,
  ): Promise<unknown> {
    this.#directory.checkId(entityId);
    const client = this.#gate.admit({ ...facts, body });
    parseFields(body);
    this.#directory.find(entityId, client);
    this.#assertAvailable();
    const turn = await this.#components.turnServers(signal);
    if (turn[0]) this.#logger.debug(`Using ICE servers with TURN: ${turn[0].url}`);
    const stun = this.#options.stunUrls.map((url) => ({ url, username: '', credential: '' }));
    return formatToken({
      ...{ entityId, iceServers: [...stun, ...turn] },
      token: this.#tokens.issue({ clientId: client.id, entityId }),
      nowMs: this.#components.clock.nowMs(),
      ttlMs: this.#options.tokenTtlMs,
    });
  }

  /**
   * Exchanges a token and an offer for an answer and a session.
   * @throws MediaError `missing-token`, `missing-sdp`, `invalid-sdp-type`; then the token is used up:
   * `invalid-or-expired-token`, `entity-not-allowed`, `entity-not-found`, `webrtc-failed`,
   * `go2rtc-not-available`, `stream-source-not-found`.
   */
  async answerOffer(message: EntityMessage): Promise<unknown> {
    const { entityId } = message;
    this.#directory.checkId(entityId);
    const offer = parseOffer(message.body);
    const holder = this.#takeToken(offer, entityId);
    const client = this.#gate.clientOf(holder.clientId);
    if (!client) throw invalidToken();
    const target = this.#directory.find(entityId, client);
    this.#assertAvailable();
    const { id, answer } = await this.#open(message, { target, client, sdp: offer.sdp });
    this.#logger.info(
      `WebRTC answer generated - entity_id: ${entityId}, ` +
        `session_id: ${id.slice(0, SESSION_LOG_CHARS)}..., sdp_length: ${answer.length}`,
    );
    return { type: 'answer', sdp: answer, session_id: id };
  }

  /** @throws MediaError `missing-session-id`, `missing-candidate`, `session-not-found`, `session-entity-mismatch`, `invalid-candidate`. */
  async addCandidate({ entityId, body }: EntityMessage): Promise<unknown> {
    this.#directory.checkId(entityId);
    const { sessionId, candidate } = parseCandidate(body);
    const reference = { id: sessionId, binding: entityId };
    return {
      status: 'accepted',
      candidates: await this.#sessions.addCandidate(reference, candidate),
    };
  }

  /** @throws MediaError `missing-session-id`, `session-not-found`, `session-entity-mismatch`. */
  hangUp({ entityId, body }: EntityMessage): unknown {
    this.#directory.checkId(entityId);
    const { sessionId } = parseHangup(body);
    this.#sessions.close({ id: sessionId, binding: entityId });
    return { status: 'closed' };
  }

  #takeToken({ token, sdp }: OfferMessage, entityId: string): TokenHolder {
    const holder = this.#tokens.take(token, entityId);
    if (!holder) throw invalidToken();
    this.#logger.info(
      `WebRTC offer received - entity_id: ${entityId}, client_id: ${holder.clientId}, ` +
        `token: ${token.slice(0, TOKEN_LOG_CHARS)}..., sdp_length: ${sdp.length}`,
    );
    return holder;
  }

  async #open(
    message: EntityMessage,
    order: { readonly target: EntityTarget; readonly client: SmartlyClient; readonly sdp: string },
  ): Promise<{ readonly id: string; readonly answer: string }> {
    const { signal, entityId } = message;
    const open = (): Promise<EngineSession> =>
      this.#options.engine === 'internal'
        ? this.#openHere(message, order)
        : this.#openElsewhere(order, signal);
    try {
      return await this.#sessions.create(entityId, open);
    } catch (thrown) {
      signal.throwIfAborted();
      throw toOfferFailure(toMediaError(thrown));
    }
  }

  async #openHere(
    { ip, userAgent, signal }: EntityMessage,
    { target, client, sdp }: { target: EntityTarget; client: SmartlyClient; sdp: string },
  ): Promise<EngineSession> {
    const { manager } = this.#components;
    if (!manager) throw notAvailable();
    const grant = this.#directory.grant(target, client);
    const identity = { user: client.id, remoteAddress: ip, query: '', userAgent };
    try {
      return await openLocalSession(manager, 'read', { grant, identity, offer: sdp, signal });
    } catch (thrown) {
      const error = toMediaError(thrown);
      if (error.code !== 'no-stream' || grant.config.source !== 'publisher') throw error;
      throw new MediaError('not-found', 'stream-source-not-found', 'No stream source available', {
        cause: error,
      });
    }
  }

  async #openElsewhere(
    { target, sdp }: { readonly target: EntityTarget; readonly sdp: string },
    signal: AbortSignal,
  ): Promise<EngineSession> {
    const { pathUrl } = this.#components;
    const { entityId, pathName } = target;
    const own = this.#directory.hasPath(target) ? pathUrl?.(pathName) : undefined;
    return await this.#go2rtc.open({ entityId, source: target.source ?? own, offer: sdp, signal });
  }

  #assertAvailable(): void {
    const isHere = this.#options.engine === 'internal';
    if (isHere && !this.#components.manager) throw notAvailable();
  }

  #afterSweep(idleCount: number): void {
    const expired = this.#tokens.sweep();
    if (expired + idleCount === 0) return;
    const sessions = idleCount === 1 ? 'session' : 'sessions';
    this.#logger.info(`Cleaned up ${expired} expired tokens and ${idleCount} idle ${sessions}`);
  }
}

function invalidToken(): MediaError {
  const message = 'the token is unknown, expired, used or of another entity';
  return new MediaError('unauthenticated', 'invalid-or-expired-token', message);
}

function notAvailable(): MediaError {
  const message = 'WebRTC is switched off on this server';
  return new MediaError('unavailable', 'webrtc-not-available', message);
}

/** Failures that the dialect has a code for pass; all others are connections that failed. */
function toOfferFailure(error: MediaError): MediaError {
  switch (error.code) {
    case 'go2rtc-not-available':
    case 'stream-source-not-found':
    case 'webrtc-not-available':
    case 'webrtc-failed':
      return error;
    case 'offer-without-media':
      return failed('offer has no media sections', error);
    case 'path-not-configured':
      return new MediaError('not-found', 'entity-not-found', error.message, { cause: error });
    default:
      return error.kind === 'internal' ? error : failed(error.message, error);
  }
}

function failed(message: string, cause: MediaError): MediaError {
  return new MediaError('unavailable', 'webrtc-failed', message, { cause });
}
