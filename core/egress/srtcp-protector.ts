// Outgoing SRTCP of one key (RFC 3711 section 3.4, RFC 7714 section 9).
import { readUint8, readUint32, writeUint32 } from '../base/bytes.ts';
import { createFrameCipher } from './create-frame-cipher.ts';
import type { FrameCipher } from './frame-cipher.ts';
import { MAX_FRAME_BYTES, type PacketFrame } from './packet-frame.ts';
import type { SrtpSessionKeys } from './srtp-key-derivation.ts';
import type { SrtpWorkspace } from './srtp-workspace.ts';

/** Header of the first RTCP packet: it stays readable. */
export const SRTCP_HEADER_BYTES = 8;
/** The E bit and the 31-bit index. */
export const SRTCP_INDEX_BYTES = 4;
/** Set in the index word when the packet is encrypted. */
export const SRTCP_ENCRYPTED = 0x80000000;
const MAX_INDEX = 0x7fffffff;
const MAX_TAG_BYTES = 16;
const MAX_COMPOUND_BYTES = MAX_FRAME_BYTES - SRTCP_INDEX_BYTES - MAX_TAG_BYTES;

/** Protects compound RTCP packets, always encrypted. One per SSRC that sends under the key. */
export class SrtcpProtector {
  readonly #profile: number;
  readonly #cipher: FrameCipher;
  readonly #frame: PacketFrame;
  #index = 0;

  constructor(keys: SrtpSessionKeys, workspace: SrtpWorkspace) {
    this.#profile = keys.profile;
    this.#cipher = createFrameCipher(keys.profile, keys.rtcp, workspace);
    this.#frame = workspace.frame;
  }

  /**
   * The protected packet in memory of its own, or undefined when `compound` is not RTCP, is too
   * long, or all 2^31 indexes are used (RFC 3711 section 9.2 then asks for a new key).
   */
  protect(compound: Uint8Array): Uint8Array | undefined {
    const length = compound.length;
    if (length < SRTCP_HEADER_BYTES || length > MAX_COMPOUND_BYTES) return undefined;
    if (readUint8(compound, 0) >> 6 !== 2 || this.#index >= MAX_INDEX) return undefined;
    this.#index++;
    const frame = this.#frame;
    frame.load(compound, length);
    frame.ssrc = readUint32(compound, 4);
    frame.index = this.#index;
    frame.headerBytes = SRTCP_HEADER_BYTES;
    frame.secretBytes = length - SRTCP_HEADER_BYTES;
    const indexWord = (SRTCP_ENCRYPTED | this.#index) >>> 0;
    // GCM takes the index as associated data, HMAC as the end of the message: one trailer for both.
    frame.setTrailer(indexWord);
    this.#cipher.seal();
    return this.#assemble(length, indexWord);
  }

  #assemble(length: number, indexWord: number): Uint8Array {
    const { tagBytes } = this.#cipher;
    const packet = new Uint8Array(length + tagBytes + SRTCP_INDEX_BYTES);
    packet.set(this.#frame.packetView());
    const tag = this.#frame.tag.subarray(0, tagBytes);
    // RFC 3711 puts the index before the tag, RFC 7714 section 9.1 behind it.
    const isIndexFirst = this.#profile === 1;
    writeUint32(packet, isIndexFirst ? length : length + tagBytes, indexWord);
    packet.set(tag, isIndexFirst ? length + SRTCP_INDEX_BYTES : length);
    return packet;
  }
}
