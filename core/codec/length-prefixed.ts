// NAL units behind big-endian lengths, as in MP4 samples (ISO 14496-15 section 5.3.4.2).

const LENGTH_BYTES = 4;

/**
 * Cuts a sample into views on its NAL units; empty ones are left out. Returns undefined when a
 * length points past the end.
 */
export function splitLengthPrefixed(
  bytes: Uint8Array,
  lengthBytes = LENGTH_BYTES,
): Uint8Array[] | undefined {
  const nals: Uint8Array[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const start = offset + lengthBytes;
    if (start > bytes.length) return undefined;
    let length = 0;
    for (let index = offset; index < start; index++) length = length * 256 + (bytes[index] ?? 0);
    offset = start + length;
    if (offset > bytes.length) return undefined;
    if (length > 0) nals.push(bytes.subarray(start, offset));
  }
  return nals;
}

/** Joins NAL units with four-byte lengths. */
export function joinLengthPrefixed(nals: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = nals.reduce((sum, nal) => sum + LENGTH_BYTES + nal.length, 0);
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const nal of nals) {
    view.setUint32(offset, nal.length);
    bytes.set(nal, offset + LENGTH_BYTES);
    offset += LENGTH_BYTES + nal.length;
  }
  return bytes;
}
