// Every WebRTC session of the server, whatever signalling brought it: create, trickle, restart, close.
import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { EgressEngine } from '../egress/egress-engine.ts';
import { SrtpWorkspace } from '../egress/srtp-workspace.ts';
import type { PathGrant, PathManager } from '../path/path-manager.ts';
import type { SessionRegistry } from '../path/session-registry.ts';
import { parseIceCandidate, type IceCandidate } from '../sdp/ice-candidate.ts';
import type { Stream } from '../stream/stream.ts';
import type { AudioTranscoders, TranscodedAudio } from './audio-transcoders.ts';
import { LoopWatch } from './loop-watch.ts';
import { writeAnswer, type AnsweredSection } from './peer-answer.ts';
import { readOffer, type PeerOffer } from './peer-offer.ts';
import { plannableTracks } from './plannable-tracks.ts';
import { planPublisher } from './publisher-plan.ts';
import { PublisherSession } from './publisher-session.ts';
import { publisherSections, viewerSections } from './session-answer.ts';
import { ReportWheel } from './report-wheel.ts';
import { SessionTable } from './session-table.ts';
import { StreamEgress } from './stream-egress.ts';
import type { CertificateFingerprint, SrtpProfile } from './transport/dtls-port.ts';
import type { IceCredentials } from './transport/ice-credentials.ts';
import type { PeerAddress } from './transport/peer-address.ts';
import type { PeerCallbacks, PeerSession } from './transport/peer-session.ts';
import { planViewer, wantedSection, type SkippedTrack } from './viewer-plan.ts';
import { ViewerSession, type SessionIdentity } from './viewer-session.ts';

/** What the manager needs of the transport. */
export interface PeerFactory {
  readonly localFingerprint: CertificateFingerprint;
  create(
    options: {
      readonly remoteUfrag?: string;
      readonly remoteFingerprints: readonly CertificateFingerprint[];
      readonly profiles: readonly SrtpProfile[];
    },
    callbacks: PeerCallbacks,
  ): PeerSession;
}

/** What the manager works with. */
export interface WebRtcSessionManagerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pathManager: PathManager;
  readonly sessions: SessionRegistry;
  readonly transport: PeerFactory;
  readonly engine: EgressEngine<PeerAddress>;
  readonly transcoders: AudioTranscoders;
  /** Our candidates, gathered for every answer. */
  readonly candidates: () => Promise<readonly IceCandidate[]>;
  /** Time from the request to the first picture that was sent, in milliseconds. */
  readonly onFirstPicture?: ((elapsedMs: number) => void) | undefined;
}

/** Settings of the manager. */
export interface WebRtcSessionManagerOptions {
  readonly trackGatherTimeoutMs: number;
}

/** A request for a session that was let in. */
export interface SessionRequest {
  readonly grant: PathGrant;
  readonly identity: SessionIdentity;
  /** SDP text. */
  readonly offer: string;
  readonly signal?: AbortSignal;
}

/** What signalling tells the client. */
export interface CreatedSession {
  /** Public id, as the API lists it. */
  readonly id: string;
  /** Capability for PATCH and DELETE; never listed. */
  readonly secret: string;
  readonly answer: string;
  /** Tracks of the stream that the viewer does not get, with reasons. */
  readonly skipped: readonly SkippedTrack[];
}

/** What signalling may know of a session that runs. */
export interface SessionView {
  readonly id: string;
  readonly path: string;
  readonly isConnected: boolean;
  /** As PeerSession has them; empty before the first check. */
  readonly localCandidate: string;
  readonly remoteCandidate: string;
  /** Counters by name; `inboundBytes` grows as long as the other end is there. */
  stats(): Readonly<Record<string, number>>;
}

/** Numbers of the manager. */
export interface SessionCounts {
  readonly viewers: number;
  readonly publishers: number;
  /** Of both, those whose handshake is done. */
  readonly connected: number;
}

type WebRtcSession = ViewerSession | PublisherSession;

/** Longest candidate in a fault's text. */
const MAX_QUOTED_CHARS = 80;

/** Owns the sessions; knows nothing of HTTP. */
export class WebRtcSessionManager {
  readonly #components: WebRtcSessionManagerComponents;
  readonly #options: WebRtcSessionManagerOptions;
  readonly #table = new SessionTable<WebRtcSession>();
  readonly #wheel: ReportWheel;
  readonly #egresses = new Map<Stream, StreamEgress<PeerAddress>>();
  /** Apart from the engine's: an answer to RTCP may send media while the RTCP is still read. */
  readonly #workspace = new SrtpWorkspace();
  readonly #sendWorkspace = new SrtpWorkspace();
  readonly #loop: LoopWatch;
  readonly #cname = randomBytes(9).toString('base64url');
  #closedReason: MediaError | undefined;

  constructor(components: WebRtcSessionManagerComponents, options: WebRtcSessionManagerOptions) {
    this.#components = components;
    this.#options = options;
    this.#wheel = new ReportWheel(components.clock);
    this.#loop = new LoopWatch(components.clock);
  }

  /** Sessions that exist now. */
  get count(): number {
    return this.#table.count;
  }

  get counts(): SessionCounts {
    const all = this.#table.all;
    const viewers = all.filter((session) => session instanceof ViewerSession).length;
    const connected = all.filter((session) => session.isConnected).length;
    return { viewers, publishers: all.length - viewers, connected };
  }

  start(): void {
    this.#wheel.start();
  }

  /**
   * Lets a viewer watch a path. Waits for a source on demand.
   * @throws MediaError `not-found` without a stream, `invalid-argument` for a bad or unplayable offer.
   */
  async createViewer(request: SessionRequest): Promise<CreatedSession> {
    const { pathManager, logger, clock } = this.#components;
    const askedMs = clock.monotonicMs();
    const offer = readOffer(request.offer);
    const candidates = await this.candidates();
    await pathManager.waitForStream(request.grant, request.signal);
    this.#assertOpen();
    const session = this.#admitViewer(request, offer, askedMs);
    return this.#begin(session, () => {
      const peer = this.#connect(session, offer);
      this.#wheel.add(session);
      const { plan } = session;
      for (const track of plan.skipped) {
        logger.warn(`path ${session.path}: skipping track (${track.codec}): ${track.message}`);
      }
      const answer = this.#answer(offer, { peer, candidates }, viewerSections(plan, this.#cname));
      return { answer, skipped: plan.skipped };
    });
  }

  /**
   * Lets somebody publish to a path. The publisher is attached once its media flow.
   * @throws MediaError `invalid-argument` or `unsupported` for an offer that can't be taken.
   */
  async createPublisher(request: SessionRequest): Promise<CreatedSession> {
    const { clock, logger, pathManager } = this.#components;
    const offer = readOffer(request.offer);
    const plan = planPublisher(offer);
    const candidates = await this.candidates();
    this.#assertOpen();
    const session = new PublisherSession(
      {
        clock,
        logger,
        workspace: this.#workspace,
        sendWorkspace: this.#sendWorkspace,
        loop: this.#loop,
        publish: (options) => pathManager.publish(request.grant, options),
        onClosed: (closed, reason) => this.#forget(closed, reason),
      },
      {
        identity: request.identity,
        pathName: request.grant.pathName,
        principal: request.grant.principal,
        plan,
        trackGatherTimeoutMs: this.#options.trackGatherTimeoutMs,
      },
    );
    return this.#begin(session, () => {
      const peer = this.#connect(session, offer);
      this.#wheel.add(session);
      const answer = this.#answer(offer, { peer, candidates }, publisherSections(plan));
      return { answer, skipped: [] };
    });
  }

  /**
   * ICE restart of a session.
   * @throws MediaError `not-found` when no session has this secret.
   */
  restartIce(secret: string, remoteUfrag: string): IceCredentials {
    return this.#session(secret).restartIce(remoteUfrag);
  }

  /**
   * Takes one candidate of the other end; empty text ends them. Only its form matters: an ice-lite
   * server learns addresses from checks (RFC 8445 section 2.5).
   * @throws MediaError `not-found`, or `invalid-argument` for what is no candidate.
   */
  addCandidate(secret: string, candidate: string): void {
    this.#session(secret);
    if (candidate === '' || parseIceCandidate(candidate) !== undefined) return;
    throw new MediaError(
      'invalid-argument',
      'invalid-candidate',
      `'${candidate.slice(0, MAX_QUOTED_CHARS)}' is no ICE candidate`,
    );
  }

  /** A session that runs; undefined when it ended. */
  find(secret: string): SessionView | undefined {
    return this.#table.find(secret);
  }

  /** Whether `remoteUfrag` is the one that the session already works with. @throws MediaError `not-found`. */
  isCurrentUfrag(secret: string, remoteUfrag: string): boolean {
    return this.#session(secret).remoteUfrag === remoteUfrag;
  }

  /** Public id of a session. @throws MediaError `not-found`. */
  idOf(secret: string): string {
    return this.#session(secret).id;
  }

  /**
   * Ends a session on the client's wish. Players close their connection before they send DELETE:
   * that is no error the first time. @throws MediaError `not-found`.
   */
  close(secret: string): void {
    if (this.#table.takeDeparted(secret)) return;
    const reason = new MediaError('canceled', 'session-deleted', 'closed by the client');
    this.#session(secret).close(reason);
  }

  /** Our candidates, as answers carry them. @throws MediaError `unavailable` when there is none. */
  async candidates(): Promise<readonly IceCandidate[]> {
    const candidates = await this.#components.candidates();
    if (candidates.length > 0) return candidates;
    throw new MediaError(
      'unavailable',
      'no-ice-candidates',
      'the server has no address to offer: set webrtcIPsFromInterfaces or webrtcAdditionalHosts',
    );
  }

  /** Ends every session and takes no more. Idempotent. */
  closeAll(reason: MediaError): void {
    this.#closedReason ??= reason;
    this.#wheel.close();
    for (const session of this.#table.all) session.close(reason);
  }

  #session(secret: string): WebRtcSession {
    const session = this.#table.find(secret);
    if (!session) throw new MediaError('not-found', 'session-not-found', 'session not found');
    return session;
  }

  #assertOpen(): void {
    if (this.#closedReason) throw this.#closedReason;
  }

  /** The session of a viewer with its place among the readers and its share of a transcoder. */
  #admitViewer(request: SessionRequest, offer: PeerOffer, askedMs: number): ViewerSession {
    const { pathManager, clock, logger, engine, transcoders, onFirstPicture } = this.#components;
    const id = randomUUID();
    const lease = pathManager.read(request.grant, { id, type: 'webRTCSession' });
    let transcoded: TranscodedAudio | undefined;
    try {
      const { stream } = lease;
      const wantsAudio = wantedSection(offer, 'audio') !== undefined;
      if (wantsAudio && transcoders.wanted(stream, request.grant.config)) {
        transcoded = transcoders.acquire(stream);
      }
      const plan = planViewer(offer, plannableTracks(stream, transcoded?.stream));
      return new ViewerSession(
        {
          ...{ clock, logger, engine, workspace: this.#workspace },
          onFirstPacket: onFirstPicture && (() => onFirstPicture(clock.monotonicMs() - askedMs)),
          egressOf: (wanted) => this.#egressOf(wanted),
          onClosed: (closed, reason) => this.#forget(closed, reason),
        },
        {
          ...{ id, lease, plan, identity: request.identity, cname: this.#cname },
          principal: request.grant.principal,
          onRelease: () => transcoded?.close(),
        },
      );
    } catch (thrown) {
      transcoded?.close();
      lease.close();
      throw thrown;
    }
  }

  /** Registers a session when `open` succeeds; otherwise everything that it holds is freed. */
  #begin(
    session: WebRtcSession,
    open: () => Pick<CreatedSession, 'answer' | 'skipped'>,
  ): CreatedSession {
    try {
      return this.#register(session, open());
    } catch (thrown) {
      session.close(toMediaError(thrown));
      throw thrown;
    }
  }

  #connect(session: WebRtcSession, offer: PeerOffer): PeerSession {
    const { transport, engine } = this.#components;
    const peer = transport.create(
      {
        remoteUfrag: offer.iceUfrag,
        remoteFingerprints: offer.fingerprints,
        profiles: engine.preferredProfiles,
      },
      session,
    );
    session.start(peer, offer.iceUfrag);
    return peer;
  }

  #answer(
    offer: PeerOffer,
    { peer, candidates }: { peer: PeerSession; candidates: readonly IceCandidate[] },
    sections: readonly AnsweredSection[],
  ): string {
    const { transport } = this.#components;
    const { ufrag, password } = peer.localCredentials;
    return writeAnswer(
      offer,
      {
        iceUfrag: ufrag,
        icePwd: password,
        fingerprint: transport.localFingerprint,
        candidates,
      },
      sections,
    );
  }

  #register(
    session: WebRtcSession,
    facts: Pick<CreatedSession, 'answer' | 'skipped'>,
  ): CreatedSession {
    const secret = this.#table.add(session);
    this.#components.sessions.add(session);
    return { id: session.id, secret, ...facts };
  }

  #forget(session: WebRtcSession, reason: MediaError): void {
    this.#table.remove(session, reason.code === 'peer-ended');
    this.#components.sessions.remove(session);
    this.#wheel.remove(session);
  }

  #egressOf(stream: Stream): StreamEgress<PeerAddress> {
    const known = this.#egresses.get(stream);
    if (known) return known;
    const egress = new StreamEgress(stream, this.#components.engine, () => {
      this.#egresses.delete(stream);
    });
    this.#egresses.set(stream, egress);
    return egress;
  }
}
