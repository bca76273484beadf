// SETUP of a source's tracks over TCP or UDP: what is asked, and what the answer means.
import { isIP } from 'node:net';
import type { Logger } from '../base/logger.ts';
import { normalizeIp } from '../base/ip-address.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import { resolveControl } from './client-control-url.ts';
import { statusError, statusText } from './client-status-error.ts';
import { ClientUdpPair, type UdpPairOptions } from './client-udp-pair.ts';
import type { RtspClient } from './rtsp-client.ts';
import type { RtspResponse } from './rtsp-message.ts';
import {
  formatTransport,
  parseTransportHeader,
  type Transport,
  type TransportPair,
} from './transport-header.ts';

/** How media travels. */
export type LowerTransport = 'udp' | 'tcp';

/** How one track's packets come in. */
export type TrackTransport =
  | { readonly type: 'tcp'; readonly channels: TransportPair }
  | { readonly type: 'udp'; readonly pair: ClientUdpPair };

/** A track that the camera agreed to send. */
export interface SetUpTrack {
  readonly track: TrackDescription;
  readonly transport: TrackTransport;
}

/** What SETUP needs beside the tracks. */
export interface SetupOptions {
  readonly client: RtspClient;
  readonly logger: Logger;
  readonly baseUrl: string;
  readonly transport: LowerTransport;
  readonly isAnyPort: boolean;
  readonly udp: Omit<UdpPairOptions, 'localIp'>;
}

/** Tracks that were set up; the caller closes their UDP pairs. */
export interface SetupResult {
  readonly tracks: readonly SetUpTrack[];
  /** Seconds, when the camera told; 60 is what RFC 2326 says otherwise. */
  readonly timeoutSeconds: number;
}

const DEFAULT_TIMEOUT_SECONDS = 60;
/** Refusals that have nothing to do with the transport. */
const OTHER_REFUSALS: ReadonlySet<number> = new Set([403, 404, 453, 454]);
const LOST_CONNECTION: ReadonlySet<string> = new Set([
  'rtsp-source-closed',
  'rtsp-connection-failed',
]);

/** Sets tracks up one by one and keeps what they hold until `close()`. */
export class ClientSetup {
  readonly #options: SetupOptions;
  readonly #tracks: SetUpTrack[] = [];
  readonly #takenChannels = new Set<number>();
  #timeoutSeconds = DEFAULT_TIMEOUT_SECONDS;

  constructor(options: SetupOptions) {
    this.#options = options;
  }

  /**
   * Sets every track up. Beside a video track, others that the camera refuses are left out.
   * @throws MediaError of the refusal; `unsupported` `rtsp-transport-refused` when the other
   * transport may do.
   */
  async setUp(tracks: readonly TrackDescription[]): Promise<SetupResult> {
    const hasVideo = tracks.some((track) => track.kind === 'video');
    for (const track of tracks) {
      const refusal = await this.#setUpTrack(track);
      if (!refusal) continue;
      const isNeeded = track.kind === 'video' || !hasVideo;
      if (isNeeded || refusal.code === 'rtsp-transport-refused') throw refusal;
      this.#options.logger.debug(`${track.kind} track left out: ${refusal.message}`);
    }
    return { tracks: this.#tracks, timeoutSeconds: this.#timeoutSeconds };
  }

  /** Closes the UDP sockets. Idempotent. */
  async close(): Promise<void> {
    const tracks = this.#tracks.splice(0);
    for (const { transport } of tracks) {
      if (transport.type === 'udp') await transport.pair.close();
    }
  }

  /** Returns why the camera refused the track; throws what concerns the whole session. */
  async #setUpTrack(track: TrackDescription): Promise<MediaError | undefined> {
    if (this.#options.transport === 'tcp') return this.#setUpTcp(track);
    const { client, udp } = this.#options;
    const pair = await ClientUdpPair.open({ ...udp, localIp: client.localIp });
    try {
      const refusal = await this.#setUpUdp(track, pair);
      if (refusal) await pair.close();
      return refusal;
    } catch (failure) {
      await pair.close();
      throw failure;
    }
  }

  async #setUpTcp(track: TrackDescription): Promise<MediaError | undefined> {
    const asked = this.#freeChannels();
    const response = await this.#ask(track, {
      lowerTransport: 'tcp',
      profile: 'AVP',
      isMulticast: false,
      interleaved: asked,
    });
    if (response.statusCode !== 200) return this.#refusal(response);
    const answer = this.#answerOf(response);
    if (answer?.lowerTransport === 'udp' && !answer.interleaved && answer.serverPort) {
      return this.#transportRefusal('answered SETUP over TCP with UDP');
    }
    const channels = this.#channelsOf(answer, asked);
    this.#takenChannels.add(channels.rtp).add(channels.rtcp);
    this.#tracks.push({ track, transport: { type: 'tcp', channels } });
    return undefined;
  }

  async #setUpUdp(track: TrackDescription, pair: ClientUdpPair): Promise<MediaError | undefined> {
    const response = await this.#askUdp(track, pair.ports);
    if (response instanceof MediaError) return response;
    if (response.statusCode !== 200) return this.#refusal(response);
    const answer = this.#answerOf(response);
    if (answer?.lowerTransport === 'tcp' || answer?.isMulticast === true) {
      const given = answer.isMulticast ? 'multicast' : 'TCP';
      return this.#transportRefusal(`answered SETUP over UDP with ${given}`);
    }
    pair.setCamera({
      addresses: this.#cameraAddresses(answer),
      ports: answer?.serverPort,
      isAnyPort: this.#options.isAnyPort,
    });
    this.#tracks.push({ track, transport: { type: 'udp', pair } });
    return undefined;
  }

  async #askUdp(
    track: TrackDescription,
    clientPort: TransportPair,
  ): Promise<RtspResponse | MediaError> {
    try {
      return await this.#ask(track, {
        lowerTransport: 'udp',
        profile: 'AVP',
        isMulticast: false,
        clientPort,
      });
    } catch (thrown) {
      const failure = toMediaError(thrown);
      if (!LOST_CONNECTION.has(failure.code)) throw failure;
      // Some cameras hang up on what they don't know.
      return this.#transportRefusal(`hung up on SETUP over UDP (${failure.message})`);
    }
  }

  async #ask(track: TrackDescription, transport: Transport): Promise<RtspResponse> {
    const { client, baseUrl } = this.#options;
    const response = await client.request('SETUP', resolveControl(baseUrl, track.control), {
      Transport: formatTransport(transport),
    });
    if (response.statusCode === 200) {
      this.#timeoutSeconds = client.noteSession(response) ?? this.#timeoutSeconds;
    }
    return response;
  }

  #refusal(response: RtspResponse): MediaError {
    const { client, transport } = this.#options;
    const { statusCode } = response;
    const isFirstOverUdp = transport === 'udp' && this.#tracks.length === 0;
    const isOfTransport = statusCode === 461 || (isFirstOverUdp && !OTHER_REFUSALS.has(statusCode));
    if (!isOfTransport) return statusError({ place: client.place, method: 'SETUP' }, response);
    const name = transport.toUpperCase();
    return this.#transportRefusal(`refused SETUP over ${name}: ${statusText(response)}`);
  }

  #transportRefusal(problem: string): MediaError {
    const text = `${this.#options.client.place} ${problem}`;
    return new MediaError('unsupported', 'rtsp-transport-refused', text);
  }

  /** The transport that the camera chose; undefined when it did not say. */
  #answerOf(response: RtspResponse): Transport | undefined {
    const header = response.headers.get('Transport');
    if (header === undefined || header.trim() === '') return undefined;
    try {
      return parseTransportHeader(header)[0];
    } catch (thrown) {
      const failure = toMediaError(thrown);
      const text = `${this.#options.client.place}: SETUP: ${failure.message}`;
      throw new MediaError(failure.kind, failure.code, text);
    }
  }

  #freeChannels(): TransportPair {
    let rtp = 0;
    while (this.#takenChannels.has(rtp) || this.#takenChannels.has(rtp + 1)) rtp += 2;
    return { rtp, rtcp: rtp + 1 };
  }

  /** Cameras may choose other channels than asked for; the same ones for two tracks make no sense. */
  #channelsOf(answer: Transport | undefined, asked: TransportPair): TransportPair {
    const given = answer?.interleaved;
    if (!given) return asked;
    const isTaken = this.#takenChannels.has(given.rtp) || this.#takenChannels.has(given.rtcp);
    if (!isTaken && given.rtp !== given.rtcp) return given;
    this.#options.logger.debug(`camera gave channels ${given.rtp}-${given.rtcp} twice`);
    return asked;
  }

  /** The camera's own address, then the one it names. */
  #cameraAddresses(answer: Transport | undefined): string[] {
    const remote = this.#options.client.connection.remoteIp;
    const source = answer?.source ?? '';
    const named = isIP(source) === 0 ? undefined : normalizeIp(source);
    return named === undefined || named === remote ? [remote] : [remote, named];
  }
}
