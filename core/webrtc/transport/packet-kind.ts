// Tells STUN, DTLS, RTP and RTCP apart on one socket.

/** What a datagram on the mux socket is, by RFC 7983 §7 and RFC 5761 §4. */
export type PacketKind = 'stun' | 'dtls' | 'rtp' | 'rtcp' | 'unknown';

/**
 * First byte 0..3 STUN, 20..63 DTLS, 128..191 RTP or RTCP; RTCP when the second byte is 192..223,
 * that is RTP payload types 64..95 with the marker bit, which nobody may use.
 */
export function packetKind(bytes: Uint8Array): PacketKind {
  const first = bytes[0];
  if (first === undefined) return 'unknown';
  if (first >= 128 && first <= 191) {
    if (bytes.length < 8) return 'unknown';
    const second = bytes[1] ?? 0;
    return second >= 192 && second <= 223 ? 'rtcp' : 'rtp';
  }
  if (first <= 3) return 'stun';
  return first >= 20 && first <= 63 ? 'dtls' : 'unknown';
}
