// Connections and sessions of RTSP as Control API v3 shows them.
import { redactQuery } from '../base/url-redaction.ts';
import { z } from 'zod';
import type { Session } from '../path/session-registry.ts';
import { count, id, isoTime, time } from './wire-values.ts';

/** A connection, as the RTSP server lists it. */
export interface RtspConnection {
  readonly id: string;
  /** Date ms. */
  readonly createdAt: number;
  readonly remoteAddress: string;
  /** Id of its session. */
  readonly session: string | undefined;
  readonly isEncrypted: boolean;
  readonly inboundBytes: number;
  readonly outboundBytes: number;
}

/** Shape of a connection. */
export const rtspConnectionSchema = z
  .object({
    id,
    created: time,
    remoteAddr: z.string(),
    session: id.nullable(),
    tunnel: z.enum(['none', 'http', 'websocket']),
    inboundBytes: count,
    outboundBytes: count,
    bytesReceived: count.meta({ deprecated: true }),
    bytesSent: count.meta({ deprecated: true }),
  })
  .meta({ id: 'RTSPConn' });

const old = count.meta({ deprecated: true });
const jitter = z.number().nonnegative();

/** Shape of a session. */
export const rtspSessionSchema = z
  .object({
    id,
    created: time,
    remoteAddr: z.string(),
    state: z.enum(['idle', 'read', 'publish']),
    path: z.string(),
    query: z.string(),
    user: z.string(),
    userAgent: z.string(),
    transport: z.string().nullable().describe('null before the first SETUP'),
    profile: z.string().nullable(),
    conns: z.array(id),
    inboundBytes: count,
    inboundRTPPackets: count,
    inboundRTPPacketsLost: count,
    inboundRTPPacketsInError: count,
    inboundRTPPacketsJitter: jitter,
    inboundRTCPPackets: count,
    inboundRTCPPacketsInError: count,
    outboundBytes: count,
    outboundRTPPackets: count,
    outboundRTPPacketsReportedLost: count,
    outboundRTPPacketsDiscarded: count,
    outboundRTCPPackets: count,
    bytesReceived: old,
    bytesSent: old,
    rtpPacketsReceived: old,
    rtpPacketsSent: old,
    rtpPacketsLost: old,
    rtpPacketsInError: old,
    rtpPacketsJitter: jitter.meta({ deprecated: true }),
    rtcpPacketsReceived: old,
    rtcpPacketsSent: old,
    rtcpPacketsInError: old,
  })
  .meta({ id: 'RTSPSession' });

/** Shows a connection. */
export function rtspConnectionItem(
  connection: RtspConnection,
): z.output<typeof rtspConnectionSchema> {
  const { inboundBytes, outboundBytes } = connection;
  return {
    id: connection.id,
    created: isoTime(connection.createdAt),
    remoteAddr: connection.remoteAddress,
    session: connection.session ?? null,
    tunnel: 'none',
    ...{ inboundBytes, outboundBytes, bytesReceived: inboundBytes, bytesSent: outboundBytes },
  };
}

/** Shows a session; `conns` are the ids of its connections. */
export function rtspSessionItem(
  session: Session,
  conns: readonly string[],
): z.output<typeof rtspSessionSchema> {
  const { path, user, userAgent, state } = session;
  const query = redactQuery(session.query);
  const transport = session.transport ?? null;
  return {
    id: session.id,
    created: isoTime(session.createdAt),
    remoteAddr: session.remoteAddress,
    ...{ state, path, query, user, userAgent, transport },
    profile: transport === null ? null : 'AVP',
    conns: [...conns],
    ...sessionCounters(session.stats()),
  };
}

function sessionCounters(stats: Readonly<Record<string, number>>): Counters {
  const of = (name: string): number => stats[name] ?? 0;
  const counters = {
    inboundBytes: of('inboundBytes'),
    inboundRTPPackets: of('inboundRTPPackets'),
    inboundRTPPacketsLost: of('inboundRTPPacketsLost'),
    inboundRTPPacketsInError: of('inboundRTPPacketsInError'),
    inboundRTPPacketsJitter: of('inboundRTPPacketsJitter'),
    inboundRTCPPackets: of('inboundRTCPPackets'),
    inboundRTCPPacketsInError: of('inboundRTCPPacketsInError'),
    outboundBytes: of('outboundBytes'),
    outboundRTPPackets: of('outboundRTPPackets'),
    outboundRTPPacketsReportedLost: of('outboundRTPPacketsReportedLost'),
    outboundRTPPacketsDiscarded: of('outboundRTPPacketsDiscarded'),
    outboundRTCPPackets: of('outboundRTCPPackets'),
  };
  return {
    ...counters,
    bytesReceived: counters.inboundBytes,
    bytesSent: counters.outboundBytes,
    rtpPacketsReceived: counters.inboundRTPPackets,
    rtpPacketsSent: counters.outboundRTPPackets,
    rtpPacketsLost: counters.inboundRTPPacketsLost,
    rtpPacketsInError: counters.inboundRTPPacketsInError,
    rtpPacketsJitter: counters.inboundRTPPacketsJitter,
    rtcpPacketsReceived: counters.inboundRTCPPackets,
    rtcpPacketsSent: counters.outboundRTCPPackets,
    rtcpPacketsInError: counters.inboundRTCPPacketsInError,
  };
}

type Counters = Omit<
  z.output<typeof rtspSessionSchema>,
  | 'id'
  | 'created'
  | 'remoteAddr'
  | 'state'
  | 'path'
  | 'query'
  | 'user'
  | 'userAgent'
  | 'transport'
  | 'profile'
  | 'conns'
>;
