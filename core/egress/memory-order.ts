// Words as they lie in memory: network order on a machine of either endianness.

/** Whether this machine keeps the low byte of a word first. */
export const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** The 32-bit word whose bytes in memory are `value` in network order. */
export function toMemoryOrder(value: number): number {
  if (!isLittleEndian) return value | 0;
  return (
    (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | ((value >>> 24) & 0xff)
  );
}
