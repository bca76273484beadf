// The media of a peer that we asked for a stream: received, and written into the path that pulls.
import { MediaError, toMediaError } from '../../base/media-error.ts';
import type { PublishLease, PublishOptions } from '../../path/path.ts';
import type { SourceContext } from '../../path/source.ts';
import { Stream } from '../../stream/stream.ts';
import { planPublisher } from '../publisher-plan.ts';
import { PublisherSession } from '../publisher-session.ts';
import type { SignaledPeer } from './signaled-peer.ts';
import type { WebRtcClients } from './webrtc-clients.ts';

/** What receives for which run of a source. */
export interface PulledStreamComponents {
  readonly clients: Pick<WebRtcClients, 'clock' | 'loop' | 'workspace' | 'sendWorkspace'>;
  readonly context: SourceContext;
}

/**
 * Connects a peer that has its answer, and publishes what it sends.
 * Settles with the session: rejects with its reason, which names `place`. The peer is closed then.
 */
export async function receivePulledStream(
  { clients, context }: PulledStreamComponents,
  { peer, answer, place }: Pick<SignaledPeer, 'peer' | 'answer' | 'place'>,
): Promise<never> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const { clock, loop, workspace, sendWorkspace } = clients;
  const session = new PublisherSession(
    {
      ...{ clock, loop, workspace, sendWorkspace },
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

/** The path owns the writer of a source, and closes it when the run ends. */
function leaseOf(
  context: SourceContext,
  { tracks, writer: options }: PublishOptions,
): PublishLease {
  const writer = context.publish(tracks, options);
  return {
    ...{ path: context.pathName, writer, close: () => writer.close() },
    // Another one after a takeover from another source.
    get stream() {
      const { stream } = writer;
      if (stream instanceof Stream) return stream;
      throw new MediaError('internal', 'internal', 'a source needs the writer of a stream');
    },
  };
}

function reasonAt(place: string, reason: MediaError): MediaError {
  // How a peer says that it left; to a source that is a failure like others.
  const kind = reason.kind === 'canceled' ? 'unavailable' : reason.kind;
  return new MediaError(kind, reason.code, `${place}: ${reason.message}`, { cause: reason });
}
