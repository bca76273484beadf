// One WebSocket text frame as bytes, made once and written to every client.

/**
 * A final, unmasked text frame (RFC 6455 section 5.2) around `text` in UTF-8.
 *
 *     |1|000|0001|0| length 7 bit | (16 or 64 bit length) | payload
 */
export function encodeTextFrame(text: string): Buffer {
  const size = Buffer.byteLength(text);
  const start = headerSize(size);
  const frame = Buffer.allocUnsafe(start + size);
  frame[0] = 0x81;
  if (start === 2) frame[1] = size;
  else if (start === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(size, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(size), 2);
  }
  frame.write(text, start);
  return frame;
}

function headerSize(payloadSize: number): number {
  if (payloadSize < 126) return 2;
  return payloadSize < 65_536 ? 4 : 10;
}
