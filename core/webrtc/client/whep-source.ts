// Pulls a path from a WHEP server: whep:// and wheps:// sources.
import { settleRun } from '../../path/settle-run.ts';
import type { Source, SourceContext, SourceFactory } from '../../path/source.ts';
import { receivePulledStream } from './pulled-stream.ts';
import { receivingSections } from './receiving-sections.ts';
import { openSignaledPeer } from './signaled-peer.ts';
import { parseSignalingUrl } from './signaling-url.ts';
import type { WebRtcClients } from './webrtc-clients.ts';

const SILENCE_TIMEOUT_MS = 10_000;

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

  run(context: SourceContext): Promise<void> {
    return settleRun(this.#pull(context), context.signal);
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
      await receivePulledStream({ clients: this.#clients, context }, opened);
    } finally {
      await opened.close();
    }
  }
}
