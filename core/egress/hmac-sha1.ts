// HMAC-SHA1 (RFC 2104) with a kept key, truncated to the 80 bits that SRTP uses.
import { hash } from 'node:crypto';
import { Sha1 } from './sha1.ts';

/** Bytes in front of a message that `HmacSha1` needs for itself: one SHA-1 block. */
export const HMAC_PREFIX_BYTES = 64;
/** Length of the tag of AES_CM_128_HMAC_SHA1_80 in bytes. */
export const HMAC_TAG_BYTES = 10;

const INITIAL_STATE = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
/** Length in bits of the outer message: one block and a digest. */
const OUTER_BITS = (HMAC_PREFIX_BYTES + 20) * 8;

/** Block and states that every key of one thread may share. */
export class HmacWorkspace {
  readonly sha1 = new Sha1();
  readonly block = new Int32Array(16);
  readonly state = new Int32Array(5);
}

/**
 * One authentication key. The inner hash is one call to Node over `innerBlock` and the message
 * lying behind each other in memory, the outer one is a single block on a precomputed state:
 * measured 0.95 us for 1200 bytes where createHmac takes 2.1 us.
 */
export class HmacSha1 {
  /** The key as it must lie in the `HMAC_PREFIX_BYTES` before each message. */
  readonly innerBlock = new Uint8Array(HMAC_PREFIX_BYTES);
  readonly #outerState = new Int32Array(INITIAL_STATE);
  readonly #workspace: HmacWorkspace;

  /** @param key at most 64 bytes. */
  constructor(key: Uint8Array, workspace: HmacWorkspace) {
    this.#workspace = workspace;
    const outer = workspace.block;
    for (let i = 0; i < HMAC_PREFIX_BYTES; i++) this.innerBlock[i] = (key[i] ?? 0) ^ 0x36;
    for (let word = 0; word < 16; word++) {
      let value = 0;
      for (let i = 0; i < 4; i++) value = (value << 8) | ((key[word * 4 + i] ?? 0) ^ 0x5c);
      outer[word] = value;
    }
    workspace.sha1.compress(this.#outerState, outer);
  }

  /** Writes the tag of `framed` (`innerBlock` and message) into `target`; they may overlap. */
  writeTag(framed: Uint8Array, target: Uint8Array, offset: number): void {
    const state = this.#digest(framed);
    for (let i = 0; i < HMAC_TAG_BYTES; i++) {
      target[offset + i] = (state[i >> 2] ?? 0) >>> (24 - (i & 3) * 8);
    }
  }

  /** Compares the tag of `framed` with the one at `offset` in constant time. */
  isTag(framed: Uint8Array, bytes: Uint8Array, offset: number): boolean {
    const state = this.#digest(framed);
    let difference = 0;
    for (let i = 0; i < HMAC_TAG_BYTES; i++) {
      const expected = ((state[i >> 2] ?? 0) >>> (24 - (i & 3) * 8)) & 0xff;
      difference |= expected ^ (bytes[offset + i] ?? 0);
    }
    return difference === 0;
  }

  #digest(framed: Uint8Array): Int32Array {
    const { sha1, block, state } = this.#workspace;
    // A one-byte string costs 400 ns less than a Buffer.
    const inner = hash('sha1', framed, 'binary');
    for (let word = 0; word < 5; word++) {
      const at = word * 4;
      block[word] =
        (inner.charCodeAt(at) << 24) |
        (inner.charCodeAt(at + 1) << 16) |
        (inner.charCodeAt(at + 2) << 8) |
        inner.charCodeAt(at + 3);
    }
    block[5] = 0x80000000;
    for (let word = 6; word < 15; word++) block[word] = 0;
    block[15] = OUTER_BITS;
    for (let word = 0; word < 5; word++) state[word] = this.#outerState[word] ?? 0;
    sha1.compress(state, block);
    return state;
  }
}
