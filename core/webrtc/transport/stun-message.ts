// A STUN message read by offsets into the received bytes (RFC 8489 §5, §14); nothing is copied.
import { timingSafeEqual } from 'node:crypto';
import { readUint16, readUint32 } from '../../base/bytes.ts';
import { hmacSha1 } from './hmac-sha1.ts';
import { stunFingerprint } from './stun-fingerprint.ts';

/** Third and fourth word of every message, RFC 8489 §5. */
export const STUN_MAGIC_COOKIE = 0x2112a442;
/** Type, length, cookie and transaction id. */
export const STUN_HEADER_BYTES = 20;
/** Longest STUN message that is looked at; a check is about 100 bytes. */
export const MAX_STUN_BYTES = 1_280;

/** Message type of a connectivity check, RFC 8489 §18.1. */
export const STUN_BINDING_REQUEST = 0x0001;
/** Message type of its success response. */
export const STUN_BINDING_SUCCESS = 0x0101;
/** Message type of its error response. */
export const STUN_BINDING_ERROR = 0x0111;

/** Attribute types that are read or written here (RFC 8489 §18.3, RFC 8445 §16.1). */
export const stunAttribute = {
  mappedAddress: 0x0001,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
} as const;

/** Comprehension-required types that may stand in a binding request without harm. */
const TOLERATED_REQUIRED = new Set([
  0x0001, 0x0009, 0x000a, 0x0014, 0x0015, 0x001c, 0x001d, 0x001e,
]);
const INTEGRITY_BYTES = 20;
/** `fragment:fragment`, each at most 256 characters (RFC 8839 §5.4). */
const MAX_USERNAME_BYTES = 513;

/**
 * One parsed message. The object is meant to be reused: parse() overwrites every field, and the
 * fields point into the bytes given last.
 */
export class StunMessage {
  bytes: Uint8Array = new Uint8Array(0);
  /** Message type with method and class, e.g. STUN_BINDING_REQUEST. */
  type = 0;
  usernameOffset = 0;
  /** -1 when the attribute is missing. */
  usernameLength = -1;
  /** Offset of the MESSAGE-INTEGRITY attribute, -1 when missing. */
  integrityOffset = -1;
  /** PRIORITY, -1 when missing. */
  priority = -1;
  hasUseCandidate = false;
  isFromControlled = false;
  isFromControlling = false;
  /** Value of XOR-MAPPED-ADDRESS starts here, -1 when missing. */
  mappedAddressOffset = -1;
  /** First comprehension-required attribute type that is not understood, 0 when there is none. */
  unknownRequired = 0;

  /** Returns false when this is not a well-formed STUN message with a right FINGERPRINT, if any. */
  parse(bytes: Uint8Array): boolean {
    this.#reset(bytes);
    if (bytes.length < STUN_HEADER_BYTES || bytes.length > MAX_STUN_BYTES) return false;
    this.type = readUint16(bytes, 0);
    if (this.type > 0x3fff || readUint32(bytes, 4) !== STUN_MAGIC_COOKIE) return false;
    const length = readUint16(bytes, 2);
    if ((length & 3) !== 0 || length + STUN_HEADER_BYTES !== bytes.length) return false;
    return this.#readAttributes();
  }

  /** Length of our ufrag inside USERNAME (`ours:theirs`), -1 when there is no colon. */
  localUfragLength(): number {
    const end = this.usernameOffset + this.usernameLength;
    for (let index = this.usernameOffset; index < end; index++) {
      if (this.bytes[index] === 0x3a) return index - this.usernameOffset;
    }
    return -1;
  }

  /** `length` bytes at `offset` as Latin-1; ufrags are ASCII (RFC 8839 §5.4). */
  text(offset: number, length: number): string {
    let text = '';
    for (let index = 0; index < length; index++) {
      text += String.fromCharCode(this.bytes[offset + index] ?? 0);
    }
    return text;
  }

  /** Checks MESSAGE-INTEGRITY in constant time against the short-term `password` (§14.5). */
  isIntegrityValid(password: string): boolean {
    if (this.integrityOffset < 0) return false;
    const digest = stunIntegrity(this.bytes, this.integrityOffset, password);
    const start = this.integrityOffset + 4;
    return timingSafeEqual(digest, this.bytes.subarray(start, start + INTEGRITY_BYTES));
  }

  #reset(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.usernameLength = -1;
    this.integrityOffset = -1;
    this.priority = -1;
    this.hasUseCandidate = false;
    this.isFromControlled = false;
    this.isFromControlling = false;
    this.mappedAddressOffset = -1;
    this.unknownRequired = 0;
  }

  #readAttributes(): boolean {
    const bytes = this.bytes;
    let offset = STUN_HEADER_BYTES;
    while (offset < bytes.length) {
      const type = readUint16(bytes, offset);
      const length = readUint16(bytes, offset + 2);
      const next = offset + 4 + ((length + 3) & ~3);
      if (next > bytes.length) return false;
      if (type === stunAttribute.fingerprint) return this.#isFingerprintRight(offset, length);
      // What follows MESSAGE-INTEGRITY is not protected and has to be ignored (§14.5).
      if (this.integrityOffset < 0 && !this.#readAttribute(type, offset, length)) return false;
      offset = next;
    }
    return true;
  }

  #readAttribute(type: number, offset: number, length: number): boolean {
    switch (type) {
      case stunAttribute.username:
        if (length > MAX_USERNAME_BYTES) return false;
        if (this.usernameLength >= 0) return true;
        this.usernameOffset = offset + 4;
        this.usernameLength = length;
        return true;
      case stunAttribute.messageIntegrity:
        this.integrityOffset = offset;
        return length === INTEGRITY_BYTES;
      case stunAttribute.priority:
        if (this.priority < 0) this.priority = readUint32(this.bytes, offset + 4);
        return length === 4;
      case stunAttribute.useCandidate:
        this.hasUseCandidate = true;
        return length === 0;
      case stunAttribute.iceControlled:
        this.isFromControlled = true;
        return length === 8;
      case stunAttribute.iceControlling:
        this.isFromControlling = true;
        return length === 8;
      case stunAttribute.xorMappedAddress:
        this.mappedAddressOffset = offset + 4;
        return length === 8 || length === 20;
      default:
        if (type < 0x8000 && this.unknownRequired === 0 && !TOLERATED_REQUIRED.has(type)) {
          this.unknownRequired = type;
        }
        return true;
    }
  }

  #isFingerprintRight(offset: number, length: number): boolean {
    if (length !== 4 || offset + 8 !== this.bytes.length) return false;
    return readUint32(this.bytes, offset + 4) === stunFingerprint(this.bytes, offset);
  }
}

/**
 * HMAC-SHA1 over everything before the MESSAGE-INTEGRITY attribute at `offset`, with the length
 * field as if the message ended behind that attribute (RFC 8489 §14.5).
 */
export function stunIntegrity(bytes: Uint8Array, offset: number, password: string): Uint8Array {
  const high = bytes[2] ?? 0;
  const low = bytes[3] ?? 0;
  const length = offset + 4 + INTEGRITY_BYTES - STUN_HEADER_BYTES;
  bytes[2] = length >> 8;
  bytes[3] = length & 0xff;
  const digest = hmacSha1(password, bytes, offset);
  bytes[2] = high;
  bytes[3] = low;
  return digest;
}
