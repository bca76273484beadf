// Connections and sessions of RTSP and RTSPS as metrics, with the names and labels of the peer.
import { memberFamilies, type MemberSeries } from '../base/member-families.ts';
import type { MetricGroup } from '../base/metric-family.ts';
import { sessionMetrics, type SessionSeries } from '../path/session-metrics.ts';
import type { Session } from '../path/session-registry.ts';
import type { RtspConnectionInfo } from './rtsp-server.ts';

/** Where the numbers come from. */
export interface RtspMetricsSource {
  readonly sessions: (type: string) => readonly Session[];
  readonly connections: () => readonly RtspConnectionInfo[];
}

const SESSION_SERIES: readonly SessionSeries[] = [
  { suffix: 'inbound_bytes', stat: 'inboundBytes', help: 'Bytes received.' },
  { suffix: 'inbound_rtp_packets', stat: 'inboundRTPPackets', help: 'RTP packets received.' },
  {
    ...{ suffix: 'inbound_rtp_packets_lost', stat: 'inboundRTPPacketsLost' },
    help: 'RTP packets of the publisher that never came.',
  },
  {
    ...{ suffix: 'inbound_rtp_packets_in_error', stat: 'inboundRTPPacketsInError' },
    help: 'RTP packets received that could not be used.',
  },
  {
    ...{ suffix: 'inbound_rtp_packets_jitter', stat: 'inboundRTPPacketsJitter', type: 'gauge' },
    help: 'Mean jitter of the RTP packets received.',
  },
  { suffix: 'inbound_rtcp_packets', stat: 'inboundRTCPPackets', help: 'RTCP packets received.' },
  {
    ...{ suffix: 'inbound_rtcp_packets_in_error', stat: 'inboundRTCPPacketsInError' },
    help: 'RTCP packets received that could not be used.',
  },
  { suffix: 'outbound_bytes', stat: 'outboundBytes', help: 'Bytes sent.' },
  { suffix: 'outbound_rtp_packets', stat: 'outboundRTPPackets', help: 'RTP packets sent.' },
  {
    ...{ suffix: 'outbound_rtp_packets_reported_lost', stat: 'outboundRTPPacketsReportedLost' },
    help: 'RTP packets that the reader reported as lost.',
  },
  {
    ...{ suffix: 'outbound_rtp_packets_discarded', stat: 'outboundRTPPacketsDiscarded' },
    help: 'RTP packets not sent because the reader was too slow.',
  },
  { suffix: 'outbound_rtcp_packets', stat: 'outboundRTCPPackets', help: 'RTCP packets sent.' },
  old('bytes_received', 'inboundBytes', 'inbound_bytes'),
  old('bytes_sent', 'outboundBytes', 'outbound_bytes'),
  old('rtp_packets_received', 'inboundRTPPackets', 'inbound_rtp_packets'),
  old('rtp_packets_sent', 'outboundRTPPackets', 'outbound_rtp_packets'),
  old('rtp_packets_lost', 'inboundRTPPacketsLost', 'inbound_rtp_packets_lost'),
  old('rtp_packets_in_error', 'inboundRTPPacketsInError', 'inbound_rtp_packets_in_error'),
  {
    ...old('rtp_packets_jitter', 'inboundRTPPacketsJitter', 'inbound_rtp_packets_jitter'),
    type: 'gauge',
  },
  old('rtcp_packets_received', 'inboundRTCPPackets', 'inbound_rtcp_packets'),
  old('rtcp_packets_sent', 'outboundRTCPPackets', 'outbound_rtcp_packets'),
  old('rtcp_packets_in_error', 'inboundRTCPPacketsInError', 'inbound_rtcp_packets_in_error'),
];

/** The groups `rtsp_conns`, `rtsp_sessions`, `rtsps_conns` and `rtsps_sessions`. */
export function rtspMetrics(source: RtspMetricsSource): readonly MetricGroup[] {
  return (['rtsp', 'rtsps'] as const).flatMap((word) => [
    connectionMetrics(source, word),
    sessionMetrics({
      ...{ prefix: `${word}_sessions`, filter: `${word}_session`, series: SESSION_SERIES },
      sessions: () => source.sessions(`${word}Session`),
    }),
  ]);
}

function connectionMetrics(source: RtspMetricsSource, word: 'rtsp' | 'rtsps'): MetricGroup {
  const prefix = `${word}_conns`;
  const series = connectionSeries(prefix);
  return {
    ...{ type: prefix, filter: `${word}_conn` },
    collect: (id) =>
      memberFamilies(
        series,
        source
          .connections()
          .filter(({ isEncrypted }) => isEncrypted === (word === 'rtsps'))
          .filter((connection) => id === undefined || connection.id === id),
        { isFiltered: id !== undefined, labels: (connection) => ({ id: connection.id }) },
      ),
  };
}

function connectionSeries(prefix: string): readonly MemberSeries<RtspConnectionInfo>[] {
  const bytes = (
    suffix: string,
    help: string,
    value: (connection: RtspConnectionInfo) => number,
  ): MemberSeries<RtspConnectionInfo> => ({
    ...{ name: `${prefix}_${suffix}`, type: 'counter', help, value },
  });
  const received = ({ inboundBytes }: RtspConnectionInfo): number => inboundBytes;
  const sent = ({ outboundBytes }: RtspConnectionInfo): number => outboundBytes;
  return [
    { name: prefix, type: 'gauge', help: 'Open connections.', value: () => 1 },
    bytes('inbound_bytes', 'Bytes received.', received),
    bytes('outbound_bytes', 'Bytes sent.', sent),
    bytes('bytes_received', `Deprecated: ${prefix}_inbound_bytes.`, received),
    bytes('bytes_sent', `Deprecated: ${prefix}_outbound_bytes.`, sent),
  ];
}

function old(suffix: string, stat: string, successor: string): SessionSeries {
  return { suffix, stat, help: `Deprecated: ${successor}.` };
}
