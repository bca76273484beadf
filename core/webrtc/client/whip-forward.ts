// Pushes the stream of a path to a WHIP server: whip:// and whips:// targets.
import { randomUUID } from 'node:crypto';
import { MediaError, toMediaError } from '../../base/media-error.ts';
import type {
  ForwardContext,
  ForwardTarget,
  ForwardTargetFactory,
} from '../../path/forward-target.ts';
import type { AudioTranscoders, TranscodedAudio } from '../audio-transcoders.ts';
import { plannableTracks } from '../plannable-tracks.ts';
import type { PlannableTrack, ViewerPlan } from '../viewer-plan.ts';
import { ViewerSession } from '../viewer-session.ts';
import { offerTracks, planSending } from './sending-plan.ts';
import { openSignaledPeer, type SignaledPeer } from './signaled-peer.ts';
import { parseSignalingUrl } from './signaling-url.ts';
import type { WebRtcClients } from './webrtc-clients.ts';

const PARAMETER_SET_TIMEOUT_MS = 3000;
const CONNECT_TIMEOUT_MS = 10_000;
const STUN_TIMEOUT_MS = 5000;
const SILENCE_TIMEOUT_MS = 10_000;
const TICK_MS = 1000;

/** What targets work with. */
export interface WhipForwardComponents {
  readonly clients: WebRtcClients;
  readonly transcoders: AudioTranscoders;
}

/** Makes targets for whip:// and whips:// URLs. */
export class WhipForwardFactory implements ForwardTargetFactory {
  readonly schemes = ['whip', 'whips'] as const;
  readonly #components: WhipForwardComponents;

  constructor(components: WhipForwardComponents) {
    this.#components = components;
  }

  create(): ForwardTarget {
    return new WhipForward(this.#components);
  }
}

/** One target. */
class WhipForward implements ForwardTarget {
  readonly #components: WhipForwardComponents;

  constructor(components: WhipForwardComponents) {
    this.#components = components;
  }

  async run(context: ForwardContext): Promise<void> {
    const { transcoders } = this.#components;
    const { lease, config } = context;
    const { stream } = lease;
    let transcoded: TranscodedAudio | undefined;
    try {
      await stream.waitForParameterSets(PARAMETER_SET_TIMEOUT_MS, context.signal);
      if (transcoders.wanted(stream, config)) transcoded = transcoders.acquire(stream);
      await this.#push(context, plannableTracks(stream, transcoded?.stream));
    } catch (thrown) {
      if (!context.signal.aborted && !stream.closedReason) throw toMediaError(thrown);
    } finally {
      transcoded?.close();
    }
  }

  async #push(context: ForwardContext, tracks: readonly PlannableTrack[]): Promise<void> {
    const { clients } = this.#components;
    const { signal } = context;
    const offered = offerTracks(tracks, clients.cname);
    const opened = await openSignaledPeer(clients, {
      signaling: {
        target: parseSignalingUrl(context.url),
        bearerToken: context.bearerToken,
        ...{ fingerprint: context.fingerprint, fingerprintKey: 'destFingerprint', signal },
        timeoutMs: clients.requestTimeoutMs,
      },
      peer: {
        sections: offered.map(({ section }) => section),
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        stunTimeoutMs: STUN_TIMEOUT_MS,
        silenceTimeoutMs: SILENCE_TIMEOUT_MS,
      },
    });
    try {
      signal.throwIfAborted();
      const plan = planSending(offered, opened.answer, opened.place);
      for (const { message } of plan.skipped) context.logger.warn(message);
      await this.#send(context, opened, plan);
    } finally {
      await opened.close();
    }
  }

  /** Settles with the session: rejects with its reason. */
  async #send(context: ForwardContext, opened: SignaledPeer, plan: ViewerPlan): Promise<never> {
    const { clients } = this.#components;
    const { peer, place, answer } = opened;
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const session = new ViewerSession(
      {
        ...{ clock: clients.clock, engine: clients.engine, workspace: clients.workspace },
        logger: context.logger,
        egressOf: (stream) => clients.egressOf(stream),
        onClosed: (_session, reason) => reject(reasonAt(place, reason)),
      },
      {
        id: randomUUID(),
        identity: { user: '', query: '', userAgent: '', remoteAddress: place },
        principal: { user: '' },
        // The forwarder gives the lease back.
        lease: { ...context.lease, close: () => undefined },
        ...{ plan, cname: clients.cname },
      },
    );
    const onAbort = (): void => session.close(toMediaError(context.signal.reason));
    context.signal.addEventListener('abort', onAbort, { once: true });
    const timer = clients.clock.every(TICK_MS, () => session.tick());
    try {
      session.start(peer, answer.iceUfrag);
      peer.connect({
        onRtp: session.onRtp,
        onRtcp: session.onRtcp,
        onAddressChanged: session.onAddressChanged,
        onClosed: session.onClosed,
        onConnected: (info) => {
          session.onConnected(info);
          context.onForwarding(() => peer.bytesSent);
        },
      });
      return await ended;
    } finally {
      timer.cancel();
      context.signal.removeEventListener('abort', onAbort);
      session.close(new MediaError('canceled', 'forward-stopped', 'the forward was stopped'));
    }
  }
}

function reasonAt(place: string, reason: MediaError): MediaError {
  const kind = reason.kind === 'canceled' ? 'unavailable' : reason.kind;
  return new MediaError(kind, reason.code, `${place}: ${reason.message}`, { cause: reason });
}
