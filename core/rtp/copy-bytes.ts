// Copies a range between byte arrays without making a view of it.

/**
 * `copyBytes.call(source, target, targetStart, sourceStart, sourceEnd)`; the range must lie inside
 * both. 29 ns for 1188 bytes, where `set(subarray())` takes 159 ns on shared memory and leaves
 * garbage.
 */
export const copyBytes: (
  this: Uint8Array,
  target: Uint8Array,
  targetStart: number,
  sourceStart: number,
  sourceEnd: number,
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with an explicit `this`; Buffer.prototype is typed any
) => number = Buffer.alloc(0).copy;
