// Watches the bytes of an MQTT connection, so that no packet grows in the parser's memory unseen.

const PUBLISH = 3;
const MAX_LENGTH_BYTES = 4;

/**
 * Follows packets by their fixed headers (MQTT 3.1.1 section 2.2):
 *
 *     byte 1   type (4 bits) | DUP | QoS (2 bits) | RETAIN
 *     byte 2.. remaining length, 7 bits each, the highest bit says that one more follows
 */
export class MqttPacketGuard {
  readonly #maxBytes: number;
  /** Bytes of the packet's body that are still to come. */
  #bodyBytes = 0;
  /** -1 before the first byte of a packet, else bytes of the length that were read. */
  #lengthBytes = -1;
  #length = 0;

  /** @param maxBytes Longest packet, in bytes behind the fixed header. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What is wrong; undefined while all is well. After a problem nothing more is to be read. */
  watch(bytes: Uint8Array): string | undefined {
    let index = 0;
    while (index < bytes.length) {
      if (this.#bodyBytes > 0) {
        const step = Math.min(this.#bodyBytes, bytes.length - index);
        this.#bodyBytes -= step;
        index += step;
        continue;
      }
      const problem = this.#watchHeader(bytes[index] ?? 0);
      if (problem !== undefined) return problem;
      index += 1;
    }
    return undefined;
  }

  #watchHeader(byte: number): string | undefined {
    if (this.#lengthBytes < 0) {
      this.#lengthBytes = 0;
      this.#length = 0;
      // Nobody subscribed with QoS 2, which would keep messages until they are released.
      const isQos2 = byte >> 4 === PUBLISH && ((byte >> 1) & 3) >= 2;
      return isQos2 ? 'a message with QoS 2, which nobody asked for' : undefined;
    }
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
    this.#lengthBytes += 1;
    if (byte >= 0x80) {
      return this.#lengthBytes < MAX_LENGTH_BYTES ? undefined : 'a packet whose length has no end';
    }
    this.#lengthBytes = -1;
    this.#bodyBytes = this.#length;
    if (this.#length <= this.#maxBytes) return undefined;
    return `a packet of ${this.#length} bytes, more than ${this.#maxBytes}`;
  }
}
