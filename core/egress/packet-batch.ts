// Where packets of one viewer are built, encrypted and kept until the network took them.
import { HMAC_PREFIX_BYTES } from './hmac-sha1.ts';

/** Packets prepared at a time: enough for the cipher call to cost nothing beside the work. */
export const BATCH_PACKETS = 16;
/** Largest packet before protection, header included; larger ones are dropped. */
export const MAX_PLAIN_BYTES = 1936;

/**
 * Slots are used in turn: a datagram that the kernel could not take at once waits in libuv by
 * reference, so its bytes may not change until at least this many packets later. A socket must
 * call itself congested well before (BATCH_PACKETS below).
 */
export const OUTPUT_SLOTS = 64;
const SLOT_BYTES = 2048;

/** Facts about the packets of one batch, and the slot in which the current one is built. */
export class PacketBatch {
  /** Number of planned packets. */
  count = 0;
  ssrc = 0;
  payloadType = 0;
  /** Whole extension block of each packet, or undefined. */
  headerExtension: Uint8Array | undefined;
  /** Whether the packets carry an original sequence number (RFC 4588). */
  isRetransmission = false;
  /** Planned packets: ring sequence, SRTP index, outgoing timestamp, octets to encrypt. */
  readonly ringSequences = new Float64Array(BATCH_PACKETS);
  readonly indexes = new Float64Array(BATCH_PACKETS);
  readonly timestamps = new Uint32Array(BATCH_PACKETS);
  readonly payloadBytes = new Uint16Array(BATCH_PACKETS);
  readonly originalSequences = new Uint16Array(BATCH_PACKETS);

  /** All slots; packets begin on a 4-byte boundary so that they can be encrypted by words. */
  readonly bytes = Buffer.from(new ArrayBuffer(OUTPUT_SLOTS * SLOT_BYTES));
  readonly words = new Int32Array(this.bytes.buffer);
  /** Offset in `bytes` of the packet being built; `HMAC_PREFIX_BYTES` before it are free. */
  start = HMAC_PREFIX_BYTES;
  /** Length of the header of the packet being built: a multiple of 4. */
  headerBytes = 0;
  #slot = 0;
  readonly #packetViews: Buffer[];
  readonly #framedViews: Buffer[];

  constructor() {
    this.#packetViews = Array.from({ length: OUTPUT_SLOTS }, () => this.bytes.subarray(0, 0));
    this.#framedViews = Array.from({ length: OUTPUT_SLOTS }, () => this.bytes.subarray(0, 0));
  }

  /** Moves on to the next slot. */
  nextSlot(): void {
    this.#slot = (this.#slot + 1) % OUTPUT_SLOTS;
    this.start = this.#slot * SLOT_BYTES + HMAC_PREFIX_BYTES;
  }

  /** The first `length` bytes of the packet. Most packets have equal lengths: views are kept. */
  packetView(length: number): Buffer {
    const kept = this.#packetViews[this.#slot];
    if (kept?.length === length) return kept;
    const view = this.bytes.subarray(this.start, this.start + length);
    this.#packetViews[this.#slot] = view;
    return view;
  }

  /** The prefix and the first `length` bytes of the packet. */
  framedView(length: number): Buffer {
    const framedLength = HMAC_PREFIX_BYTES + length;
    const kept = this.#framedViews[this.#slot];
    if (kept?.length === framedLength) return kept;
    const view = this.bytes.subarray(this.start - HMAC_PREFIX_BYTES, this.start + length);
    this.#framedViews[this.#slot] = view;
    return view;
  }
}
