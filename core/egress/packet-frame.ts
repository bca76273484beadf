// One packet on its way through a cipher, laid out so that every profile can work in place.
import { writeUint32 } from '../base/bytes.ts';
import { HMAC_PREFIX_BYTES } from './hmac-sha1.ts';

/** Largest packet that can be framed, protection included. */
export const MAX_FRAME_BYTES = 4000;
const TRAILER_BYTES = 4;

/**
 * `[hash prefix][header, authenticated][secret, encrypted and authenticated][trailer, authenticated]`.
 * The header is a multiple of 4 bytes long, so that the secret can be encrypted by words.
 */
export class PacketFrame {
  /** Where the header begins in `bytes` and `words`. */
  readonly start = HMAC_PREFIX_BYTES;
  readonly bytes = Buffer.from(new ArrayBuffer(HMAC_PREFIX_BYTES + MAX_FRAME_BYTES + 64));
  readonly words = new Int32Array(this.bytes.buffer);
  /** Tag of the packet: written by sealing, compared by opening. */
  readonly tag = new Uint8Array(16);
  ssrc = 0;
  /** SRTP index (48 bits) or SRTCP index (31 bits). */
  index = 0;
  headerBytes = 0;
  secretBytes = 0;
  /** 4, or 0 when there is no trailer. */
  trailerBytes = 0;

  get endOfSecret(): number {
    return this.start + this.headerBytes + this.secretBytes;
  }

  /** Copies a packet of `length` bytes in; the caller has checked it against MAX_FRAME_BYTES. */
  load(packet: Uint8Array, length: number): void {
    this.bytes.set(packet.length === length ? packet : packet.subarray(0, length), this.start);
    this.trailerBytes = 0;
  }

  loadTag(packet: Uint8Array, offset: number, tagBytes: number): void {
    for (let i = 0; i < tagBytes; i++) this.tag[i] = packet[offset + i] ?? 0;
  }

  /** Puts four authenticated bytes behind the secret. */
  setTrailer(value: number): void {
    writeUint32(this.bytes, this.endOfSecret, value);
    this.trailerBytes = TRAILER_BYTES;
  }

  /** Header and secret, as they now are. */
  packetView(): Buffer {
    return this.bytes.subarray(this.start, this.endOfSecret);
  }
}
