// Puts fragmented, doubled and swapped handshake messages back in order (RFC 6347 §4.2.2, §4.2.3).
import type { HandshakeFragment, HandshakeMessage } from './dtls-record.ts';

/** Longest message kept; a browser's ClientHello has 1.5 kB, a certificate chain a few. */
const MAX_MESSAGE_BYTES = 16_384;
/** Messages kept ahead of the one that is missing. */
const MAX_AHEAD = 6;

interface PartialMessage {
  readonly type: number;
  readonly sequence: number;
  readonly body: Uint8Array;
  /** One byte per body byte, 1 when it arrived. */
  readonly covered: Uint8Array;
  missingBytes: number;
}

/** What became of a fragment. */
export type FragmentVerdict = 'stored' | 'duplicate' | 'dropped';

/** Hands every message out once and in order, whatever the network did. */
export class DtlsHandshakeReassembler {
  readonly #partials = new Map<number, PartialMessage>();
  #nextSequence = 0;

  /** Sequence number of the message that is due. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** `duplicate`: belongs to a message that was handed out, the peer missed our answer. */
  push(fragment: HandshakeFragment): FragmentVerdict {
    if (fragment.sequence < this.#nextSequence) return 'duplicate';
    if (fragment.sequence >= this.#nextSequence + MAX_AHEAD) return 'dropped';
    if (fragment.length > MAX_MESSAGE_BYTES) return 'dropped';
    const partial = this.#partials.get(fragment.sequence) ?? this.#begin(fragment);
    if (partial.type !== fragment.type || partial.body.length !== fragment.length) return 'dropped';
    for (let index = 0; index < fragment.body.length; index++) {
      const position = fragment.offset + index;
      if (partial.covered[position] !== 0) continue;
      partial.covered[position] = 1;
      partial.body[position] = fragment.body[index] ?? 0;
      partial.missingBytes--;
    }
    return 'stored';
  }

  /** The next message in order, undefined while it is incomplete. */
  next(): HandshakeMessage | undefined {
    const partial = this.#partials.get(this.#nextSequence);
    if (partial === undefined || partial.missingBytes > 0) return undefined;
    this.#partials.delete(this.#nextSequence);
    this.#nextSequence++;
    return partial;
  }

  #begin(fragment: HandshakeFragment): PartialMessage {
    const partial = {
      type: fragment.type,
      sequence: fragment.sequence,
      body: new Uint8Array(fragment.length),
      covered: new Uint8Array(fragment.length),
      missingBytes: fragment.length,
    };
    this.#partials.set(fragment.sequence, partial);
    return partial;
  }
}
