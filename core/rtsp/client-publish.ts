// One session with a server that we publish to: connect, announce, set up, record, send, tear down.
import type { Clock, Timer } from '../base/clock.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { ForwardContext } from '../path/forward-target.ts';
import { sdpFromTracks } from '../sdp/sdp-from-tracks.ts';
import { writeSdp } from '../sdp/write-sdp.ts';
import { connectToSource } from './client-connect.ts';
import { resolveControl } from './client-control-url.ts';
import { ClientKeepAlive } from './client-keep-alive.ts';
import { statusError, statusText } from './client-status-error.ts';
import { ClientUdpPair } from './client-udp-pair.ts';
import type { SourceUrl } from './client-url.ts';
import { FanoutRegistry } from './fanout-registry.ts';
import { RtspClient } from './rtsp-client.ts';
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

const MAX_CONNECT_MS = 5000;
const TEARDOWN_TIMEOUT_MS = 500;
const TICK_MS = 1000;
const DEFAULT_TIMEOUT_SECONDS = 60;
const STOPPED = new MediaError('canceled', 'forward-stopped', 'the forward was stopped');

/** Runs once; everything it opened is closed when `run()` settles. */
export class ClientPublish {
  readonly #components: ClientPublishComponents;
  readonly #options: ClientPublishOptions;
  readonly #abort = new AbortController();
  readonly #ended = Promise.withResolvers<never>();
  readonly #reader: SessionReader;
  readonly #pairs: ClientUdpPair[] = [];
  #client: RtspClient | undefined;
  #keepAlive: ClientKeepAlive | undefined;
  #timer: Timer | undefined;
  #isRecording = false;

  constructor(components: ClientPublishComponents, options: ClientPublishOptions) {
    this.#components = components;
    this.#options = options;
    const { clock, context } = components;
    this.#reader = new SessionReader(
      { clock, logger: context.logger, fanouts: new FanoutRegistry(clock) },
      {
        // The forwarder gives the lease back.
        lease: { ...context.lease, close: () => undefined },
        onStreamClosed: (reason) => this.#fail(reason),
        maxQueueAgeMs: options.writeTimeoutMs,
      },
    );
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
    if (this.#abort.signal.aborted) throw STOPPED;
    this.#startKeepAlive(client, {
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
      if (failure) this.#fail(failure);
    });
    this.#isRecording = true;
    if (client.failure) throw client.failure;
    context.onForwarding(() => client.connection.outboundBytes + reader.udpBytes.outbound);
  }

  async #open(): Promise<RtspClient> {
    const { clock, context } = this.#components;
    const { url, readTimeoutMs } = this.#options;
    const socket = await connectToSource(clock, {
      url,
      fingerprint: context.fingerprint,
      fingerprintKey: 'destFingerprint',
      timeoutMs: Math.min(MAX_CONNECT_MS, readTimeoutMs),
      signal: this.#abort.signal,
    });
    const reader = this.#reader;
    const client = new RtspClient(
      {
        ...{ socket, clock, logger: context.logger },
        handler: {
          onFrame: (channel, payload) => reader.onFrame(channel, payload),
          onReadEnd: () => reader.onReadEnd(),
          onDrain: () => reader.onDrain(),
          // Before, the request that waits for its answer fails with the same reason.
          onClose: (failure) => {
            if (this.#isRecording) this.#fail(failure);
          },
        },
      },
      { url, credentials: url.credentials, requestTimeoutMs: readTimeoutMs },
    );
    this.#client = client;
    client.start();
    if (this.#abort.signal.aborted) throw STOPPED;
    return client;
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
    const text = `${this.#client?.place ?? ''}: SETUP over ${transport.toUpperCase()}: it ${problem}`;
    return new MediaError('unsupported', 'rtsp-transport-refused', text);
  }

  #assertDone(method: string, response: RtspResponse): void {
    if (response.statusCode === 200) return;
    throw statusError({ place: this.#client?.place ?? '', method }, response);
  }

  #startKeepAlive(
    client: RtspClient,
    session: { readonly timeoutSeconds: number; readonly methods: ReadonlySet<string> },
  ): void {
    const { clock, context } = this.#components;
    this.#keepAlive = new ClientKeepAlive(
      { client, clock, logger: context.logger, onLost: (failure) => this.#fail(failure) },
      { url: this.#options.url.requestUrl, ...session },
    );
    this.#keepAlive.start();
  }

  /** Ends the session; the first reason counts. */
  #fail(failure: MediaError): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort(failure);
    this.#ended.reject(failure);
  }

  async #close(dialogue: Promise<void>): Promise<void> {
    this.#fail(STOPPED);
    this.#timer?.cancel();
    this.#keepAlive?.close();
    this.#reader.close();
    const client = this.#client;
    if (client) {
      await this.#tearDown(client);
      await client.close(STOPPED);
    }
    await Promise.allSettled([dialogue]);
    this.#timer?.cancel();
    this.#keepAlive?.close();
    this.#reader.close();
    for (const pair of this.#pairs) await pair.close();
  }

  /** Without it the server holds the path until the session times out. */
  async #tearDown(client: RtspClient): Promise<void> {
    if (client.sessionId === undefined || client.connection.closedReason) return;
    const { promise: timeout, resolve } = Promise.withResolvers<undefined>();
    const timer = this.#components.clock.after(TEARDOWN_TIMEOUT_MS, () => resolve(undefined));
    const answered = client.request('TEARDOWN', this.#options.url.requestUrl);
    await Promise.allSettled([Promise.race([answered, timeout])]);
    timer.cancel();
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
