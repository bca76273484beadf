// The plain facts inside RTCP packets, filled in place by the parser and read by the writers.

/** RTCP packet types, RFC 3550 section 12.1 and RFC 4585 section 6.1. */
export const RtcpType = {
  senderReport: 200,
  receiverReport: 201,
  sourceDescription: 202,
  bye: 203,
  application: 204,
  transportFeedback: 205,
  payloadFeedback: 206,
} as const;

/** Feedback message types (FMT) of RTPFB and PSFB packets. */
export const RtcpFeedback = {
  /** RTPFB, RFC 4585 section 6.2.1. */
  nack: 1,
  /** RTPFB, draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1. */
  transportWide: 15,
  /** PSFB, RFC 4585 section 6.3.1. */
  pictureLoss: 1,
  /** PSFB, RFC 5104 section 4.3.1. */
  fullIntraRequest: 4,
  /** PSFB, RFC 4585 section 6.4; carries REMB. */
  applicationLayer: 15,
} as const;

/** Sender information of an SR packet, RFC 3550 section 6.4.1. */
export interface SenderInfo {
  senderSsrc: number;
  /** NTP seconds since 1900, 32 bits. */
  ntpSeconds: number;
  /** NTP fraction in 2^-32 s. */
  ntpFraction: number;
  /** RTP timestamp of the same instant. */
  rtpTicks: number;
  /** Modulo 2^32 on the wire. */
  packetCount: number;
  /** Payload octets, modulo 2^32 on the wire. */
  octetCount: number;
}

/** One report block of an SR or RR packet, RFC 3550 section 6.4.1. */
export interface ReportBlock {
  /** SSRC of the stream this block is about. */
  sourceSsrc: number;
  /** Share lost since the last report, in 1/256. */
  fractionLost: number;
  /** Packets lost since the start, -2^23..2^23-1; negative with duplicates. */
  cumulativeLost: number;
  /** Low 32 bits of the extended highest sequence number. */
  extendedHighestSequence: number;
  /** Interarrival jitter in clock ticks. */
  jitterTicks: number;
  /** NTP middle bits of the last SR; 0 when none came. */
  lastSenderReport: number;
  /** Delay since the last SR in 2^-16 s. */
  delaySinceLastSenderReport: number;
}

/** A sender information with every field zero. */
export function emptySenderInfo(): SenderInfo {
  return {
    senderSsrc: 0,
    ntpSeconds: 0,
    ntpFraction: 0,
    rtpTicks: 0,
    packetCount: 0,
    octetCount: 0,
  };
}

/** A report block with every field zero. */
export function emptyReportBlock(): ReportBlock {
  return {
    sourceSsrc: 0,
    fractionLost: 0,
    cumulativeLost: 0,
    extendedHighestSequence: 0,
    jitterTicks: 0,
    lastSenderReport: 0,
    delaySinceLastSenderReport: 0,
  };
}
