// One session with a camera: connect, describe, set up, play, receive, tear down.
import type { Clock, Timer } from '../base/clock.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { SourceContext } from '../path/source.ts';
import { connectToSource } from './client-connect.ts';
import { resolveControl } from './client-control-url.ts';
import { describeSource, type DescribedSource } from './client-describe.ts';
import { ClientKeepAlive } from './client-keep-alive.ts';
import { ClientMedia } from './client-media.ts';
import { playHeadersOf } from './client-play-headers.ts';
import { ClientSetup, type LowerTransport } from './client-setup.ts';
import { statusError } from './client-status-error.ts';
import { chooseTracks, type ChosenTracks } from './client-tracks.ts';
import { placeOf, type SourceUrl } from './client-url.ts';
import { RtspClient } from './rtsp-client.ts';
import { parseRtpInfoHeader } from './rtp-info-header.ts';

/** Limits that hold for every source. */
export interface ClientLimits {
  /** Longest wait for an answer, and longest silence. */
  readonly readTimeoutMs: number;
  /** Receive buffer of UDP sockets; 0 leaves it to the system. */
  readonly udpReadBufferBytes: number;
}

/** What a session needs. */
export interface ClientSessionComponents {
  readonly clock: Clock;
  readonly context: SourceContext;
  readonly random: () => number;
}

/** How a session is run. */
export interface ClientSessionOptions {
  readonly url: SourceUrl;
  readonly transport: LowerTransport;
  /** Whether the other transport is tried when this one fails. */
  readonly isAutomatic: boolean;
  readonly limits: ClientLimits;
}

const MAX_CONNECT_MS = 5000;
const FIRST_PACKET_TIMEOUT_MS = 3000;
const TEARDOWN_TIMEOUT_MS = 500;
const STOPPED = new MediaError('canceled', 'source-stopped', 'the source was stopped');

/** Runs once, from connecting to the end; everything it opened is closed when `run()` settles. */
export class ClientSession {
  /** What media came, or would have come, over. */
  transport: LowerTransport;

  readonly #components: ClientSessionComponents;
  readonly #options: ClientSessionOptions;
  readonly #abort = new AbortController();
  readonly #ended = Promise.withResolvers<never>();
  #client: RtspClient | undefined;
  #setup: ClientSetup | undefined;
  #media: ClientMedia | undefined;
  #keepAlive: ClientKeepAlive | undefined;
  #aggregateUrl: string | undefined;
  #isPlaying = false;

  constructor(components: ClientSessionComponents, options: ClientSessionOptions) {
    this.#components = components;
    this.#options = options;
    this.transport = options.transport;
  }

  /** Whether a packet of media has come. */
  get hasMedia(): boolean {
    return this.#media?.hasStarted === true;
  }

  /** @throws MediaError why the session ended, always; the signal's reason when aborted. */
  async run(): Promise<never> {
    const { signal } = this.#components.context;
    const onAbort = (): void => this.#fail(toMediaError(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const dialogue = this.#converse();
    try {
      await Promise.race([dialogue, this.#ended.promise]);
      return await this.#ended.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      await this.#close(dialogue);
    }
  }

  async #converse(): Promise<void> {
    const { config, logger } = this.#components.context;
    const playHeaders = playHeadersOf(config);
    const source = await describeSource(this.#options.url, (url) => this.#openClient(url));
    const chosen = this.#choose(source);
    const setup = this.#createSetup(source);
    this.#setup = setup;
    const { tracks, timeoutSeconds } = await setup.setUp(chosen.tracks);
    this.#assertRunning();
    const url = resolveControl(source.baseUrl, chosen.control);
    this.#aggregateUrl = url;
    const media = this.#createMedia(source.client, tracks);
    this.#media = media;
    const response = await source.client.request('PLAY', url, playHeaders);
    if (response.statusCode !== 200) {
      throw statusError({ place: source.client.place, method: 'PLAY' }, response);
    }
    const infos = parseRtpInfoHeader(response.headers.get('RTP-Info') ?? '').length;
    const over = this.transport.toUpperCase();
    logger.debug(`playing ${tracks.length} tracks over ${over}, RTP-Info names ${infos}`);
    media.start();
    this.#startKeepAlive(source, {
      url,
      timeoutSeconds: source.client.noteSession(response) ?? timeoutSeconds,
    });
    this.#isPlaying = true;
    if (source.client.failure) throw source.client.failure;
  }

  async #openClient(url: SourceUrl): Promise<RtspClient> {
    const { clock, context } = this.#components;
    const { readTimeoutMs } = this.#options.limits;
    await this.#client?.close(STOPPED);
    this.#client = undefined;
    const socket = await connectToSource(clock, {
      url,
      fingerprint: context.config.sourceFingerprint,
      timeoutMs: Math.min(MAX_CONNECT_MS, readTimeoutMs),
      signal: this.#abort.signal,
    });
    if (this.#abort.signal.aborted) {
      socket.destroy();
      throw STOPPED;
    }
    const client = new RtspClient(
      {
        ...{ socket, clock, logger: context.logger },
        handler: {
          onFrame: (channel, payload) => this.#media?.onFrame(channel, payload),
          onReadEnd: (isInsideFrame) => this.#media?.onReadEnd(isInsideFrame),
          // Before, the request that waits for its answer fails with the same reason.
          onClose: (failure) => {
            if (this.#isPlaying) this.#fail(failure);
          },
        },
      },
      { url, credentials: url.credentials, requestTimeoutMs: readTimeoutMs },
    );
    this.#client = client;
    client.start();
    return client;
  }

  #choose(source: DescribedSource): ChosenTracks {
    const { context } = this.#components;
    const chosen = chooseTracks(source.description, source.url.scheme === 'rtsps');
    for (const skipped of chosen.skipped) context.logger.debug(`section left out: ${skipped}`);
    if (chosen.tracks.length === 0) {
      const why = chosen.skipped.slice(0, 4).join('; ').slice(0, 200);
      const text = `${placeOf(source.url)} offers nothing that can be pulled (${why || 'no media'})`;
      throw new MediaError('unsupported', 'rtsp-no-tracks', text);
    }
    if (this.#options.isAutomatic && needsTcp(source.url, chosen.tracks)) this.transport = 'tcp';
    return chosen;
  }

  #createSetup({ client, baseUrl }: DescribedSource): ClientSetup {
    const { context, random } = this.#components;
    const { rtspAnyPort, rtspUDPSourcePortRange } = context.config;
    return new ClientSetup({
      client,
      baseUrl,
      logger: context.logger,
      transport: this.transport,
      isAnyPort: rtspAnyPort,
      udp: {
        random,
        portRange: rtspUDPSourcePortRange,
        receiveBufferBytes: this.#options.limits.udpReadBufferBytes,
      },
    });
  }

  #createMedia(
    client: RtspClient,
    tracks: ConstructorParameters<typeof ClientMedia>[1],
  ): ClientMedia {
    const { clock, context } = this.#components;
    const isTrial = this.transport === 'udp' && this.#options.isAutomatic;
    return new ClientMedia(
      {
        ...{ clock, client },
        publish: (descriptions) => context.publish(descriptions),
        onFailure: (failure) => this.#fail(failure),
      },
      tracks,
      {
        readTimeoutMs: this.#options.limits.readTimeoutMs,
        firstPacketTimeoutMs: isTrial ? FIRST_PACKET_TIMEOUT_MS : undefined,
      },
    );
  }

  #startKeepAlive(
    { client, methods }: DescribedSource,
    session: { readonly url: string; readonly timeoutSeconds: number },
  ): void {
    const { clock, context } = this.#components;
    this.#keepAlive = new ClientKeepAlive(
      { client, clock, logger: context.logger, onLost: (failure) => this.#fail(failure) },
      { ...session, methods },
    );
    this.#keepAlive.start();
  }

  #assertRunning(): void {
    if (this.#abort.signal.aborted) throw STOPPED;
  }

  /** Ends the session; the first reason counts. */
  #fail(failure: MediaError): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort(failure);
    this.#ended.reject(failure);
  }

  async #close(dialogue: Promise<void>): Promise<void> {
    this.#fail(STOPPED);
    this.#keepAlive?.close();
    this.#media?.close();
    const client = this.#client;
    if (client) {
      await this.#tearDown(client);
      await client.close(STOPPED);
    }
    await Promise.allSettled([dialogue]);
    this.#keepAlive?.close();
    this.#media?.close();
    await this.#setup?.close();
    this.#logCounters();
  }

  /** Without it cameras keep the session, and some have room for few. */
  async #tearDown(client: RtspClient): Promise<void> {
    if (client.sessionId === undefined || client.connection.closedReason) return;
    const url = this.#aggregateUrl ?? this.#options.url.requestUrl;
    const { promise: timeout, resolve } = Promise.withResolvers<undefined>();
    const timer: Timer = this.#components.clock.after(TEARDOWN_TIMEOUT_MS, () =>
      resolve(undefined),
    );
    const answered = client.request('TEARDOWN', url);
    await Promise.allSettled([Promise.race([answered, timeout])]);
    timer.cancel();
  }

  #logCounters(): void {
    const wrong = this.#media?.wrongChannelFrames ?? 0;
    const stray = this.#client?.strayResponses ?? 0;
    if (wrong + stray === 0) return;
    const { logger } = this.#components.context;
    logger.debug(`${wrong} frames on wrong channels, ${stray} responses to nothing`);
  }
}

/** TLS alone protects media; packets of mode 0 hold whole NAL units and are too large for UDP. */
function needsTcp(url: SourceUrl, tracks: readonly TrackDescription[]): boolean {
  if (url.scheme === 'rtsps') return true;
  return tracks.some(({ codec }) => codec.name === 'H264' && codec.packetizationMode === 0);
}
