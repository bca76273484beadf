// Pulls a path from a WHEP server: whep:// and wheps:// sources.
import { MediaError, toMediaError } from '../../base/media-error.ts';
import type { PublishLease, PublishOptions } from '../../path/path.ts';
import type { Source, SourceContext, SourceFactory } from '../../path/source.ts';
import { Stream } from '../../stream/stream.ts';
import { planPublisher } from '../publisher-plan.ts';
import { PublisherSession } from '../publisher-session.ts';
import { receivedAudioFormats, receivedVideoFormats } from './offered-formats.ts';
import { openSignaledPeer, type SignaledPeer } from './signaled-peer.ts';
import { parseSignalingUrl } from './signaling-url.ts';
import type { WebRtcClients } from './webrtc-clients.ts';
import type { OfferedSection } from './write-offer.ts';

const SILENCE_TIMEOUT_MS = 10_000;
/** draft-holmer-rmcat-transport-wide-cc-extensions-01. */
const TRANSPORT_SEQUENCE = {
  id: 3,
  uri: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  parameters: '',
};

/** One video and one audio section that receive whatever the server has. */
export const receivingSections: readonly OfferedSection[] = [
  { ...receiving('video'), formats: receivedVideoFormats },
  { ...receiving('audio'), formats: receivedAudioFormats },
];

/** Makes sources for whep:// and wheps:// URLs. */
export class WhepSourceFactory implements SourceFactory {
  readonly schemes = ['whep', 'wheps'] as const;
  readonly type = 'webRTCSource';
  readonly #clients: WebRtcClients;

  constructor(clients: WebRtcClients) {
    this.#clients = clients;
  }

  create(): Source {
    return new WhepSource(this.#clients);
  }
}

/** A stream pulled over WHEP. */
class WhepSource implements Source {
  readonly #clients: WebRtcClients;

  constructor(clients: WebRtcClients) {
    this.#clients = clients;
  }

  async run(context: SourceContext): Promise<void> {
    try {
      await this.#pull(context);
    } catch (thrown) {
      if (!context.signal.aborted) throw toMediaError(thrown);
    }
  }

  async #pull(context: SourceContext): Promise<void> {
    const { config, signal } = context;
    const opened = await openSignaledPeer(this.#clients, {
      signaling: {
        target: parseSignalingUrl(context.url),
        bearerToken: config.whepBearerToken,
        ...{ fingerprint: config.sourceFingerprint, fingerprintKey: 'sourceFingerprint', signal },
        timeoutMs: this.#clients.requestTimeoutMs,
      },
      peer: {
        sections: receivingSections,
        connectTimeoutMs: config.whepHandshakeTimeout,
        stunTimeoutMs: config.whepSTUNGatherTimeout,
        silenceTimeoutMs: SILENCE_TIMEOUT_MS,
      },
    });
    try {
      signal.throwIfAborted();
      await this.#receive(context, opened);
    } finally {
      await opened.close();
    }
  }

  /** Settles with the session: rejects with its reason. */
  async #receive(context: SourceContext, { peer, answer, place }: SignaledPeer): Promise<never> {
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const { clock, workspace, sendWorkspace } = this.#clients;
    const session = new PublisherSession(
      {
        ...{ clock, workspace, sendWorkspace },
        logger: context.logger,
        publish: (options) => leaseOf(context, options),
        onClosed: (_session, reason) => reject(reasonAt(place, reason)),
      },
      {
        identity: { user: '', query: '', userAgent: '', remoteAddress: place },
        pathName: context.pathName,
        principal: { user: '' },
        plan: planPublisher(answer),
        trackGatherTimeoutMs: context.config.whepTrackGatherTimeout,
      },
    );
    const onAbort = (): void => session.close(toMediaError(context.signal.reason));
    context.signal.addEventListener('abort', onAbort, { once: true });
    try {
      session.start(peer, answer.iceUfrag);
      peer.connect(session);
      return await ended;
    } finally {
      context.signal.removeEventListener('abort', onAbort);
      session.close(new MediaError('canceled', 'source-stopped', 'the source was stopped'));
    }
  }
}

/** The path owns the writer of a source, and closes it when the run ends. */
function leaseOf(
  context: SourceContext,
  { tracks, writer: options }: PublishOptions,
): PublishLease {
  const writer = context.publish(tracks, options);
  const { stream } = writer;
  if (stream instanceof Stream) {
    return { path: context.pathName, stream, writer, close: () => writer.close() };
  }
  throw new MediaError('internal', 'internal', 'a source needs the writer of a stream');
}

function reasonAt(place: string, reason: MediaError): MediaError {
  // How a peer says that it left; to a source that is a failure like others.
  const kind = reason.kind === 'canceled' ? 'unavailable' : reason.kind;
  return new MediaError(kind, reason.code, `${place}: ${reason.message}`, { cause: reason });
}

function receiving(kind: 'video' | 'audio'): Omit<OfferedSection, 'formats'> {
  return {
    ...{ kind, direction: 'recvonly', headerExtensions: [TRANSPORT_SEQUENCE] },
    ...{ sources: [], sourceGroups: [], mediaStreams: [] },
  };
}
