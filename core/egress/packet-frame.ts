// One packet on its way through a cipher, laid out so that every profile can work in place.
import { writeUint32 } from '../base/bytes.ts';
import { HMAC_PREFIX_BYTES } from './hmac-sha1.ts';
import type { SrtpKernel } from './srtp-kernel.ts';

/** Largest packet that can be framed, protection included. */
export const MAX_FRAME_BYTES = 4000;
const TRAILER_BYTES = 4;
/** Behind the packet: trailer, and what the key stream overwrites. */
const SPARE_BYTES = 64;

/**
 * `[hash prefix][header, authenticated][secret, encrypted and authenticated][trailer, authenticated]`.
 */
export class PacketFrame {
  /** Where the header begins in `bytes`. */
  readonly start = HMAC_PREFIX_BYTES;
  readonly bytes: Buffer;
  /** Offset of `bytes` in the kernel's memory. */
  readonly kernelOffset: number;
  /** Tag of the packet: written by sealing, compared by opening. */
  readonly tag = new Uint8Array(16);
  ssrc = 0;
  /** SRTP index (48 bits) or SRTCP index (31 bits). */
  index = 0;
  headerBytes = 0;
  secretBytes = 0;
  /** 4, or 0 when there is no trailer. */
  trailerBytes = 0;

  constructor(kernel: SrtpKernel) {
    const sizeBytes = HMAC_PREFIX_BYTES + MAX_FRAME_BYTES + SPARE_BYTES;
    this.kernelOffset = kernel.allocate(sizeBytes);
    this.bytes = kernel.bytes.subarray(this.kernelOffset, this.kernelOffset + sizeBytes);
  }

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
