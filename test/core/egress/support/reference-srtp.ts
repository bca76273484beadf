// SRTP written a second time, straight from the RFCs with Node's ciphers, to check ours against.
import { createCipheriv, createHmac } from 'node:crypto';
import type { SrtpSessionKeys } from '../../../../core/egress/srtp-key-derivation.ts';

export interface RtpPacketFields {
  readonly sequenceNumber: number;
  readonly payload: Uint8Array;
  readonly ssrc?: number;
  readonly timestampTicks?: number;
  readonly csrcCount?: number;
  readonly extensionWords?: number;
}

/** A plain RTP packet. */
export function rtpPacket(fields: RtpPacketFields): Buffer {
  const csrcCount = fields.csrcCount ?? 0;
  const words = fields.extensionWords ?? 0;
  const extension = words === 0 ? Buffer.alloc(0) : Buffer.alloc(4 + words * 4, 0x11);
  if (words > 0) extension.writeUInt16BE(words, 2);
  const header = Buffer.alloc(12 + csrcCount * 4);
  header[0] = 0x80 | csrcCount | (words > 0 ? 0x10 : 0);
  header[1] = 96;
  header.writeUInt16BE(fields.sequenceNumber, 2);
  header.writeUInt32BE(fields.timestampTicks ?? 0, 4);
  header.writeUInt32BE(fields.ssrc ?? 0x11223344, 8);
  return Buffer.concat([header, extension, fields.payload]);
}

/** Protects `plain` with the 48-bit `index`, RFC 3711 section 3.3 or RFC 7714 section 8. */
export function referenceProtectRtp(
  keys: SrtpSessionKeys,
  plain: Buffer,
  index: number,
): Uint8Array {
  const hasExtension = ((plain[0] ?? 0) & 0x10) !== 0;
  const csrcEnd = 12 + ((plain[0] ?? 0) & 15) * 4;
  const headerBytes = hasExtension ? csrcEnd + 4 + plain.readUInt16BE(csrcEnd + 2) * 4 : csrcEnd;
  const header = plain.subarray(0, headerBytes);
  const payload = plain.subarray(headerBytes);
  const { cipherKey, authKey, salt } = keys.rtp;
  const iv = Buffer.alloc(keys.profile === 1 ? 16 : 12);
  iv.writeUInt32BE(plain.readUInt32BE(8), keys.profile === 1 ? 4 : 2);
  iv.writeUIntBE(index, keys.profile === 1 ? 8 : 6, 6);
  for (const [at, byte] of salt.entries()) iv[at] = (iv[at] ?? 0) ^ byte;
  if (keys.profile === 7) {
    const cipher = createCipheriv('aes-128-gcm', cipherKey, iv);
    cipher.setAAD(header);
    const secret = Buffer.concat([cipher.update(payload), cipher.final()]);
    return Buffer.concat([header, secret, cipher.getAuthTag()]);
  }
  const secret = createCipheriv('aes-128-ctr', cipherKey, iv).update(payload);
  const rollover = Buffer.alloc(4);
  rollover.writeUInt32BE(Math.floor(index / 65536));
  const hmac = createHmac('sha1', authKey).update(header).update(secret).update(rollover);
  return Buffer.concat([header, secret, hmac.digest().subarray(0, 10)]);
}
