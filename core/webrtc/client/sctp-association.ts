// One SCTP association over a pair of functions (RFC 9260 over DTLS: RFC 8261): handshake from both
// sides, timers, streams that end (RFC 6525). Not an adapter of werift's: its SCTP is not exported,
// and one chunk of length 0 keeps it busy for ever.
import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../../base/clock.ts';
import { SctpInbound } from './sctp-inbound.ts';
import { SctpOutbound, type OutboundMessage } from './sctp-outbound.ts';
import {
  parseSctpPacket,
  sctpChunkType,
  sctpParameterType,
  tsnDistance,
  writeSctpPacket,
  writeSctpParameters,
  type SctpChunk,
  type SctpPacket,
} from './sctp-packet.ts';
import { readStart, writeStart, type PeerStart } from './sctp-start.ts';
import { lastTsnBeforeReset, readStreamReset, SctpStreamReset } from './sctp-stream-reset.ts';

/** What an association works with; nothing is called after close(). */
export interface SctpComponents {
  readonly clock: Clock;
  /** Sends one packet; whether it arrives is for the association to find out. */
  readonly send: (packet: Uint8Array) => void;
  readonly onConnected: () => void;
  readonly onMessage: (streamId: number, protocol: number, bytes: Uint8Array) => void;
  /** The peer ended a stream; ours of the same number is ended too. */
  readonly onStreamReset: (streamId: number) => void;
  /** The association is over. Called at most once, not after close(). */
  readonly onClosed: (reason: string) => void;
}

/** Ports of the two descriptions, 5000 by habit. */
export interface SctpOptions {
  readonly localPort: number;
  readonly remotePort: number;
}

type State = 'idle' | 'cookie-wait' | 'cookie-echoed' | 'established' | 'closed';

const COOKIE_BYTES = 24;
const MAX_INIT_RETRIES = 8;
const MAX_RETRANSMISSIONS = 10;
/** Packets sent in one go, RFC 9260 section 6.1, rule D. */
const MAX_BURST = 4;
/** RFC 9260 section 6.2: an acknowledgement waits no longer. */
const SACK_DELAY_MS = 100;
/** In one packet: each may ask for an answer, or give up thousands of numbers. */
const MAX_CONTROL_CHUNKS = 8;
/** Verification tag of our own in a peer's ABORT (RFC 9260 section 8.5.1). */
const FLAG_REFLECTED = 1;
const NOTHING = new Uint8Array(0);

/** Begins with start(); both ends may start at once. */
export class SctpAssociation {
  readonly #components: SctpComponents;
  readonly #options: SctpOptions;
  readonly #tag = randomBytes(4).readUInt32BE(0) || 1;
  readonly #outbound = new SctpOutbound(randomBytes(4).readUInt32BE(0));
  readonly #reset: SctpStreamReset;
  #inbound: SctpInbound | undefined;
  #peerTag = 0;
  /** Made for the newest INIT of the peer; the echo brings it back. */
  #offered: { readonly cookie: Buffer; readonly peer: PeerStart } | undefined;
  #state: State = 'idle';
  /** What the handshake timer sends again. */
  #pending: SctpChunk | undefined;
  #handshakeTimer: Timer | undefined;
  #retransmissionTimer: Timer | undefined;
  #sackTimer: Timer | undefined;
  #retries = 0;
  #timeouts = 0;
  #unacknowledgedPackets = 0;
  /** The end of a stream that overtook its data. */
  #earlyReset: Uint8Array | undefined;

  constructor(components: SctpComponents, options: SctpOptions) {
    this.#components = components;
    this.#options = options;
    this.#reset = new SctpStreamReset(components.clock, this.#outbound.initialTsn, {
      send: (value) => this.#send([{ type: sctpChunkType.reconfig, flags: 0, value }]),
      lastTsn: () => this.#outbound.lastTsn,
      onFailed: () => this.#abort('the peer does not answer the end of a stream'),
    });
  }

  get isEstablished(): boolean {
    return this.#state === 'established';
  }

  /** Bytes of messages that were not acknowledged or given up yet. */
  get bufferedBytes(): number {
    return this.#outbound.bufferedBytes;
  }

  /** Sends the INIT. */
  start(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'cookie-wait';
    this.#sendAgain({ type: sctpChunkType.init, flags: 0, value: this.#initValue() });
  }

  /** Takes one packet of the peer. Never throws; what is malformed is dropped. */
  receive(bytes: Uint8Array): void {
    const packet = this.#state === 'closed' ? undefined : parseSctpPacket(bytes);
    if (packet === undefined) return;
    const { localPort, remotePort } = this.#options;
    if (packet.destinationPort !== localPort || packet.sourcePort !== remotePort) return;
    const [first] = packet.chunks;
    if (first?.type === sctpChunkType.init) {
      // Alone and without tag (RFC 9260 section 8.5.1).
      if (packet.chunks.length === 1 && packet.verificationTag === 0) this.#onInit(first.value);
      return;
    }
    if (!this.#isForUs(packet)) return;
    let [hasData, hasForward, controls] = [false, false, 0];
    for (const chunk of packet.chunks) {
      if (this.#isClosed()) return;
      if (chunk.type !== sctpChunkType.data && controls++ >= MAX_CONTROL_CHUNKS) break;
      hasData ||= chunk.type === sctpChunkType.data;
      hasForward ||= chunk.type === sctpChunkType.forwardTsn;
      if (!this.#receiveChunk(chunk)) break;
    }
    if (this.#isClosed()) return;
    // Once a packet, or small ones would be answered by many large ones.
    if (hasData || hasForward) this.#acknowledge(hasForward);
    if (this.#earlyReset) this.#onReconfig(this.#earlyReset);
    if (this.#isClosed()) return;
    this.#flush();
  }

  /** Queues a message; false when the association is over or its memory full. */
  send(message: OutboundMessage): boolean {
    if (this.#state === 'closed' || !this.#outbound.push(message)) return false;
    this.#flush();
    return true;
  }

  /** Ends our side of a stream; what was sent on it before still arrives. */
  resetStream(streamId: number): void {
    if (this.#state === 'established') this.#reset.request(streamId);
  }

  /** Sends ABORT and frees everything; idempotent, calls nothing back. */
  close(): void {
    if (this.#state === 'closed') return;
    if (this.#peerTag !== 0) this.#send([{ type: sctpChunkType.abort, flags: 0, value: NOTHING }]);
    this.#end();
  }

  #isForUs({ verificationTag, chunks }: SctpPacket): boolean {
    if (verificationTag === this.#tag) return true;
    const [first] = chunks;
    const isReflected = first !== undefined && (first.flags & FLAG_REFLECTED) !== 0;
    return (
      first?.type === sctpChunkType.abort &&
      isReflected &&
      this.#peerTag !== 0 &&
      verificationTag === this.#peerTag
    );
  }

  /** Returns false when the rest of the packet has to be left out. */
  #receiveChunk({ type, flags, value }: SctpChunk): boolean {
    switch (type) {
      case sctpChunkType.data:
        if (this.#inbound?.receive(flags, value) === false) this.#abort('DATA without data');
        return this.#inbound !== undefined;
      case sctpChunkType.sack:
        this.#onSack(value);
        return true;
      case sctpChunkType.initAck:
        this.#onInitAck(value);
        return true;
      case sctpChunkType.cookieEcho:
        return this.#onCookieEcho(value);
      case sctpChunkType.cookieAck:
        if (this.#state === 'cookie-echoed') this.#establish();
        return true;
      case sctpChunkType.heartbeat:
        this.#send([{ type: sctpChunkType.heartbeatAck, flags: 0, value }]);
        return true;
      case sctpChunkType.forwardTsn:
        this.#inbound?.forward(value);
        return true;
      case sctpChunkType.reconfig:
        this.#onReconfig(value);
        return true;
      case sctpChunkType.abort:
        this.#close('the peer aborted the association');
        return false;
      case sctpChunkType.shutdown:
        this.#send([{ type: sctpChunkType.shutdownAck, flags: 0, value: NOTHING }]);
        this.#close('the peer shut the association down');
        return false;
      default:
        // RFC 9260 section 3.2: the highest bit says whether the rest may be read.
        return KNOWN_TYPES.has(type) || (type & 0x80) !== 0;
    }
  }

  /** RFC 9260 section 5.2.1: the answer to an INIT has our own tag, also when both ends started. */
  #onInit(value: Uint8Array): void {
    const peer = readStart(value);
    if (peer === undefined) return;
    // The same INIT again has the same answer: the echo of the first may be on its way.
    const former = this.#offered?.peer.tag === peer.tag ? this.#offered : undefined;
    const cookie = former?.cookie ?? randomBytes(COOKIE_BYTES);
    this.#offered = { cookie, peer };
    const answer = Buffer.concat([
      this.#initValue(),
      writeSctpParameters([{ type: sctpParameterType.cookie, value: cookie }]),
    ]);
    this.#send([{ type: sctpChunkType.initAck, flags: 0, value: answer }], peer.tag);
  }

  #onInitAck(value: Uint8Array): void {
    if (this.#state !== 'cookie-wait') return;
    const peer = readStart(value);
    if (peer?.cookie === undefined) return;
    this.#adopt(peer);
    this.#state = 'cookie-echoed';
    this.#sendAgain({ type: sctpChunkType.cookieEcho, flags: 0, value: peer.cookie });
  }

  #onCookieEcho(value: Uint8Array): boolean {
    const offered = this.#offered;
    if (!offered?.cookie.equals(value)) return false;
    if (this.#state === 'established') {
      if (offered.peer.tag !== this.#peerTag) {
        // A new association in the same DTLS session: whoever has the channel would miss data.
        this.#abort('the peer restarted the association');
        return false;
      }
      this.#send([{ type: sctpChunkType.cookieAck, flags: 0, value: NOTHING }]);
      return true;
    }
    if (this.#peerTag !== offered.peer.tag) this.#adopt(offered.peer);
    this.#send([{ type: sctpChunkType.cookieAck, flags: 0, value: NOTHING }]);
    this.#establish();
    return !this.#isClosed();
  }

  #adopt(peer: PeerStart): void {
    this.#peerTag = peer.tag;
    this.#inbound = new SctpInbound(peer.initialTsn, this.#onMessage);
    this.#outbound.begin(peer.windowBytes, peer.canGiveUp);
    this.#reset.begin(peer.initialTsn);
  }

  #establish(): void {
    this.#handshakeTimer?.cancel();
    this.#pending = undefined;
    this.#state = 'established';
    this.#components.onConnected();
    this.#flush();
  }

  readonly #onMessage = (streamId: number, protocol: number, bytes: Uint8Array): void => {
    if (!this.#isClosed()) this.#components.onMessage(streamId, protocol, bytes);
  };

  #onSack(value: Uint8Array): void {
    const isNew = this.#outbound.acknowledge(value, this.#components.clock.monotonicMs());
    if (isNew !== true) return;
    this.#timeouts = 0;
    this.#retransmissionTimer?.cancel();
    this.#retransmissionTimer = undefined;
    this.#sendForwardTsn();
  }

  #onReconfig(value: Uint8Array): void {
    if (this.#state !== 'established' || !this.#inbound) return;
    const lastTsn = lastTsnBeforeReset(value) ?? this.#inbound.cumulativeTsn;
    const isEarly = tsnDistance(this.#inbound.cumulativeTsn, lastTsn) > 0;
    this.#earlyReset = isEarly ? value.slice() : undefined;
    if (isEarly) return;
    const { answers, streams } = readStreamReset(value, this.#reset);
    if (answers) this.#send([{ type: sctpChunkType.reconfig, flags: 0, value: answers }]);
    for (const streamId of streams) {
      this.#outbound.resetStream(streamId);
      this.#components.onStreamReset(streamId);
      if (this.#isClosed()) return;
    }
  }

  #flush(): void {
    if (this.#state !== 'established') return;
    const nowMs = this.#components.clock.monotonicMs();
    for (let count = 0; count < MAX_BURST; count++) {
      const due = this.#outbound.next(nowMs);
      if (due === undefined) break;
      this.#send([{ type: sctpChunkType.data, ...due }]);
      if (this.#isClosed()) return;
    }
    if (this.#outbound.isWaiting) this.#armRetransmission();
    else {
      this.#retransmissionTimer?.cancel();
      this.#retransmissionTimer = undefined;
    }
  }

  #armRetransmission(): void {
    this.#retransmissionTimer ??= this.#components.clock.after(this.#outbound.rtoMs, () => {
      this.#retransmissionTimer = undefined;
      this.#timeouts++;
      if (this.#timeouts > MAX_RETRANSMISSIONS) {
        this.#abort(`the peer acknowledges nothing after ${MAX_RETRANSMISSIONS} retransmissions`);
        return;
      }
      this.#outbound.onTimeout();
      this.#sendForwardTsn();
      this.#flush();
    });
  }

  #sendForwardTsn(): void {
    const value = this.#outbound.forwardTsn();
    if (value) this.#send([{ type: sctpChunkType.forwardTsn, flags: 0, value }]);
  }

  /** Every second packet at once, and whenever something is missing. */
  #acknowledge(isUrgent: boolean): void {
    this.#unacknowledgedPackets++;
    if (isUrgent || this.#unacknowledgedPackets >= 2 || this.#inbound?.hasGap === true) {
      this.#sendSack();
      return;
    }
    this.#sackTimer ??= this.#components.clock.after(SACK_DELAY_MS, () => this.#sendSack());
  }

  #sendSack(): void {
    this.#sackTimer?.cancel();
    this.#sackTimer = undefined;
    this.#unacknowledgedPackets = 0;
    if (!this.#inbound) return;
    this.#send([{ type: sctpChunkType.sack, flags: 0, value: this.#inbound.sack() }]);
  }

  /** Sends a chunk of the handshake until something answers it. */
  #sendAgain(chunk: SctpChunk): void {
    this.#pending = chunk;
    this.#retries = 0;
    this.#sendPending();
  }

  #sendPending(): void {
    const chunk = this.#pending;
    if (chunk === undefined) return;
    this.#handshakeTimer?.cancel();
    const delayMs = this.#outbound.rtoMs * 2 ** Math.min(this.#retries, 3);
    this.#handshakeTimer = this.#components.clock.after(delayMs, () => {
      this.#retries++;
      if (this.#retries > MAX_INIT_RETRIES) this.#abort('the peer does not answer');
      else this.#sendPending();
    });
    this.#send([chunk]);
  }

  #initValue(): Uint8Array {
    return writeStart({ tag: this.#tag, initialTsn: this.#outbound.initialTsn });
  }

  #send(chunks: readonly SctpChunk[], verificationTag = this.#peerTag): void {
    const { localPort: sourcePort, remotePort: destinationPort } = this.#options;
    const address = { sourcePort, destinationPort, verificationTag };
    this.#components.send(writeSctpPacket(address, chunks));
  }

  #abort(reason: string): void {
    if (this.#isClosed()) return;
    if (this.#peerTag !== 0) this.#send([{ type: sctpChunkType.abort, flags: 0, value: NOTHING }]);
    this.#close(reason);
  }

  #close(reason: string): void {
    if (this.#isClosed()) return;
    this.#end();
    this.#components.onClosed(reason);
  }

  #end(): void {
    this.#state = 'closed';
    this.#pending = undefined;
    this.#handshakeTimer?.cancel();
    this.#retransmissionTimer?.cancel();
    this.#sackTimer?.cancel();
    this.#reset.close();
  }

  /** Read through a function so that the compiler forgets what it knew before a call. */
  #isClosed(): boolean {
    return this.#state === 'closed';
  }
}

const { heartbeatAck, error, shutdownAck, shutdownComplete } = sctpChunkType;
/** They only matter in a state that we are never in. */
const KNOWN_TYPES = new Set<number>([heartbeatAck, error, shutdownAck, shutdownComplete]);
