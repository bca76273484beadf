// H265 of a Tuya camera: asked for and received over the data channel `fmp4Stream`, whole RTP packets
// in binary messages, and written into the path that pulls.
import { readUint32 } from '../../../core/base/bytes.ts';
import type { Clock, Timer } from '../../../core/base/clock.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import type { SourceContext } from '../../../core/path/source.ts';
import type { DataChannel, DataChannelWish } from '../../../core/webrtc/client/data-channel.ts';
import type { PeerCallbacks } from '../../../core/webrtc/transport/peer-session.ts';
import { formatChannelMessage, parseChannelMessage } from './h265-messages.ts';
import type { ChannelTracks } from './h265-tracks.ts';
import { swapSamples } from './h265-samples.ts';

/** What a channel works with: the time, and the run of the source that it feeds. */
export interface H265ChannelComponents {
  readonly clock: Clock;
  readonly context: Pick<SourceContext, 'publish' | 'logger' | 'signal'>;
}

/** What comes, from where. */
export interface H265ChannelOptions {
  readonly tracks: ChannelTracks;
  /** The camera's name in error texts. */
  readonly place: string;
  /** Longest wait for the next step of the camera, and its longest silence; default 10 s. */
  readonly answerTimeoutMs?: number;
}

/** The peer that offers, as far as it is needed here. */
export interface H265Peer {
  connect(callbacks: PeerCallbacks): void;
  close(): void;
}

/** connecting: DTLS or SCTP; codec, recv: waits for this answer; streaming: packets come. */
type State = 'connecting' | 'codec' | 'recv' | 'streaming' | 'closed';

const LABEL = 'fmp4Stream';
const MAX_RETRANSMITS = 5;
const DEFAULT_TIMEOUT_MS = 10_000;
const CHECK_MS = 500;
const RTP_HEADER_BYTES = 12;
const MAX_PACKET_BYTES = 65_535;
const WAITED_FOR: Readonly<Record<Exclude<State, 'closed'>, string>> = {
  connecting: 'did not open the data channel',
  codec: "did not answer 'codec'",
  recv: "did not answer 'start'",
  streaming: 'sent nothing over the data channel',
};

type Writer = ReturnType<SourceContext['publish']>;

/**
 * One run. Order of calls: `wish` goes into the peer's options; after the answer `receive()`
 * connects the peer. What the camera sends by SRTP is left out: for H265 it is nothing.
 */
export class H265Channel {
  /** For `PeerWish.dataChannel`. */
  readonly wish: DataChannelWish;
  /** Binary messages that were no packet of an announced track. */
  ignoredPackets = 0;
  readonly #components: H265ChannelComponents;
  readonly #options: H265ChannelOptions;
  readonly #timeoutMs: number;
  readonly #ended = Promise.withResolvers<never>();
  #state: State = 'connecting';
  #peer: H265Peer | undefined;
  #channel: DataChannel | undefined;
  #writer: Writer | undefined;
  #videoSsrc = 0;
  #audioSsrc = 0;
  #audioTrack = -1;
  /** Monotonic time of the newest step or packet. */
  #progressMs = 0;
  #timer: Timer | undefined;
  #hasScheduledPublish = false;

  constructor(components: H265ChannelComponents, options: H265ChannelOptions) {
    this.#components = components;
    this.#options = options;
    this.#timeoutMs = options.answerTimeoutMs ?? DEFAULT_TIMEOUT_MS;
    // Nobody may wait yet when the first failure comes.
    this.#ended.promise.catch(() => undefined);
    this.wish = {
      ...{ label: LABEL, isOrdered: true, maxRetransmits: MAX_RETRANSMITS },
      onOpen: (channel) => this.#onOpen(channel),
      onMessage: (message) => this.#onMessage(message),
      onClose: (reason) => {
        this.close(new MediaError('unavailable', 'tuya-channel-closed', this.#at(reason)));
      },
      onRefused: (reason) => {
        this.close(new MediaError('unsupported', 'tuya-channel-refused', this.#at(reason)));
      },
    };
  }

  /** Connects the peer and settles with the stream: rejects with its reason. The peer is closed then. */
  async receive(peer: H265Peer): Promise<never> {
    const { signal } = this.#components.context;
    this.#peer = peer;
    const onAbort = (): void => this.close(toMediaError(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      peer.connect({
        onRtp: () => undefined,
        onRtcp: () => undefined,
        onAddressChanged: () => undefined,
        onConnected: () => this.#watch(),
        onClosed: ({ message }) => {
          this.close(new MediaError('unavailable', 'peer-ended', this.#at(message)));
        },
      });
      return await this.#ended.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.close(new MediaError('canceled', 'source-stopped', 'the source was stopped'));
    }
  }

  /** Ends the run with this reason; idempotent. */
  close(reason: MediaError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#channel?.close();
    this.#writer?.close();
    this.#peer?.close();
    this.#ended.reject(reason);
  }

  #watch(): void {
    const { clock } = this.#components;
    if (this.#state === 'closed') return;
    this.#progressMs = clock.monotonicMs();
    this.#timer = clock.every(CHECK_MS, () => {
      const { state } = this.#stateNow();
      if (state === 'closed' || clock.monotonicMs() - this.#progressMs < this.#timeoutMs) return;
      const message = `the camera ${WAITED_FOR[state]} within ${this.#timeoutMs / 1000} s`;
      this.close(new MediaError('deadline-exceeded', 'tuya-channel-silent', this.#at(message)));
    });
  }

  #onOpen(channel: DataChannel): void {
    if (this.#state !== 'connecting') return;
    this.#channel = channel;
    this.#advance('codec');
    channel.send(formatChannelMessage('codec', ''));
  }

  #onMessage(message: string | Uint8Array): void {
    if (typeof message === 'string') this.#onText(message);
    else this.#onPacket(message);
  }

  #onText(text: string): void {
    const message = parseChannelMessage(text);
    if (message?.type === 'codec') {
      if (this.#state !== 'codec') return;
      this.#advance('recv');
      this.#channel?.send(formatChannelMessage('start', 'frame'));
    } else if (message?.type === 'recv') {
      // Cameras may name new sources when they change the resolution.
      if (this.#state !== 'recv' && this.#state !== 'streaming') return;
      this.#onSources(message.video, message.audio);
    }
  }

  #onSources(video: number | undefined, audio: number | undefined): void {
    if (video === undefined) {
      const message = this.#at("the camera's message 'recv' names no video");
      this.close(new MediaError('unavailable', 'tuya-channel-invalid', message));
      return;
    }
    const isFirst = this.#state !== 'streaming';
    try {
      if (isFirst) this.#publish(audio !== undefined);
    } catch (thrown) {
      this.close(toMediaError(thrown));
      return;
    }
    this.#videoSsrc = video;
    this.#audioSsrc = this.#audioTrack < 0 ? 0 : (audio ?? 0);
    this.#advance('streaming');
    if (isFirst) this.#channel?.send(formatChannelMessage('complete', ''));
  }

  #publish(hasAudio: boolean): void {
    const { context } = this.#components;
    const { video, audio } = this.#options.tracks;
    const tracks: TrackDescription[] = [video];
    if (hasAudio && audio) this.#audioTrack = tracks.push(audio) - 1;
    else if (hasAudio) context.logger.warn('the sound is left out: its format is not supported');
    this.#writer = context.publish(tracks);
    const names = tracks.map(({ codec }) => codec.name).join(', ');
    context.logger.info(`receives ${names} over the data channel of ${this.#options.place}`);
  }

  #onPacket(bytes: Uint8Array): void {
    const { length } = bytes;
    const writer = this.#writer;
    if (!writer || this.#state !== 'streaming') return;
    const ssrc = length >= RTP_HEADER_BYTES ? readUint32(bytes, 8) : 0;
    const { video, audio } = this.#options.tracks;
    if (length <= MAX_PACKET_BYTES && ssrc !== 0 && ssrc === this.#videoSsrc) {
      setPayloadType(bytes, video.payloadType);
      writer.writeRtp(0, bytes);
    } else if (length <= MAX_PACKET_BYTES && ssrc !== 0 && ssrc === this.#audioSsrc) {
      if (this.#options.tracks.isLittleEndian) swapSamples(bytes);
      if (audio) setPayloadType(bytes, audio.payloadType);
      writer.writeRtp(this.#audioTrack, bytes);
    } else {
      this.ignoredPackets++;
      return;
    }
    this.#progressMs = this.#components.clock.monotonicMs();
    if (this.#hasScheduledPublish) return;
    // Readers are woken once for all packets of one turn of the event loop.
    this.#hasScheduledPublish = true;
    setImmediate(this.#publishNow);
  }

  readonly #publishNow = (): void => {
    this.#hasScheduledPublish = false;
    if (this.#state !== 'closed') this.#writer?.publish();
  };

  #advance(state: State): void {
    this.#state = state;
    this.#progressMs = this.#components.clock.monotonicMs();
  }

  /** Read through a function so that the compiler forgets what it knew before a call. */
  #stateNow(): { readonly state: State } {
    return { state: this.#state };
  }

  #at(message: string): string {
    return `${this.#options.place}: ${message}`;
  }
}

/** Nobody told which number the camera writes; a track takes its own only. */
function setPayloadType(bytes: Uint8Array, payloadType: number): void {
  bytes[1] = ((bytes[1] ?? 0) & 0x80) | payloadType;
}
