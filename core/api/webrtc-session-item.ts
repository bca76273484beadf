// A WebRTC session as Control API v3 shows it.
import { redactQuery } from '../base/url-redaction.ts';
import { z } from 'zod';
import type { Session } from '../path/session-registry.ts';
import { count, id, isoTime, time } from './wire-values.ts';

const old = count.meta({ deprecated: true });
const jitter = z.number().nonnegative();

/** Shape of a session. */
export const webRtcSessionSchema = z
  .object({
    id,
    created: time,
    remoteAddr: z.string(),
    peerConnectionEstablished: z.boolean(),
    localCandidate: z.string().describe('type/protocol/address/port; empty while unknown'),
    remoteCandidate: z.string(),
    state: z.enum(['read', 'publish']),
    path: z.string(),
    query: z.string(),
    user: z.string(),
    userAgent: z.string(),
    inboundBytes: count,
    inboundRTPPackets: count,
    inboundRTPPacketsLost: count,
    inboundRTPPacketsJitter: jitter,
    inboundRTCPPackets: count,
    outboundBytes: count,
    outboundRTPPackets: count,
    outboundRTCPPackets: count,
    outboundFramesDiscarded: count,
    bytesReceived: old,
    bytesSent: old,
    rtpPacketsReceived: old,
    rtpPacketsSent: old,
    rtpPacketsLost: old,
    rtpPacketsJitter: jitter.meta({ deprecated: true }),
    rtcpPacketsReceived: old,
    rtcpPacketsSent: old,
  })
  .meta({ id: 'WebRTCSession' });

/** Shows a session. */
export function webRtcSessionItem(session: Session): z.output<typeof webRtcSessionSchema> {
  const { path, user, userAgent } = session;
  const query = redactQuery(session.query);
  const stats = session.stats();
  const of = (name: string): number => stats[name] ?? 0;
  return {
    id: session.id,
    created: isoTime(session.createdAt),
    remoteAddr: session.remoteAddress,
    peerConnectionEstablished: session.isConnected ?? false,
    localCandidate: session.localCandidate ?? '',
    remoteCandidate: session.remoteCandidate ?? '',
    state: session.state === 'publish' ? 'publish' : 'read',
    ...{ path, query, user, userAgent },
    inboundBytes: of('inboundBytes'),
    inboundRTPPackets: of('inboundRTPPackets'),
    inboundRTPPacketsLost: of('inboundRTPPacketsLost'),
    inboundRTPPacketsJitter: of('inboundRTPPacketsJitter'),
    inboundRTCPPackets: of('inboundRTCPPackets'),
    outboundBytes: of('outboundBytes'),
    outboundRTPPackets: of('outboundRTPPackets'),
    outboundRTCPPackets: of('outboundRTCPPackets'),
    outboundFramesDiscarded: of('outboundFramesDiscarded'),
    bytesReceived: of('inboundBytes'),
    bytesSent: of('outboundBytes'),
    rtpPacketsReceived: of('inboundRTPPackets'),
    rtpPacketsSent: of('outboundRTPPackets'),
    rtpPacketsLost: of('inboundRTPPacketsLost'),
    rtpPacketsJitter: of('inboundRTPPacketsJitter'),
    rtcpPacketsReceived: of('inboundRTCPPackets'),
    rtcpPacketsSent: of('outboundRTCPPackets'),
  };
}
