// One session with a camera: connect, describe, set up, play, receive, tear down.
import type { Clock } from '../base/clock.ts';
import { MediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { SourceContext } from '../path/source.ts';
import { resolveControl } from './client-control-url.ts';
import { describeSource, type DescribedSource } from './client-describe.ts';
import { ClientDialogue } from './client-dialogue.ts';
import { ClientMedia } from './client-media.ts';
import { playHeadersOf } from './client-play-headers.ts';
import { ClientSetup, type LowerTransport } from './client-setup.ts';
import { statusError } from './client-status-error.ts';
import { chooseTracks, type ChosenTracks } from './client-tracks.ts';
import { placeOf, type SourceUrl } from './client-url.ts';
import type { RtspClient } from './rtsp-client.ts';
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

const FIRST_PACKET_TIMEOUT_MS = 3000;
const STOPPED = new MediaError('canceled', 'source-stopped', 'the source was stopped');

/** Runs once, from connecting to the end; everything it opened is closed when `run()` settles. */
export class ClientSession {
  /** What media came, or would have come, over. */
  transport: LowerTransport;

  readonly #components: ClientSessionComponents;
  readonly #options: ClientSessionOptions;
  readonly #dialogue: ClientDialogue;
  #setup: ClientSetup | undefined;
  #media: ClientMedia | undefined;

  constructor(components: ClientSessionComponents, options: ClientSessionOptions) {
    this.#components = components;
    this.#options = options;
    this.transport = options.transport;
    const { logger, signal } = components.context;
    const { url, limits } = options;
    this.#dialogue = new ClientDialogue(
      { clock: components.clock, logger, signal },
      { url, limits, stopped: STOPPED },
    );
  }

  /** Whether a packet of media has come. */
  get hasMedia(): boolean {
    return this.#media?.hasStarted === true;
  }

  /** @throws MediaError why the session ended, always; the signal's reason when aborted. */
  run(): Promise<never> {
    return this.#dialogue.run({
      converse: () => this.#converse(),
      halt: () => this.#media?.close(),
      release: () => this.#release(),
    });
  }

  async #converse(): Promise<void> {
    const { config, logger } = this.#components.context;
    const playHeaders = playHeadersOf(config);
    const source = await describeSource(this.#options.url, (url) => this.#openClient(url));
    const chosen = this.#choose(source);
    const setup = this.#createSetup(source);
    this.#setup = setup;
    const { tracks, timeoutSeconds } = await setup.setUp(chosen.tracks);
    this.#dialogue.assertRunning();
    const url = resolveControl(source.baseUrl, chosen.control);
    this.#dialogue.aggregateUrl = url;
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
    this.#dialogue.keepAlive(source.client, {
      methods: source.methods,
      timeoutSeconds: source.client.noteSession(response) ?? timeoutSeconds,
    });
    this.#dialogue.noteFlow(source.client);
  }

  #openClient(url: SourceUrl): Promise<RtspClient> {
    return this.#dialogue.open(url, {
      fingerprint: this.#components.context.config.sourceFingerprint,
      handler: {
        onFrame: (channel, payload) => this.#media?.onFrame(channel, payload),
        onReadEnd: (isInsideFrame) => this.#media?.onReadEnd(isInsideFrame),
      },
    });
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
        onFailure: (failure) => this.#dialogue.fail(failure),
      },
      tracks,
      {
        readTimeoutMs: this.#options.limits.readTimeoutMs,
        firstPacketTimeoutMs: isTrial ? FIRST_PACKET_TIMEOUT_MS : undefined,
      },
    );
  }

  async #release(): Promise<void> {
    await this.#setup?.close();
    this.#logCounters();
  }

  #logCounters(): void {
    const wrong = this.#media?.wrongChannelFrames ?? 0;
    const stray = this.#dialogue.client?.strayResponses ?? 0;
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
