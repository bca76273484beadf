// The SHA-1 compression function (FIPS 180-4), for the second half of HMAC: one block, state known.

/**
 * Workspace for SHA-1 blocks; one serves any number of keys. Node's own hash costs about 600 ns for
 * a single block, nearly all of it call overhead, this 170 ns; long messages go to Node.
 */
export class Sha1 {
  readonly #schedule = new Int32Array(80);

  /** Mixes one block of 16 big-endian words into the 5 words of `state`. */
  compress(state: Int32Array, block: Int32Array): void {
    const schedule = this.#schedule;
    for (let i = 0; i < 16; i++) schedule[i] = block[i] ?? 0;
    for (let i = 16; i < 80; i++) {
      const mixed =
        (schedule[i - 3] ?? 0) ^
        (schedule[i - 8] ?? 0) ^
        (schedule[i - 14] ?? 0) ^
        (schedule[i - 16] ?? 0);
      schedule[i] = (mixed << 1) | (mixed >>> 31);
    }
    let a = state[0] ?? 0;
    let b = state[1] ?? 0;
    let c = state[2] ?? 0;
    let d = state[3] ?? 0;
    let e = state[4] ?? 0;
    // Four rounds of twenty, written out: a function or a table per step would cost more than the step.
    for (let i = 0; i < 20; i++) {
      const chosen = d ^ (b & (c ^ d));
      const sum = (((a << 5) | (a >>> 27)) + chosen + e + (schedule[i] ?? 0) + 0x5a827999) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = sum;
    }
    for (let i = 20; i < 40; i++) {
      const parity = b ^ c ^ d;
      const sum = (((a << 5) | (a >>> 27)) + parity + e + (schedule[i] ?? 0) + 0x6ed9eba1) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = sum;
    }
    for (let i = 40; i < 60; i++) {
      const majority = (b & c) | (d & (b | c));
      const sum = (((a << 5) | (a >>> 27)) + majority + e + (schedule[i] ?? 0) + 0x8f1bbcdc) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = sum;
    }
    for (let i = 60; i < 80; i++) {
      const parity = b ^ c ^ d;
      const sum = (((a << 5) | (a >>> 27)) + parity + e + (schedule[i] ?? 0) + 0xca62c1d6) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = sum;
    }
    state[0] = ((state[0] ?? 0) + a) | 0;
    state[1] = ((state[1] ?? 0) + b) | 0;
    state[2] = ((state[2] ?? 0) + c) | 0;
    state[3] = ((state[3] ?? 0) + d) | 0;
    state[4] = ((state[4] ?? 0) + e) | 0;
  }
}
