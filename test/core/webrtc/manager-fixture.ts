// A session manager over real paths and streams, with a transport and an engine that only take notes.
import type { MediaError } from '../../../core/base/media-error.ts';
import type { Codec } from '../../../core/codec/codec.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import type {
  EgressEngine,
  EgressTrack,
  EgressViewer,
  TrackHandle,
  ViewerCounters,
  ViewerHandle,
} from '../../../core/egress/egress-engine.ts';
import { PathManager, type PathGrant } from '../../../core/path/path-manager.ts';
import type { PublishLease } from '../../../core/path/path.ts';
import { SessionRegistry } from '../../../core/path/session-registry.ts';
import { parseIceCandidate, type IceCandidate } from '../../../core/sdp/ice-candidate.ts';
import { Stream } from '../../../core/stream/stream.ts';
import type { AudioTranscoders } from '../../../core/webrtc/audio-transcoders.ts';
import {
  WebRtcSessionManager,
  type CreatedSession,
  type PeerFactory,
  type SessionRequest,
} from '../../../core/webrtc/session-manager.ts';
import type { SrtpKeys, SrtpProfile } from '../../../core/webrtc/transport/dtls-port.ts';
import type { IceCredentials } from '../../../core/webrtc/transport/ice-credentials.ts';
import {
  createPeerAddress,
  type PeerAddress,
} from '../../../core/webrtc/transport/peer-address.ts';
import type {
  PeerCallbacks,
  PeerEnd,
  PeerSession,
} from '../../../core/webrtc/transport/peer-session.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { OPUS, tracksOf } from './sample-stream.ts';

/** Keys of both directions, as a handshake would have made them. */
export function keysOf(profile: SrtpProfile = 1): SrtpKeys {
  const saltBytes = profile === 1 ? 14 : 12;
  return {
    profile,
    local: { key: Buffer.alloc(16, 1), salt: Buffer.alloc(saltBytes, 2) },
    remote: { key: Buffer.alloc(16, 3), salt: Buffer.alloc(saltBytes, 4) },
  };
}

/** One peer that connects, moves and ends when the test says so. */
export class FakePeer implements PeerSession {
  readonly options: Parameters<PeerFactory['create']>[0];
  readonly callbacks: PeerCallbacks;
  readonly sent: Uint8Array[] = [];
  readonly restarts: (string | undefined)[] = [];
  localCredentials: IceCredentials = { ufrag: 'ours', password: 'p'.repeat(24) };
  state: PeerSession['state'] = 'new';
  selectedAddress: PeerAddress | undefined;
  localCandidate = '';
  remoteCandidate = '';
  bytesReceived = 0;
  bytesSent = 0;
  closeCount = 0;

  constructor(options: Parameters<PeerFactory['create']>[0], callbacks: PeerCallbacks) {
    this.options = options;
    this.callbacks = callbacks;
  }

  send(bytes: Uint8Array): boolean {
    this.sent.push(bytes.slice());
    return true;
  }

  restartIce(remoteUfrag: string | undefined): IceCredentials {
    this.restarts.push(remoteUfrag);
    this.localCredentials = { ufrag: `ours${this.restarts.length}`, password: 'q'.repeat(24) };
    return this.localCredentials;
  }

  close(): void {
    this.closeCount++;
  }

  connect(profile: SrtpProfile = 1): void {
    const address = createPeerAddress('127.0.0.1', 50_000);
    this.selectedAddress = address;
    this.remoteCandidate = 'prflx/udp/127.0.0.1/50000';
    const remoteFingerprint = { algorithm: 'sha-256', value: 'AA' };
    this.callbacks.onConnected({ keys: keysOf(profile), remoteFingerprint, address });
  }

  end(state: PeerEnd['state'] = 'closed', message = 'the peer closed the DTLS association'): void {
    this.callbacks.onClosed({ state, code: 'test', message });
  }
}

class FakeTransport implements PeerFactory {
  readonly localFingerprint = { algorithm: 'sha-256', value: 'AB:CD' };
  readonly peers: FakePeer[] = [];
  failure: MediaError | undefined;

  create(options: Parameters<PeerFactory['create']>[0], callbacks: PeerCallbacks): PeerSession {
    if (this.failure) throw this.failure;
    const peer = new FakePeer(options, callbacks);
    this.peers.push(peer);
    return peer;
  }
}

/** An engine that keeps what it was told; handles are never reused, so that a stale one is seen. */
export class FakeEngine implements EgressEngine<PeerAddress> {
  readonly preferredProfiles = [1, 7] as const;
  readonly tracks = new Map<TrackHandle, EgressTrack>();
  readonly viewers = new Map<ViewerHandle, EgressViewer<PeerAddress>>();
  readonly addresses: (readonly [ViewerHandle, PeerAddress])[] = [];
  readonly rtcp: (readonly [ViewerHandle, Uint8Array])[] = [];
  readonly retransmissions: (readonly [ViewerHandle, readonly number[]])[] = [];
  published = 0;
  counters: Partial<ViewerCounters> = {};
  #nextHandle = 1;

  openTrack(track: EgressTrack): TrackHandle {
    this.tracks.set(this.#nextHandle, track);
    return this.#nextHandle++;
  }

  closeTrack(track: TrackHandle): void {
    if (!this.tracks.delete(track)) throw new RangeError(`track ${track} is not open`);
  }

  addViewer(track: TrackHandle, viewer: EgressViewer<PeerAddress>): ViewerHandle {
    if (!this.tracks.has(track)) throw new RangeError(`track ${track} is not open`);
    this.viewers.set(this.#nextHandle, viewer);
    return this.#nextHandle++;
  }

  removeViewer(viewer: ViewerHandle): void {
    if (!this.viewers.delete(viewer)) throw new RangeError(`viewer ${viewer} is gone`);
  }

  setAddress(viewer: ViewerHandle, address: PeerAddress): void {
    this.addresses.push([viewer, address]);
  }

  setPaused(): void {
    throw new RangeError('nobody pauses');
  }

  publish(): void {
    this.published++;
  }

  retransmit(viewer: ViewerHandle, sequenceNumbers: Uint16Array, count: number): void {
    this.retransmissions.push([viewer, [...sequenceNumbers.subarray(0, count)]]);
  }

  sendRtcp(viewer: ViewerHandle, compound: Uint8Array): void {
    if (!this.viewers.has(viewer)) throw new RangeError(`viewer ${viewer} is gone`);
    this.rtcp.push([viewer, compound.slice()]);
  }

  readCounters(_viewer: ViewerHandle, into: ViewerCounters): void {
    Object.assign(into, {
      ...{ packetsSent: 0, octetsSent: 0, packetsRetransmitted: 0, packetsDropped: 0, skips: 0 },
      ...{ hasStarted: false, timestampOffsetTicks: 0 },
      ...this.counters,
    });
  }

  close(): void {
    this.tracks.clear();
  }
}

/** Opus instead of AAC, without an encoder. */
class FakeTranscoders implements AudioTranscoders {
  isOn = false;
  /** Shares taken and not given back. */
  shares = 0;
  readonly stream = new Stream(tracksOf(OPUS));

  wanted(): boolean {
    return this.isOn;
  }

  acquire(): ReturnType<AudioTranscoders['acquire']> {
    this.shares++;
    return { stream: this.stream, close: () => (this.shares -= 1) };
  }
}

const candidate = parseIceCandidate('candidate:1 1 udp 2130706431 127.0.0.1 8189 typ host');

/** Everything around the manager. */
export class ManagerFixture {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly transport = new FakeTransport();
  readonly engine = new FakeEngine();
  readonly sessions = new SessionRegistry();
  readonly transcoders = new FakeTranscoders();
  readonly pathManager: PathManager;
  readonly manager: WebRtcSessionManager;
  candidates: readonly IceCandidate[] = candidate ? [candidate] : [];
  /** Key frame requests that reached publishers of `publish`. */
  keyFrameRequests = 0;

  constructor(paths = '{ all_others: {} }') {
    const authorizer = { authorize: () => Promise.resolve({ user: '' }) };
    const { clock, logger } = this;
    this.pathManager = new PathManager(
      { ...{ clock, logger, authorizer, sourceFactories: [] }, random: () => 0 },
      loadConfig({ text: `paths: ${paths}`, env: {} }),
    );
    const { pathManager, sessions, transport, engine, transcoders } = this;
    this.manager = new WebRtcSessionManager(
      {
        ...{ clock, logger, pathManager, sessions, transport, engine, transcoders },
        candidates: () => Promise.resolve(this.candidates),
      },
      { trackGatherTimeoutMs: 2000 },
    );
    this.manager.start();
  }

  get peer(): FakePeer {
    const peer = this.transport.peers.at(-1);
    if (!peer) throw new RangeError('no peer was made');
    return peer;
  }

  get lastLog(): string {
    return this.logger.lines.at(-1)?.message ?? '';
  }

  grant(path: string): PathGrant {
    return this.pathManager.grant(path, { user: '' });
  }

  request(offer: string, path = 'cam', signal?: AbortSignal): SessionRequest {
    const identity = { user: 'ann', remoteAddress: '192.0.2.9', query: 'a=b', userAgent: 'test' };
    return {
      ...{ grant: this.grant(path), identity, offer },
      ...(signal === undefined ? {} : { signal }),
    };
  }

  /** Publishes these codecs to a path by other means than WHIP. */
  publish(codecs: readonly Codec[], path = 'cam'): PublishLease {
    return this.pathManager.publish(this.grant(path), {
      publisher: { id: 'camera', type: 'rtspSession', onPathClosed: () => undefined },
      tracks: tracksOf(...codecs),
      writer: { onKeyFrameRequest: () => (this.keyFrameRequests += 1) },
    });
  }

  watch(offer: string, path?: string): Promise<CreatedSession> {
    return this.manager.createViewer(this.request(offer, path));
  }

  readersOf(path: string): number {
    return this.pathManager.get(path)?.readers.size ?? 0;
  }
}
