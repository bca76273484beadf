// Opens one data channel on an SCTP association and speaks its messages (RFC 8831, RFC 8832).
import { writeUint16, writeUint32 } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import type { DataChannel, DataChannelWish } from './data-channel.ts';
import { SctpAssociation } from './sctp-association.ts';
import { MAX_MESSAGE_BYTES } from './sctp-inbound.ts';

/** What a link works with. */
export interface DataChannelLinkComponents {
  readonly clock: Clock;
  /** Sends one record of application data. */
  readonly send: (bytes: Uint8Array) => void;
}

/** The channel, and what the answer says. */
export interface DataChannelLinkOptions {
  readonly wish: DataChannelWish;
  readonly localPort: number;
  readonly remotePort: number;
  /** Longest message that the peer takes; 0 for any. */
  readonly remoteMaxMessageBytes: number;
  /** The client of DTLS has the even streams (RFC 8832 section 6). */
  readonly isDtlsClient: boolean;
}

/** Payload protocol identifiers, RFC 8831 section 8. */
const PROTOCOL_DCEP = 50;
const PROTOCOL_TEXT = 51;
const PROTOCOL_BINARY = 53;
const PROTOCOL_EMPTY_TEXT = 56;
const PROTOCOL_EMPTY_BINARY = 57;
/** RFC 8832 section 8.2. */
const DCEP_ACK = 2;
const DCEP_OPEN = 3;
const TYPE_LIMITED_RETRANSMITS = 0x01;
const TYPE_UNORDERED = 0x80;
const OPEN_BYTES = 12;
const EMPTY = new Uint8Array(1);

/** Begins with start(). The channel is open once the association stands: an ACK is not waited for. */
export class DataChannelLink implements DataChannel {
  readonly label: string;
  readonly #options: DataChannelLinkOptions;
  readonly #association: SctpAssociation;
  readonly #streamId: number;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  /** Before it, messages have to follow the OPEN in order (RFC 8832 section 6). */
  #isAcknowledged = false;

  constructor(components: DataChannelLinkComponents, options: DataChannelLinkOptions) {
    this.#options = options;
    this.label = options.wish.label;
    this.#streamId = options.isDtlsClient ? 0 : 1;
    const { localPort, remotePort } = options;
    this.#association = new SctpAssociation(
      {
        ...components,
        onConnected: () => this.#open(),
        onMessage: (streamId, protocol, bytes) => {
          if (streamId === this.#streamId) this.#onMessage(protocol, bytes);
        },
        onStreamReset: (streamId) => {
          if (streamId === this.#streamId) this.#onReset();
        },
        onClosed: (reason) => this.#onClosed(reason),
      },
      { localPort, remotePort },
    );
  }

  start(): void {
    this.#association.start();
  }

  /** Takes one record of application data. */
  receive(bytes: Uint8Array): void {
    this.#association.receive(bytes);
  }

  send(message: string | Uint8Array): boolean {
    if (this.#state !== 'open') return false;
    const isText = typeof message === 'string';
    const bytes = isText ? Buffer.from(message) : message;
    const { remoteMaxMessageBytes: limit } = this.#options;
    if (bytes.length > MAX_MESSAGE_BYTES || (limit > 0 && bytes.length > limit)) return false;
    if (bytes.length === 0) {
      return this.#send(isText ? PROTOCOL_EMPTY_TEXT : PROTOCOL_EMPTY_BINARY, EMPTY);
    }
    return this.#send(isText ? PROTOCOL_TEXT : PROTOCOL_BINARY, bytes);
  }

  /** Ends the stream (RFC 8831 section 6.7); the association ends with its peer. */
  close(): void {
    if (this.#state === 'open') this.#association.resetStream(this.#streamId);
    this.#state = 'closed';
  }

  /** Ends the association too; idempotent, calls nothing back. */
  dispose(): void {
    this.#association.close();
  }

  /** The transport is gone: whoever had the channel is told, unless it was closed before. */
  fail(reason: string): void {
    this.#association.close();
    this.#onClosed(reason);
  }

  #open(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    const { wish } = this.#options;
    this.#association.send({
      ...{ streamId: this.#streamId, protocol: PROTOCOL_DCEP, bytes: openMessage(wish) },
      ...{ isOrdered: true, maxRetransmits: undefined },
    });
    wish.onOpen(this);
  }

  #send(protocol: number, bytes: Uint8Array): boolean {
    const { isOrdered = true, maxRetransmits } = this.#options.wish;
    return this.#association.send({
      ...{ streamId: this.#streamId, protocol, bytes, maxRetransmits },
      isOrdered: isOrdered || !this.#isAcknowledged,
    });
  }

  #onMessage(protocol: number, bytes: Uint8Array): void {
    if (protocol === PROTOCOL_DCEP) {
      if (bytes[0] === DCEP_ACK) this.#isAcknowledged = true;
      return;
    }
    if (this.#state !== 'open') return;
    const { onMessage } = this.#options.wish;
    switch (protocol) {
      case PROTOCOL_TEXT:
        onMessage(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
        break;
      case PROTOCOL_BINARY:
        onMessage(bytes);
        break;
      case PROTOCOL_EMPTY_TEXT:
        onMessage('');
        break;
      case PROTOCOL_EMPTY_BINARY:
        onMessage(new Uint8Array(0));
        break;
      default:
        // Not of a data channel.
        break;
    }
  }

  /** The peer closed the channel: our half is closed in return. */
  #onReset(): void {
    if (this.#state === 'closed') return;
    this.#association.resetStream(this.#streamId);
    this.#onClosed('the peer closed the channel');
  }

  #onClosed(reason: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#options.wish.onClose(reason);
  }
}

/** DATA_CHANNEL_OPEN (RFC 8832 section 5.1): type, channel type, priority, reliability, names. */
function openMessage({ label, isOrdered = true, maxRetransmits }: DataChannelWish): Uint8Array {
  const name = Buffer.from(label);
  const bytes = new Uint8Array(OPEN_BYTES + name.length);
  bytes[0] = DCEP_OPEN;
  const limit = maxRetransmits === undefined ? 0 : TYPE_LIMITED_RETRANSMITS;
  bytes[1] = limit | (isOrdered ? 0 : TYPE_UNORDERED);
  writeUint32(bytes, 4, maxRetransmits ?? 0);
  writeUint16(bytes, 8, name.length);
  bytes.set(name, OPEN_BYTES);
  return bytes;
}
