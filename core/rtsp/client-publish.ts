// One session with a server that we publish to: connect, announce, set up, record, send, tear down.
import type { Clock, Timer } from '../base/clock.ts';
import { MediaError } from '../base/media-error.ts';
import type { ForwardContext } from '../path/forward-target.ts';
import { sdpFromTracks } from '../sdp/sdp-from-tracks.ts';
import { writeSdp } from '../sdp/write-sdp.ts';
import { resolveControl } from './client-control-url.ts';
import { ClientDialogue } from './client-dialogue.ts';
import { statusError, statusText } from './client-status-error.ts';
import { ClientUdpPair } from './client-udp-pair.ts';
import type { SourceUrl } from './client-url.ts';
import { FanoutRegistry } from './fanout-registry.ts';
import type { RtspClient } from './rtsp-client.ts';
import type { RtspResponse } from './rtsp-message.ts';
import { SessionReader } from './session-reader.ts';
import { formatTransport, parseTransportHeader, type Transport } from './transport-header.ts';

/** What a session needs. */
export interface ClientPublishComponents {
  readonly clock: Clock;
  readonly context: ForwardContext;
  readonly random: () => number;
}

/** How a session is run. */
export interface ClientPublishOptions {
  readonly url: SourceUrl;
  readonly transport: 'tcp' | 'udp';
  /** Longest wait for an answer. */
  readonly readTimeoutMs: number;
  /** Longest age of what is queued. */
  readonly writeTimeoutMs: number;
}

const TICK_MS = 1000;
const DEFAULT_TIMEOUT_SECONDS = 60;
const STOPPED = new MediaError('canceled', 'forward-stopped', 'the forward was stopped');

/** Runs once; everything it opened is closed when `run()` settles. */
export class ClientPublish {
  readonly #components: ClientPublishComponents;
  readonly #options: ClientPublishOptions;
  readonly #dialogue: ClientDialogue;
  readonly #reader: SessionReader;
  readonly #pairs: ClientUdpPair[] = [];
  #timer: Timer | undefined;

  constructor(components: ClientPublishComponents, options: ClientPublishOptions) {
    this.#components = components;
    this.#options = options;
    const { clock, context } = components;
    const { logger, signal } = context;
    this.#dialogue = new ClientDialogue(
      { clock, logger, signal },
      { url: options.url, limits: options, stopped: STOPPED },
    );
    this.#reader = new SessionReader(
      { clock, logger, fanouts: new FanoutRegistry(clock) },
      {
        // The forwarder gives the lease back.
        lease: { ...context.lease, close: () => undefined },
        onStreamClosed: (reason) => this.#dialogue.fail(reason),
        maxQueueAgeMs: options.writeTimeoutMs,
      },
    );
  }

  /** @throws MediaError why the session ended, always; the signal's reason when aborted. */
  run(): Promise<never> {
    return this.#dialogue.run({
      converse: () => this.#converse(),
      halt: () => this.#halt(),
      release: () => this.#release(),
    });
  }

  async #converse(): Promise<void> {
    const client = await this.#open();
    const { requestUrl } = this.#options.url;
    const options = await client.request('OPTIONS', requestUrl);
    const announced = await client.announce(requestUrl, this.#description());
    this.#assertDone('ANNOUNCE', announced);
    client.noteSession(announced);
    let timeoutSeconds = DEFAULT_TIMEOUT_SECONDS;
    for (const { index } of this.#components.context.lease.stream.tracks) {
      const response = await this.#setUp(client, index);
      timeoutSeconds = client.noteSession(response) ?? timeoutSeconds;
    }
    const recorded = await client.request('RECORD', requestUrl, { Range: 'npt=0.000-' });
    this.#assertDone('RECORD', recorded);
    this.#dialogue.assertRunning();
    this.#dialogue.keepAlive(client, {
      timeoutSeconds,
      methods: new Set((options.headers.get('Public') ?? '').split(/\s*,\s*/u)),
    });
    this.#start(client);
  }

  #start(client: RtspClient): void {
    const { clock, context } = this.#components;
    const reader = this.#reader;
    reader.prepare();
    reader.start();
    this.#timer = clock.every(TICK_MS, () => {
      const failure = reader.tick(clock.monotonicMs());
      if (failure) this.#dialogue.fail(failure);
    });
    this.#dialogue.noteFlow(client);
    context.onForwarding(() => client.connection.outboundBytes + reader.udpBytes.outbound);
  }

  #open(): Promise<RtspClient> {
    const reader = this.#reader;
    return this.#dialogue.open(this.#options.url, {
      fingerprint: this.#components.context.fingerprint,
      fingerprintKey: 'destFingerprint',
      handler: {
        onFrame: (channel, payload) => reader.onFrame(channel, payload),
        onReadEnd: () => reader.onReadEnd(),
        onDrain: () => reader.onDrain(),
      },
    });
  }

  #description(): string {
    const { stream } = this.#components.context.lease;
    const tracks = stream.tracks.map(({ kind, codec, payloadType }) => ({
      ...{ kind, codec, payloadType },
    }));
    return writeSdp(sdpFromTracks({ tracks, sessionName: 'Stream' }));
  }

  async #setUp(client: RtspClient, trackIndex: number): Promise<RtspResponse> {
    const url = resolveControl(this.#options.url.requestUrl, `trackID=${trackIndex}`);
    const common = { profile: 'AVP', isMulticast: false, mode: 'record' } as const;
    if (this.#options.transport === 'tcp') {
      const interleaved = { rtp: trackIndex * 2, rtcp: trackIndex * 2 + 1 };
      const transport: Transport = { ...common, lowerTransport: 'tcp', interleaved };
      const response = await this.#ask(client, url, transport);
      this.#reader.setUpTcp(trackIndex, interleaved, client.connection);
      return response;
    }
    const { context, random } = this.#components;
    const portRange = context.config.rtspUDPSourcePortRange;
    const { localIp } = client;
    const pair = await ClientUdpPair.open({ portRange, localIp, receiveBufferBytes: 0, random });
    this.#pairs.push(pair);
    const transport: Transport = { ...common, lowerTransport: 'udp', clientPort: pair.ports };
    const response = await this.#ask(client, url, transport);
    const serverPort = serverPortOf(response);
    if (!serverPort) throw this.#transportRefusal('named no server_port');
    const { remoteIp } = client.connection;
    pair.setCamera({ addresses: [remoteIp], ports: serverPort, isAnyPort: false });
    this.#reader.setUpUdp(trackIndex, serverPort, { udp: senderOf(pair), ip: remoteIp });
    return response;
  }

  async #ask(client: RtspClient, url: string, transport: Transport): Promise<RtspResponse> {
    const response = await client.request('SETUP', url, { Transport: formatTransport(transport) });
    if (response.statusCode === 461) {
      throw this.#transportRefusal(`refused it: ${statusText(response)}`);
    }
    this.#assertDone('SETUP', response);
    return response;
  }

  #transportRefusal(problem: string): MediaError {
    const { transport } = this.#options;
    const text = `${this.#place}: SETUP over ${transport.toUpperCase()}: it ${problem}`;
    return new MediaError('unsupported', 'rtsp-transport-refused', text);
  }

  #assertDone(method: string, response: RtspResponse): void {
    if (response.statusCode === 200) return;
    throw statusError({ place: this.#place, method }, response);
  }

  get #place(): string {
    return this.#dialogue.client?.place ?? '';
  }

  #halt(): void {
    this.#timer?.cancel();
    this.#reader.close();
  }

  async #release(): Promise<void> {
    for (const pair of this.#pairs) await pair.close();
  }
}

function serverPortOf(response: RtspResponse): Transport['serverPort'] {
  const header = response.headers.get('Transport');
  return header === undefined ? undefined : parseTransportHeader(header)[0]?.serverPort;
}

/** The pair as the readers' way to the network. */
function senderOf(pair: ClientUdpPair): Parameters<SessionReader['setUpUdp']>[2]['udp'] {
  return {
    register: (_ip, _ports, member) => {
      pair.setHandler({
        onRtpDatagram: (bytes) => member.onRtpDatagram(bytes),
        onRtcpDatagram: (bytes) => member.onRtcpDatagram(bytes),
      });
      return {
        sendRtp: (bytes, offset, length) => pair.sendRtp(bytes, offset, length),
        sendRtcp: (bytes) => pair.sendRtcp(bytes),
        close: () => undefined,
      };
    },
  };
}
