// Writes the answers to binding requests (RFC 8489 §6.3.1, RFC 8445 §7.3).
import { writeUint16, writeUint32 } from '../../base/bytes.ts';
import type { PeerAddress } from './peer-address.ts';
import { stunFingerprint } from './stun-fingerprint.ts';
import {
  STUN_BINDING_ERROR,
  STUN_BINDING_SUCCESS,
  STUN_HEADER_BYTES,
  STUN_MAGIC_COOKIE,
  stunAttribute,
  stunIntegrity,
  type StunMessage,
} from './stun-message.ts';

const INTEGRITY_ATTRIBUTE_BYTES = 24;
const FINGERPRINT_ATTRIBUTE_BYTES = 8;

/** Error codes sent by an ICE-lite agent: RFC 8489 §14.8, RFC 8445 §16.2. */
export type StunErrorCode = 400 | 401 | 420 | 487;

/** Success response with XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY and FINGERPRINT. */
export function bindingSuccess(
  request: StunMessage,
  source: PeerAddress,
  password: string,
): Buffer {
  const addressBytes = source.addressBytes.length;
  const integrityOffset = STUN_HEADER_BYTES + 8 + addressBytes;
  const total = integrityOffset + INTEGRITY_ATTRIBUTE_BYTES + FINGERPRINT_ATTRIBUTE_BYTES;
  const response = startResponse(request, STUN_BINDING_SUCCESS, total);
  writeMappedAddress(response, source);
  writeIntegrity(response, integrityOffset, password);
  writeFingerprint(response);
  return response;
}

/**
 * Error response. With a password it carries MESSAGE-INTEGRITY; without one (400, 401) the sender
 * is not authenticated, so undefined comes back instead of an answer longer than the request.
 */
export function bindingError(
  request: StunMessage,
  code: StunErrorCode,
  password?: string,
): Buffer | undefined {
  const unknownBytes = code === 420 ? 8 : 0;
  const integrityOffset = STUN_HEADER_BYTES + 8 + unknownBytes;
  const integrityBytes = password === undefined ? 0 : INTEGRITY_ATTRIBUTE_BYTES;
  const total = integrityOffset + integrityBytes + FINGERPRINT_ATTRIBUTE_BYTES;
  if (password === undefined && total > request.bytes.length) return undefined;
  const response = startResponse(request, STUN_BINDING_ERROR, total);
  writeAttributeHeader(response, STUN_HEADER_BYTES, stunAttribute.errorCode, 4);
  response[STUN_HEADER_BYTES + 6] = Math.trunc(code / 100);
  response[STUN_HEADER_BYTES + 7] = code % 100;
  if (code === 420) {
    writeAttributeHeader(response, STUN_HEADER_BYTES + 8, stunAttribute.unknownAttributes, 2);
    writeUint16(response, STUN_HEADER_BYTES + 12, request.unknownRequired);
  }
  if (password !== undefined) writeIntegrity(response, integrityOffset, password);
  writeFingerprint(response);
  return response;
}

function startResponse(request: StunMessage, type: number, totalBytes: number): Buffer {
  const response = Buffer.alloc(totalBytes);
  writeUint16(response, 0, type);
  writeUint16(response, 2, totalBytes - STUN_HEADER_BYTES);
  // Magic cookie and transaction id are those of the request.
  response.set(request.bytes.subarray(4, STUN_HEADER_BYTES), 4);
  return response;
}

function writeAttributeHeader(
  bytes: Uint8Array,
  offset: number,
  type: number,
  length: number,
): void {
  writeUint16(bytes, offset, type);
  writeUint16(bytes, offset + 2, length);
}

/** RFC 8489 §14.2: port XOR cookie, address XOR cookie and transaction id. */
function writeMappedAddress(response: Buffer, source: PeerAddress): void {
  const offset = STUN_HEADER_BYTES;
  const address = source.addressBytes;
  writeAttributeHeader(response, offset, stunAttribute.xorMappedAddress, 4 + address.length);
  response[offset + 5] = address.length === 4 ? 1 : 2;
  writeUint16(response, offset + 6, source.port ^ (STUN_MAGIC_COOKIE >>> 16));
  for (let index = 0; index < address.length; index++) {
    response[offset + 8 + index] = (address[index] ?? 0) ^ (response[4 + index] ?? 0);
  }
}

function writeIntegrity(response: Buffer, offset: number, password: string): void {
  writeAttributeHeader(response, offset, stunAttribute.messageIntegrity, 20);
  response.set(stunIntegrity(response, offset, password), offset + 4);
}

function writeFingerprint(response: Buffer): void {
  const offset = response.length - FINGERPRINT_ATTRIBUTE_BYTES;
  writeAttributeHeader(response, offset, stunAttribute.fingerprint, 4);
  writeUint32(response, offset + 4, stunFingerprint(response, offset));
}
