// The 12-byte nonces of AEAD_AES_128_GCM in SRTP and SRTCP.

/** Length of the authentication tag of AEAD_AES_128_GCM in bytes. */
export const GCM_TAG_BYTES = 16;

const NONCE_BYTES = 12;

/** Makes nonces from one salt; each call overwrites the nonce returned before. */
export class GcmNonce {
  readonly #salt: Uint8Array;
  readonly #nonce = new Uint8Array(NONCE_BYTES);

  /** @param salt 12 bytes. */
  constructor(salt: Uint8Array) {
    this.#salt = salt;
  }

  /**
   * `00 00 | SSRC | index as 48 bits` xor salt. With the SRTP index that is RFC 7714 section 8.1
   * (rollover counter and sequence number), with the 31-bit SRTCP index section 9.1.
   */
  of(ssrc: number, index: number): Uint8Array {
    const nonce = this.#nonce;
    const salt = this.#salt;
    const high = Math.floor(index / 0x10000);
    const low = index % 0x10000;
    nonce[0] = salt[0] ?? 0;
    nonce[1] = salt[1] ?? 0;
    nonce[2] = (salt[2] ?? 0) ^ (ssrc >>> 24);
    nonce[3] = (salt[3] ?? 0) ^ (ssrc >>> 16);
    nonce[4] = (salt[4] ?? 0) ^ (ssrc >>> 8);
    nonce[5] = (salt[5] ?? 0) ^ ssrc;
    nonce[6] = (salt[6] ?? 0) ^ (high >>> 24);
    nonce[7] = (salt[7] ?? 0) ^ (high >>> 16);
    nonce[8] = (salt[8] ?? 0) ^ (high >>> 8);
    nonce[9] = (salt[9] ?? 0) ^ high;
    nonce[10] = (salt[10] ?? 0) ^ (low >>> 8);
    nonce[11] = (salt[11] ?? 0) ^ low;
    return nonce;
  }
}
