// Everything the WebRTC transport layer drops, refuses or notices, as plain numbers.

/** Monotonic counters since start; read them for metrics, never write from outside. */
export interface TransportCounters {
  datagramsReceived: number;
  bytesReceived: number;
  /** First byte outside STUN, DTLS and RTP. */
  unknownKind: number;
  /** DTLS, RTP or RTCP from an address that never showed a valid check. */
  unknownSender: number;
  /** Looked like STUN, but is malformed or carries a wrong FINGERPRINT. */
  stunMalformed: number;
  /** STUN that is no binding request: indications, responses, other methods. */
  stunIgnored: number;
  stunUnknownUfrag: number;
  stunUnauthenticated: number;
  stunRoleConflicts: number;
  /** Valid checks from an address that another live peer uses. */
  stunAddressTaken: number;
  /** Valid checks answered. */
  stunAnswered: number;
  /** Media dropped because the UDP or TCP send queue was full. */
  mediaDropped: number;
  /** STUN and DTLS dropped for the same reason. */
  controlDropped: number;
  tcpAccepted: number;
  tcpRefused: number;
  tcpTimedOut: number;
  /** Frames dropped by connections that are closed by now. */
  tcpFramesDropped: number;
  peersCreated: number;
  peersConnected: number;
  peersFailed: number;
  /** Connected peers that went silent. */
  peersVanished: number;
}

/** All zero. */
export function createTransportCounters(): TransportCounters {
  return {
    datagramsReceived: 0,
    bytesReceived: 0,
    unknownKind: 0,
    unknownSender: 0,
    stunMalformed: 0,
    stunIgnored: 0,
    stunUnknownUfrag: 0,
    stunUnauthenticated: 0,
    stunRoleConflicts: 0,
    stunAddressTaken: 0,
    stunAnswered: 0,
    mediaDropped: 0,
    controlDropped: 0,
    tcpAccepted: 0,
    tcpRefused: 0,
    tcpTimedOut: 0,
    tcpFramesDropped: 0,
    peersCreated: 0,
    peersConnected: 0,
    peersFailed: 0,
    peersVanished: 0,
  };
}
