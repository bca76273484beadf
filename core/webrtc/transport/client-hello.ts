// Reads what matters before the handshake library sees a ClientHello: the offered SRTP profiles.
import { readUint16, readUint8 } from '../../base/bytes.ts';

const USE_SRTP_EXTENSION = 14;

/**
 * Profiles of the use_srtp extension (RFC 5764 §4.1.1) in the order of the client; empty when the
 * extension is missing or the message does not parse.
 */
export function readOfferedSrtpProfiles(clientHello: Uint8Array): number[] {
  // client_version 2, random 32, then three vectors: session_id, cookie, cipher_suites; methods.
  let offset = 34;
  offset += 1 + readUint8(clientHello, offset);
  offset += 1 + readUint8(clientHello, offset);
  offset += 2 + readUint16(clientHello, offset);
  offset += 1 + readUint8(clientHello, offset);
  offset += 2;
  while (offset + 4 <= clientHello.length) {
    const length = readUint16(clientHello, offset + 2);
    if (readUint16(clientHello, offset) === USE_SRTP_EXTENSION) {
      return readProfiles(clientHello.subarray(offset + 4, offset + 4 + length));
    }
    offset += 4 + length;
  }
  return [];
}

function readProfiles(data: Uint8Array): number[] {
  const end = Math.min(data.length, 2 + readUint16(data, 0));
  const profiles: number[] = [];
  for (let offset = 2; offset + 2 <= end; offset += 2) profiles.push(readUint16(data, offset));
  return profiles;
}
