// AES in counter mode as SRTP numbers it (RFC 3711 section 4.1.1), key stream for many packets per call.
import { createCipheriv, type Cipheriv } from 'node:crypto';
import type { KeystreamPad } from './keystream-pad.ts';
import { toMemoryOrder } from './memory-order.ts';

/** One cipher key and salt in counter mode, writing into a pad that many keys share. */
export class AesCounterMode {
  readonly #pad: KeystreamPad;
  readonly #cipher: Cipheriv;
  readonly #salt = new Int32Array(4);
  readonly #iv = new Int32Array(4);

  /** @param keys cipher key (16 bytes) and salt (14 bytes). */
  constructor(keys: { cipherKey: Uint8Array; salt: Uint8Array }, pad: KeystreamPad) {
    this.#pad = pad;
    this.#cipher = createCipheriv('aes-128-ecb', keys.cipherKey, null);
    this.#cipher.setAutoPadding(false);
    new Uint8Array(this.#salt.buffer).set(keys.salt);
  }

  /** Empties the pad and chooses the stream of the packets to come. */
  begin(ssrc: number): void {
    this.#pad.clear();
    this.#iv[0] = this.#salt[0] ?? 0;
    this.#iv[1] = (this.#salt[1] ?? 0) ^ toMemoryOrder(ssrc);
  }

  /**
   * Adds a packet by its index (48-bit SRTP index, or 31-bit SRTCP index); packets are numbered in
   * this order, from 0. The pad must have room.
   */
  stage(index: number, lengthBytes: number): void {
    const iv = this.#iv;
    iv[2] = (this.#salt[2] ?? 0) ^ toMemoryOrder(Math.floor(index / 0x10000));
    iv[3] = (this.#salt[3] ?? 0) ^ toMemoryOrder((index % 0x10000) << 16);
    this.#pad.stage(iv, lengthBytes);
  }

  /** Makes the key stream of everything staged. */
  generate(): void {
    this.#pad.generate(this.#cipher);
  }
}
