// Big-endian reads and writes on Uint8Array without allocating; a read past the end yields 0.

/** One byte; 0 past the end. */
export function readUint8(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

/** Unsigned 16-bit big-endian read. */
export function readUint16(bytes: Uint8Array, index: number): number {
  return ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
}

/** Unsigned 24-bit big-endian read. */
export function readUint24(bytes: Uint8Array, index: number): number {
  return ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
}

/** Unsigned 32-bit big-endian read. */
export function readUint32(bytes: Uint8Array, index: number): number {
  return (
    (((bytes[index] ?? 0) << 24) |
      ((bytes[index + 1] ?? 0) << 16) |
      ((bytes[index + 2] ?? 0) << 8) |
      (bytes[index + 3] ?? 0)) >>>
    0
  );
}

/** Big-endian write of the low 16 bits. */
export function writeUint16(bytes: Uint8Array, index: number, value: number): void {
  bytes[index] = value >>> 8;
  bytes[index + 1] = value;
}

/** Big-endian write of the low 24 bits. */
export function writeUint24(bytes: Uint8Array, index: number, value: number): void {
  bytes[index] = value >>> 16;
  bytes[index + 1] = value >>> 8;
  bytes[index + 2] = value;
}

/** Big-endian write of the low 32 bits. */
export function writeUint32(bytes: Uint8Array, index: number, value: number): void {
  bytes[index] = value >>> 24;
  bytes[index + 1] = value >>> 16;
  bytes[index + 2] = value >>> 8;
  bytes[index + 3] = value;
}
