// HMAC-SHA1 (RFC 2104) with a kept key, truncated to the 80 bits that SRTP uses.
import { hash } from 'node:crypto';
import type { SrtpKernel } from './srtp-kernel.ts';

/** Bytes in front of a message that `HmacSha1` needs for itself: one SHA-1 block. */
export const HMAC_PREFIX_BYTES = 64;
/** Length of the tag of AES_CM_128_HMAC_SHA1_80 in bytes. */
export const HMAC_TAG_BYTES = 10;

const BLOCK_WORDS = 16;
const STATE_WORDS = 5;
const INITIAL_STATE = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
/** Length in bits of the outer message: one block and a digest. */
const OUTER_BITS = (HMAC_PREFIX_BYTES + 20) * 8;

/** One block and one state that every key of one thread may share. */
export class HmacWorkspace {
  readonly block: Int32Array;
  readonly state: Int32Array;
  readonly #kernel: SrtpKernel;
  readonly #blockAt: number;
  readonly #stateAt: number;

  constructor(kernel: SrtpKernel) {
    this.#kernel = kernel;
    this.#blockAt = kernel.allocate(BLOCK_WORDS * 4);
    this.#stateAt = kernel.allocate(STATE_WORDS * 4);
    this.block = kernel.wordsAt(this.#blockAt, BLOCK_WORDS);
    this.state = kernel.wordsAt(this.#stateAt, STATE_WORDS);
  }

  /** Mixes the block into the state; the block stays. */
  compress(): void {
    this.#kernel.compress(this.#stateAt, this.#blockAt);
  }
}

/**
 * One authentication key. The inner hash is one call to Node over `innerBlock` and the message
 * lying behind each other in memory, the outer one is a single block on a precomputed state:
 * measured 0.9 us for 1200 bytes where createHmac takes 2.1 us.
 */
export class HmacSha1 {
  /** The key as it must lie in the `HMAC_PREFIX_BYTES` before each message. */
  readonly innerBlock = new Uint8Array(HMAC_PREFIX_BYTES);
  readonly #outerState: Int32Array;
  readonly #workspace: HmacWorkspace;

  /** @param key at most 64 bytes. */
  constructor(key: Uint8Array, workspace: HmacWorkspace) {
    this.#workspace = workspace;
    const { block, state } = workspace;
    for (let i = 0; i < HMAC_PREFIX_BYTES; i++) this.innerBlock[i] = (key[i] ?? 0) ^ 0x36;
    for (let word = 0; word < BLOCK_WORDS; word++) {
      let value = 0;
      for (let i = 0; i < 4; i++) value = (value << 8) | ((key[word * 4 + i] ?? 0) ^ 0x5c);
      block[word] = value;
    }
    state.set(INITIAL_STATE);
    workspace.compress();
    this.#outerState = state.slice();
    // As the outer message of each tag ends: a digest, then padding.
    block.fill(0);
    block[STATE_WORDS] = 0x80000000;
    block[BLOCK_WORDS - 1] = OUTER_BITS;
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
    const { block, state } = this.#workspace;
    const outerState = this.#outerState;
    // A one-byte string costs 400 ns less than a Buffer.
    const inner = hash('sha1', framed, 'binary');
    for (let word = 0; word < STATE_WORDS; word++) {
      const at = word * 4;
      block[word] =
        (inner.charCodeAt(at) << 24) |
        (inner.charCodeAt(at + 1) << 16) |
        (inner.charCodeAt(at + 2) << 8) |
        inner.charCodeAt(at + 3);
      state[word] = outerState[word] ?? 0;
    }
    this.#workspace.compress();
    return state;
  }
}
